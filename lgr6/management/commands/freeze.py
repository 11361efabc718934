from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lgr6.freezing import NotFrozen, freeze, write
from participants.models import Cohort


class Command(BaseCommand):
    help = "Writes the public pages of a cohort that has ended into an empty folder, for any web server to hand out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cohort", help="The cohort's slug.")
        parser.add_argument("folder", type=Path, help="A folder that is empty or not there yet.")
        parser.add_argument("--on", type=date.fromisoformat, help="The day the pages name, as 2018-10-31; else today.")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort, folder = Cohort.objects.filter(slug=options["cohort"]).first(), options["folder"]
        if cohort is None:
            known = ", ".join(Cohort.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no cohort {options['cohort']}. There are: {known}.")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CommandError(f"{folder} is not an empty folder: nothing is written over.")
        try:
            frozen = freeze(cohort, options["on"] or timezone.localdate())
        except NotFrozen as refusal:
            raise CommandError(str(refusal)) from refusal
        write(frozen, folder)
        self.stdout.write(f"{cohort}: {len(frozen.files)} files in {folder}")
        for path, status in sorted(frozen.missing.items()):
            self.stderr.write(f"Left out, the portal answered {status}: {path}")
