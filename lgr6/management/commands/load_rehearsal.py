from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lgr6.rehearsal import PASSWORD, accounts, play


class Command(BaseCommand):
    help = "Fill LGR6 with samples, moved so that today falls in phase 2. Only in a rehearsal."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REHEARSAL:
            raise CommandError("This is not a rehearsal: set REHEARSAL=true to fill the portal with samples.")
        play(timezone.now())
        for email, role in accounts():
            self.stdout.write(f"{email:32} {role}")
        self.stdout.write(f"{'password':32} {PASSWORD}")
