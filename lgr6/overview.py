"""What the staff desk opens on: how a cohort stands, what comes next, what is late, what goes out by mail.

The number of queries is the same for three organisations and for thirty.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404
from django.utils import timezone

from correspondence.clock import oldest_late
from correspondence.holding import active_hold
from correspondence.models import Heartbeat, Hold, Letter
from correspondence.reminders import Fault, fruitless
from mentoring.models import FollowUp, MentoringSession
from participants.models import Cohort, Membership, Seat, User
from research.models import ResearchNote, ResearchPhase
from workshops.models import Attendance, Workshop

from .clock import Forecast, forecast
from .context import current_cohort
from .programme_line import Stretch, lay_out

# Days before a phase closes at which an organisation without a shared note counts as late.
CLOSING = 3
# The clock ticks every minute: three minutes of silence are a fault.
SILENT_AFTER = timedelta(minutes=3)
# From how many shared notes a cell of the table is dark.
MANY = 3
MOST_NEXT = 8


@dataclass(frozen=True)
class Cell:
    """One organisation and one phase: how many notes it shares, and whether drafts were begun. Never their text."""

    phase: ResearchPhase | None
    shared: int
    is_begun: bool
    has_opened: bool

    @property
    def look(self) -> str:
        if self.shared:
            return "many" if self.shared >= MANY else "some"
        if self.is_begun:
            return "begun"
        return "none" if self.has_opened else "unopened"


@dataclass(frozen=True)
class Row:
    membership: Membership
    cells: list[Cell]


@dataclass(frozen=True)
class Coming:
    """Something on the programme: when, what, and the page of the desk that holds it."""

    day: date
    what: str
    thing: Any
    at: datetime | None = None


@dataclass(frozen=True)
class Late:
    """Something overdue, in a sentence, with the names it is about and the page of the desk that holds it."""

    what: str
    names: list[str]
    page: str
    query: str = ""
    pk: int | None = None


@dataclass
class Overview:
    cohorts: list[Cohort]
    cohort: Cohort | None
    now: datetime
    today: date
    line: list[Stretch] = field(default_factory=list)
    phases: list[ResearchPhase] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    has_loose_notes: bool = False
    next: list[Coming] = field(default_factory=list)
    dateless: int = 0
    late: list[Late] = field(default_factory=list)
    letters: list[Forecast] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    letters_waiting: int = 0
    letters_for_a_person: int = 0
    ticked_at: datetime | None = None
    oldest_due: datetime | None = None
    held: Hold | None = None

    @property
    def is_silent(self) -> bool:
        return self.ticked_at is None or self.now - self.ticked_at > SILENT_AFTER

    @property
    def headline(self) -> tuple[str, str]:
        """What matters most, and the words of it to mark."""
        if self.cohort is None:
            return "No cohort yet", "No cohort"
        if self.cohort.status == Cohort.Status.DRAFT:
            return f"{self.cohort} is being prepared", "being prepared"
        programme = [item for item in self.next if not isinstance(item.thing, MentoringSession)]
        if programme:
            first = programme[0]
            when = in_words((first.day - self.today).days)
            return f"{first.what} {when}", when
        if self.cohort.status == Cohort.Status.ENDED:
            return f"{self.cohort} has ended", "has ended"
        return f"{self.cohort} has no dates yet", "no dates yet"


def in_words(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")


def overview_for(slug: str, now: datetime) -> Overview:
    """How the cohort with this slug stands; without one, the current or latest. 404 for an unknown slug."""
    cohorts = list(Cohort.objects.latest_first())
    today = timezone.localdate(now)
    if slug:
        cohort = next((cohort for cohort in cohorts if cohort.slug == slug), None)
        if cohort is None:
            raise Http404
    else:
        cohort = current_cohort() or (cohorts[0] if cohorts else None)
    overview = Overview(cohorts=cohorts, cohort=cohort, now=now, today=today)
    overview.ticked_at = Heartbeat.objects.filter(name="clock").values_list("at", flat=True).first()
    overview.oldest_due = oldest_late(now)
    overview.held = active_hold()
    overview.letters_for_a_person = Letter.objects.needing_a_person().count()
    if cohort is None:
        return overview
    workshops, overview.phases = list(cohort.workshops.all()), list(cohort.phases.all())
    overview.line = lay_out(workshops, overview.phases, now)
    look_at_notes(overview, cohort)
    sessions = list(
        MentoringSession.objects.live().filter(membership__cohort=cohort).select_related("membership", "mentor__user")
    )
    look_ahead(overview, workshops, sessions)
    look_for_late(overview, cohort, workshops, sessions)
    if cohort.status == Cohort.Status.RUNNING:
        overview.letters = forecast(cohort, now, overview.faults)
    overview.letters_waiting = Letter.objects.unfinished().filter(about=cohort.slug, due_at__lte=now).count()
    return overview


def look_at_notes(overview: Overview, cohort: Cohort) -> None:
    """Fills the table of organisations by phase: two queries."""
    private = Q(audience=ResearchNote.Audience.ME)
    counts = (
        ResearchNote.objects.present()
        .filter(membership__cohort=cohort)
        .order_by()
        .values_list("membership", "phase")
        .annotate(shared=Count("pk", filter=~private), drafts=Count("pk", filter=private))
    )
    found = {(membership, phase): (shared, drafts) for membership, phase, shared, drafts in counts}
    overview.has_loose_notes = any(phase is None for _, phase in found)
    columns: list[ResearchPhase | None] = [*overview.phases, *([None] if overview.has_loose_notes else [])]
    for membership in cohort.memberships.participating():
        cells = []
        for phase in columns:
            shared, drafts = found.get((membership.pk, phase.pk if phase else None), (0, 0))
            opened = phase is not None and phase.opens_on is not None and phase.opens_on <= overview.today
            cells.append(Cell(phase=phase, shared=shared, is_begun=drafts > 0, has_opened=opened))
        overview.rows.append(Row(membership=membership, cells=cells))


def look_ahead(overview: Overview, workshops: list[Workshop], sessions: list[MentoringSession]) -> None:
    """What is next, from what was looked up already."""
    coming: list[Coming] = []
    for workshop in workshops:
        if workshop.is_cancelled:
            continue
        if workshop.starts_at is None:
            overview.dateless += 1
        elif workshop.starts_at > overview.now:
            day = timezone.localdate(workshop.starts_at)
            coming.append(Coming(day, f"Workshop {workshop.number} is", workshop, workshop.starts_at))
    for phase in overview.phases:
        if phase.opens_on is None or phase.closes_on is None:
            overview.dateless += 1
        if phase.opens_on and phase.opens_on > overview.today:
            coming.append(Coming(phase.opens_on, f"Phase {phase.number} opens", phase))
        if phase.closes_on and phase.closes_on >= overview.today:
            coming.append(Coming(phase.closes_on, f"Phase {phase.number} closes", phase))
    for session in sessions:
        if session.starts_at > overview.now and session.state == MentoringSession.State.BOOKED:
            what = f"{session.membership} talks with {session.mentor.user}"
            coming.append(Coming(timezone.localdate(session.starts_at), what, session, session.starts_at))
    coming.sort(key=lambda item: (item.day, item.at or overview.now, item.what))
    overview.next = coming[:MOST_NEXT]


def look_for_late(
    overview: Overview, cohort: Cohort, workshops: list[Workshop], sessions: list[MentoringSession]
) -> None:
    """What is late: silent organisations, records, follow-ups, people no letter moves, replies. Three queries,
    and one for each event that letters did not help with."""
    today, now = overview.today, overview.now
    for position, phase in enumerate(overview.phases):
        closes, opens = phase.closes_on, phase.opens_on
        if closes is None or closes > today + timedelta(days=CLOSING) or (opens and opens > today):
            continue
        silent = [row.membership.name for row in overview.rows if not row.cells[position].shared]
        if silent:
            verb = "closed without" if closes < today else f"closes {in_words((closes - today).days)}, without"
            what = f"Phase {phase.number} {verb} a shared note from {len(silent)} of {len(overview.rows)}"
            overview.late.append(Late(what, silent, "research_researchphase_change", pk=phase.pk))
    unrecorded = [session for session in sessions if session.ends_at < now and session.recorded_at is None]
    if unrecorded:
        names = [f"{session.membership} with {session.mentor.user}" for session in unrecorded]
        what = f"{len(unrecorded)} mentoring {'session has' if len(unrecorded) == 1 else 'sessions have'} no record"
        query = f"membership__cohort__id__exact={cohort.pk}&recorded_at__isempty=1"
        overview.late.append(Late(what, names, "mentoring_mentoringsession_changelist", query))
    overdue = list(
        FollowUp.objects.open().filter(membership__cohort=cohort, due_on__lt=today).select_related("membership")
    )
    if overdue:
        names = [f"{item.membership}: {item.text}" for item in overdue]
        what = f"{len(overdue)} {'follow-up is' if len(overdue) == 1 else 'follow-ups are'} overdue"
        query = f"membership__cohort__id__exact={cohort.pk}&done=late"
        overview.late.append(Late(what, names, "mentoring_followup_changelist", query))
    unmoved = fruitless(cohort.slug, now)
    if unmoved:
        names = [f"{item.person}: {item.label} ({item.event})" for item in unmoved]
        what = f"{len(unmoved)} to speak to: two letters were without effect, and no third goes"
        overview.late.append(
            Late(what, names, "correspondence_letter_changelist", f"about={cohort.slug}&state__exact=sent")
        )
    upcoming = [w for w in workshops if w.starts_at and w.starts_at > now and not w.is_cancelled]
    if upcoming:
        workshop = min(upcoming, key=lambda item: item.starts_at or now)
        silent_people = without_reply(workshop, cohort)
        if silent_people:
            number = sum(len(people) for people in silent_people.values())
            names = [f"{place}: {', '.join(people)}" for place, people in silent_people.items()]
            what = f"{number} {'reply is' if number == 1 else 'replies are'} missing for workshop {workshop.number}"
            overview.late.append(Late(what, names, "workshops_workshop_change", pk=workshop.pk))


def without_reply(workshop: Workshop, cohort: Cohort) -> dict[str, list[str]]:
    """People with a seat who have not answered, by organisation; somebody seated twice counts once. One query."""
    answered = Attendance.objects.filter(workshop=workshop, user=OuterRef("user")).exclude(reply="")
    seats = (
        Seat.objects.live()
        .filter(~Exists(answered), membership__cohort=cohort, user__is_active=True)
        .select_related("user", "membership")
        .order_by("membership__name", "user__name")
    )
    people: dict[str, list[str]] = defaultdict(list)
    met: set[User] = set()
    for seat in seats:
        if seat.user not in met:
            met.add(seat.user)
            people[seat.membership.name].append(str(seat.user))
    return dict(people)
