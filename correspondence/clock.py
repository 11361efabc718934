"""One tick of the clock: let what staff held follow its event, plan what is due, give nudges turns, hand it out."""

from dataclasses import dataclass
from datetime import datetime

from .following import follow, unwanted
from .handing_over import hand_out
from .models import Heartbeat, Letter
from .reminders import plan
from .turns import give_turns


@dataclass(frozen=True)
class Ticked:
    planned: int
    sent: int


def tick(now: datetime) -> Ticked:
    """Any number of processes may tick at once, and as often as they like: every letter goes once."""
    Heartbeat.objects.update_or_create(name="clock", defaults={"at": now})
    follow(now)
    planned = plan(now)
    give_turns(now, unwanted)
    return Ticked(planned=planned, sent=hand_out(now, unwanted))


def oldest_late(now: datetime) -> datetime | None:
    """When the longest waiting letter was due; None when nothing waits. The one figure that tells of silence."""
    waiting = Letter.objects.unfinished().filter(due_at__lte=now).order_by("due_at")
    return waiting.values_list("due_at", flat=True).first()
