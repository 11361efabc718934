"""For the hour after a restore that the portal cannot see by itself, as of a snapshot of the whole machine."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from correspondence.holding import RESTORED, doubt, hold
from correspondence.reminders import plan


class Command(BaseCommand):
    help = "Holds all mail until staff release it in admin; letters due by now are in doubt. Run before serving."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        # What the clock would write at its first tick is written now, so that staff see it at once.
        plan(now)
        held = doubt(hold(now, RESTORED, is_restore=True))
        words = "1 letter is" if held == 1 else f"{held} letters are"
        self.stdout.write(f"Mail is held; {words} in doubt: see Letters in admin")
