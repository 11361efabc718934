from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from correspondence.clock import tick


class Command(BaseCommand):
    help = "One tick of the clock: plan what is due, hand out what is planned."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", help="As if it were this moment (ISO 8601; without a zone, Europe/London).")

    def handle(self, *args: Any, **options: Any) -> None:
        done = tick(moment(options["at"]) if options["at"] else timezone.now())
        self.stdout.write(f"{done.planned} planned, {done.sent} sent")


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is not a time such as 2018-03-25T09:00.") from error
    return found if timezone.is_aware(found) else timezone.make_aware(found)
