from typing import Any

from django.core.management.base import BaseCommand

from lgr6.facts import load_facts
from participants.staff import ensure_staff_group


class Command(BaseCommand):
    help = "Load the facts of LGR6. Running it again changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        cohort, is_new = load_facts()
        ensure_staff_group()
        named = cohort.memberships.named().count()
        self.stdout.write(f"{cohort}: {'loaded' if is_new else 'already there, left as it is'}, {named} organisations")
