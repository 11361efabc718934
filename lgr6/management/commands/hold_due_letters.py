"""For the hour after a restore: a backup does not know which letters went out after it was made."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from correspondence.models import Letter
from correspondence.reminders import plan


class Command(BaseCommand):
    help = "Puts every letter due by now in doubt, so that none goes until staff say so in admin. Run before serving."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        # What the clock would write at its first tick is written now, so that it is held as well.
        plan(now)
        held = (
            Letter.objects.unfinished()
            .filter(due_at__lte=now)
            .update(
                state=Letter.State.IN_DOUBT,
                held_until=None,
                answer="The database was restored: this letter may have gone out before.",
            )
        )
        self.stdout.write(f"{held} {'letter' if held == 1 else 'letters'} held: see Letters in admin, in doubt")
