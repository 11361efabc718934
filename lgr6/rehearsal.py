"""The rehearsal: LGR6 with sample people and dates, so that every page can be walked through.

Everything in it says that it is a sample. The organisations of the facts are left alone: samples belong to
organisations that are samples themselves, and those do not show on the public list.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from correspondence.clock import tick
from correspondence.wallclock import at_wall_clock
from discussions.models import Discussion, SearchEntry, Topic
from findings import consent, picturing
from findings.gathering import mark
from findings.models import Agreement, Excerpt, Finding, Permission, Report, ReportChapter, Theme
from findings.picture import picture_of
from mentoring.models import FollowUp, MentoringSession, Remark, Slot
from participants.invitations import invite
from participants.models import Cohort, Membership, Mentor, Mentorship, Organisation, Seat, User
from research.models import BOXES, Experiment, Kind, NoteVersion, ResearchNote, ResearchPhase, UsToo
from research.trying import begin_experiment, save_experiment
from workshops.models import Attendance, record_reply

from .facts import load_facts

PASSWORD = "rehearse-lgr6-only"  # noqa: S105  printed at every start; works in a rehearsal only
DOMAIN = "rehearsal.example"

# Days from today: workshops, and the first and last day of phases. Today falls in phase 2.
WORKSHOPS = {1: -62, 2: -20, 3: 14, 4: 56}
PHASES = {1: (-60, -21), 2: (-18, 12), 3: (16, 54), 4: (58, 110)}
PHASE_NAMES = {1: "Explore", 2: "Frame a question", 3: "Run an experiment", 4: "Reflect and share"}

Audience = ResearchNote.Audience


def accounts() -> list[tuple[str, str]]:
    return [
        (f"staff@{DOMAIN}", "Culture24 staff, opens /admin/"),
        (f"participant@{DOMAIN}", "takes part for Sample Museum"),
        (f"colleague@{DOMAIN}", "takes part for Sample Museum, too"),
        (f"neighbour@{DOMAIN}", "takes part for Sample Gallery"),
        (f"mentor@{DOMAIN}", "mentors Sample Museum"),
    ]


@dataclass
class Cast:
    """Who plays in the rehearsal."""

    cohort: Cohort
    museum: Membership
    gallery: Membership
    archive: Membership
    staff: User
    participant: User
    colleague: User
    neighbour: User
    archivist: User
    mentor: Mentor
    other_mentor: Mentor


@transaction.atomic
def play(now: datetime) -> None:
    """Fills the cohort once; later, moves its dates again if today has left phase 2."""
    cohort, _ = load_facts()
    today = timezone.localdate(now)
    second = cohort.phases.filter(number=2).first()
    if second is None or not second.is_open(today):
        set_dates(cohort, today)
    if not User.objects.filter(email=f"participant@{DOMAIN}").exists():
        cast = gather(cohort, now)
        hold_workshops(cast, now)
        notes = write_notes(cast, now)
        talk(cast, notes, now)
        mentor_them(cast, now)
        publish_findings(cast, notes, now)
        mark_passages(cast, notes, now)
        invite(
            email=f"newcomer@{DOMAIN}",
            name="Nia Newcomer",
            cohort=cohort,
            membership=cast.archive,
            affiliation="",
            invited_by=cast.staff,
            now=now,
        )
    transaction.on_commit(lambda: tick(now))


def weekday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def set_dates(cohort: Cohort, today: date) -> None:
    cohort.is_rehearsal = True
    cohort.save(update_fields=["is_rehearsal"])
    for workshop in cohort.workshops.filter(number__in=WORKSHOPS):
        day = weekday(today + timedelta(days=WORKSHOPS[workshop.number]))
        workshop.starts_at, workshop.ends_at = at_wall_clock(day, time(10)), at_wall_clock(day, time(16))
        workshop.save(update_fields=["starts_at", "ends_at"])
    for phase in cohort.phases.filter(number__in=PHASES):
        first, last = PHASES[phase.number]
        phase.opens_on, phase.closes_on = today + timedelta(days=first), today + timedelta(days=last)
        phase.save(update_fields=["opens_on", "closes_on"])


def person(part: str, name: str, *, is_staff: bool = False) -> User:
    email = f"{part}@{DOMAIN}"
    user = User.objects.create_user(email=email, password=PASSWORD, name=name, is_staff=is_staff, is_superuser=is_staff)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def sample_organisation(cohort: Cohort, name: str) -> Membership:
    organisation = Organisation.objects.create(name=name, slug=name.lower().replace(" ", "-"), is_sample=True)
    return Membership.objects.create(cohort=cohort, organisation=organisation, name=name)


def gather(cohort: Cohort, now: datetime) -> Cast:
    since = now - timedelta(days=70)
    museum, gallery, archive = (
        sample_organisation(cohort, name) for name in ("Sample Museum", "Sample Gallery", "Sample Archive")
    )
    cast = Cast(
        cohort=cohort,
        museum=museum,
        gallery=gallery,
        archive=archive,
        staff=person("staff", "Sample Staff", is_staff=True),
        participant=person("participant", "Pat Sample"),
        colleague=person("colleague", "Col Sample"),
        neighbour=person("neighbour", "Nel Sample"),
        archivist=person("archivist", "Ari Sample"),
        mentor=Mentor.objects.create(
            user=person("mentor", "Mo Sample"), cohort=cohort, affiliation="Sample Partner", started_at=since
        ),
        other_mentor=Mentor.objects.create(
            user=person("othermentor", "Ola Sample"), cohort=cohort, affiliation="Sample Partner", started_at=since
        ),
    )
    for user, membership in [
        (cast.participant, museum),
        (cast.colleague, museum),
        (cast.neighbour, gallery),
        (cast.archivist, archive),
    ]:
        Seat.objects.create(user=user, membership=membership, started_at=since)
    Mentorship.objects.create(mentor=cast.mentor, membership=museum, started_at=since)
    Mentorship.objects.create(mentor=cast.other_mentor, membership=gallery, started_at=since)
    return cast


def hold_workshops(cast: Cast, now: datetime) -> None:
    prompts = ["What surprised you?", "Whose voice is missing?", "What would change your mind?"]
    for phase in cast.cohort.phases.filter(name="", number__in=PHASE_NAMES):
        phase.name = f"{PHASE_NAMES[phase.number]} (sample)"
        phase.brief = (
            "**This brief is a sample.** Look at one thing your organisation already does with digital channels. "
            "Who is it for, and what does it change for them?\n\n"
            "- Try one small thing.\n- Write down what you saw, in two sentences.\n- Share it when you are ready."
        )
        phase.save(update_fields=["name", "brief"])
        for text in prompts:
            phase.prompts.create(text=text)
    for workshop in cast.cohort.workshops.all():
        workshop.introduction = "**This page is filled with samples.** The real agenda is not yet entered."
        workshop.getting_there = "A sample of how to get there: which station, which door, where to lock a bicycle."
        workshop.save(update_fields=["introduction", "getting_there"])
        for hour, title in [
            (10, "Welcome (sample)"),
            (11, "Voices from outside the sector (sample)"),
            (14, "Small groups: our hunches (sample)"),
        ]:
            workshop.agenda.create(starts=time(hour), title=title)
        if workshop.is_over(now):
            for user in (cast.participant, cast.neighbour):
                Attendance.objects.create(
                    workshop=workshop,
                    user=user,
                    reply=Attendance.Reply.YES,
                    replied_at=now - timedelta(days=70),
                    presence=Attendance.Presence.ATTENDED,
                )
    coming = cast.cohort.workshops.filter(starts_at__gt=now).first()
    if coming:
        coming.materials.create(
            title="Sample reading list", url="https://rehearsal.example/reading-list", note="A sample, leads nowhere."
        )
        record_reply(coming, cast.colleague, Attendance.Reply.YES, "", "Vegetarian", now)


def note(
    membership: Membership,
    author: User,
    phase: ResearchPhase | None,
    kind: Kind,
    title: str,
    body: str,
    when: datetime,
    audience: Audience = Audience.COHORT,
    may_be_quoted: bool = False,
) -> ResearchNote:
    discussion = Discussion.objects.create()
    made = ResearchNote.objects.create(
        membership=membership,
        author=author,
        phase=phase,
        kind=kind,
        title=title,
        body=body,
        audience=audience,
        may_be_quoted=may_be_quoted,
        happened_on=timezone.localdate(when),
        version=1,
        discussion=discussion,
        created_at=when,
        updated_at=when,
        shared_at=None if audience == Audience.ME else when,
    )
    NoteVersion.objects.create(
        note=made,
        number=1,
        save_id=uuid4(),
        base_version=0,
        title=title,
        body=body,
        audience=audience,
        author=author,
        created_at=when,
    )
    SearchEntry.objects.index_thread(discussion, title, body)
    return made


def write_notes(cast: Cast, now: datetime) -> dict[str, ResearchNote]:
    one = cast.cohort.phases.filter(number=1).first()
    two = cast.cohort.phases.filter(number=2).first()

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    notes = {
        "useful": note(
            cast.museum,
            cast.participant,
            one,
            Kind.HUNCH,
            "Sample: people share what makes them look useful",
            "A sample hunch. The posts that travel are not the beautiful ones. They are those that **help somebody "
            "do something**: find a grave, date a photograph, name a bird.",
            ago(34),
            may_be_quoted=True,
        ),
        "comments": note(
            cast.museum,
            cast.colleague,
            two,
            Kind.EVIDENCE,
            "Sample: forty comments from the pilot group",
            "Sample text. Forty comments in a week:\n\n- 22 ask a question\n- 11 add a memory\n- 7 thank us\n\n"
            "Nobody asked who we are.",
            ago(8),
            may_be_quoted=True,
        ),
        "train": note(
            cast.museum,
            cast.participant,
            two,
            Kind.ACTION,
            "Sample note, written on the train",
            "Sample text. We let volunteers answer on the museum's own account for an afternoon. Two of them stayed "
            "until closing time.",
            ago(2),
            Audience.ORGANISATION,
        ),
        "draft": note(
            cast.museum,
            cast.participant,
            two,
            Kind.REFLECTION,
            "Sample draft: visitors filming in the stores",
            "Sample text. Three groups this week asked if they could film while we opened the drawers.",
            ago(1),
            Audience.ME,
        ),
        "stopped": note(
            cast.gallery,
            cast.neighbour,
            one,
            Kind.REFLECTION,
            "Sample: why we stopped the daily question",
            "Sample text. After three weeks the same five people answered. We had asked about ourselves, not about "
            "them.",
            ago(27),
            may_be_quoted=True,
        ),
        "inside": note(
            cast.gallery,
            cast.neighbour,
            two,
            Kind.QUESTION,
            "Sample: a question we keep in the gallery",
            "Sample text, for Sample Gallery, its mentor and Culture24 only.",
            ago(5),
            Audience.ORGANISATION,
        ),
    }
    card = {
        **dict.fromkeys(BOXES, ""),
        "title": "Sample: volunteers answer for a day",
        "question": "Who speaks when the museum speaks online?",
        "hunch": "People trust people.",
        "small_experiment": "One afternoon a week, volunteers answer on the museum's own account.",
        "outcome": Experiment.Outcome.RUNNING,
    }
    experiment = begin_experiment(cast.museum, card, cast.participant, ago(30))
    later = {
        "question": "What changes when volunteers answer in the museum's name?",
        "hunch": "People ask more when a person with a name answers.",
        "what_we_saw": "More questions, and longer answers.",
    }
    save_experiment(experiment, 1, {**card, **later}, cast.participant, ago(12))
    for key in ("comments", "train"):
        notes[key].experiment = experiment
        notes[key].save(update_fields=["experiment"])
    other = {
        **dict.fromkeys(BOXES, ""),
        "title": "Sample: a question a day",
        "question": "Does a daily question start conversations?",
        "hunch": "Small questions are easy to answer.",
        "outcome": Experiment.Outcome.STOPPED,
    }
    begin_experiment(cast.gallery, other, cast.neighbour, ago(40))
    return notes


def talk(cast: Cast, notes: dict[str, ResearchNote], now: datetime) -> None:
    discussion = notes["useful"].discussion
    if discussion:
        discussion.add(cast.neighbour, "Sample comment: the same here, with opening times.", now - timedelta(days=30))
    for title, author, membership, pinned, said in [
        (
            "Sample: has anyone run a consent form by text message?",
            cast.neighbour,
            None,
            False,
            [(cast.neighbour, "We would like to try it."), (cast.participant, "We did. Keep it under 300 characters.")],
        ),
        ("Sample: reading list for workshop 3", cast.staff, None, True, [(cast.staff, "Two short pieces. Samples.")]),
        (
            "Sample: who brings the tablet?",
            cast.colleague,
            cast.museum,
            False,
            [(cast.colleague, "For Sample Museum only: I can.")],
        ),
    ]:
        topic = Topic.objects.create(
            cohort=cast.cohort,
            membership=membership,
            title=title,
            discussion=Discussion.objects.create(),
            started_by=author,
            created_at=now - timedelta(days=3),
            is_pinned=pinned,
        )
        for hours, (who, words) in enumerate(said):
            topic.discussion.add(who, words, now - timedelta(days=3) + timedelta(hours=hours))


def offer(mentor: Mentor, day: date, hour: int) -> Slot:
    return Slot.objects.create(
        mentor=mentor,
        starts_at=at_wall_clock(day, time(hour)),
        ends_at=at_wall_clock(day, time(hour, 45)),
        join_url="https://rehearsal.example/sample-room",
    )


def mentor_them(cast: Cast, now: datetime) -> None:
    today = timezone.localdate(now)
    past = offer(cast.mentor, today - timedelta(days=10), 11)
    session = MentoringSession.objects.create(
        slot=past,
        mentor=cast.mentor,
        membership=cast.museum,
        starts_at=past.starts_at,
        ends_at=past.ends_at,
        state=MentoringSession.State.HELD,
        booked_by=cast.participant,
        booked_at=now - timedelta(days=15),
        record="Sample record. We narrowed the question to **one afternoon a week**.",
        recorded_at=now - timedelta(days=9),
    )
    FollowUp.objects.create(
        session=session,
        membership=cast.museum,
        text="Sample: ask two volunteers whether they would answer",
        owner=cast.participant,
        due_on=today + timedelta(days=4),
        created_at=now - timedelta(days=9),
    )
    Remark.objects.create(
        session=session,
        author=cast.mentor.user,
        body="Sample remark, for mentors only: they are further than they think.",
        created_at=now - timedelta(days=9),
    )
    coming = offer(cast.mentor, weekday(today + timedelta(days=2)), 11)
    MentoringSession.objects.create(
        slot=coming,
        mentor=cast.mentor,
        membership=cast.museum,
        starts_at=coming.starts_at,
        ends_at=coming.ends_at,
        wish="Sample: how do we know whether anything changed?",
        booked_by=cast.participant,
        booked_at=now - timedelta(days=1),
    )
    for days in (5, 8, 11):
        offer(cast.mentor, weekday(today + timedelta(days=days)), 15)
    offer(cast.other_mentor, weekday(today + timedelta(days=6)), 10)


def excerpt(finding: Finding, note: ResearchNote, quote: str) -> None:
    Excerpt.objects.create(finding=finding, version=note.versions.get(number=1), quote=quote)


def agree(finding: Finding, people: dict[Membership, User], now: datetime) -> None:
    consent.ask(finding, now)
    for agreement in Agreement.objects.filter(finding=finding):
        consent.answer(
            agreement, people[agreement.membership], Agreement.Answer.YES, "Sample agreement.", now, finding.digest()
        )
    for excerpt in finding.excerpts.present():
        for voice in excerpt.voices:
            speaker = excerpt.writer if voice == Permission.Voice.WRITER else people[excerpt.membership]
            assert speaker is not None  # noqa: S101  (`voices` says so)
            consent.answer_excerpt(excerpt, voice, speaker, Permission.Answer.YES, now)


def publish_findings(cast: Cast, notes: dict[str, ResearchNote], now: datetime) -> None:
    speak_for = {cast.museum: cast.participant, cast.gallery: cast.neighbour}
    themes = {
        name: Theme.objects.create(cohort=cast.cohort, name=f"{name} (sample)", slug=slug)
        for name, slug in [("Audience voice", "audience-voice"), ("Volunteers", "volunteers")]
    }
    one = cast.cohort.phases.filter(number=1).first()
    useful = Finding.objects.create(
        cohort=cast.cohort,
        membership=cast.museum,
        slug="sample-useful-travels",
        title="A sample finding: what is useful travels further than what is beautiful",
        highlight="useful travels further",
        summary="One or two sentences that a busy reader can take away. This is sample text.",
        thought="Sample paragraph. We thought our best pictures would be passed on.",
        did="Sample paragraph about the experiment as it was run.",
        happened="Sample paragraph.\n\n- First observation\n- Second observation",
        learned="Sample paragraph. People share what makes them useful to others.",
        next_steps="Sample paragraph.",
        phase=one,
        outcome=Finding.Outcome.CHANGED,
        work_from=timezone.localdate(now) - timedelta(days=50),
        work_to=timezone.localdate(now) - timedelta(days=25),
        is_sample=True,
    )
    useful.themes.add(themes["Audience voice"])
    useful.contributors.add(cast.gallery)
    excerpt(useful, notes["useful"], "The posts that travel are not the beautiful ones.")
    drawn = picture_of({**useful.text(), "title": "A picture that was made up", "highlight": "made up"})
    picturing.add(
        useful,
        SimpleUploadedFile("sample.png", drawn),
        {
            "alt": "A card with the words “Sample: A picture that was made up”.",
            "caption": "A sample of a picture with its words.",
            "credit": "Sample Museum",
            "after": "did",
            "position": 0,
        },
        cast.staff,
        now - timedelta(days=5),
    )
    stopped = Finding.objects.create(
        cohort=cast.cohort,
        membership=cast.gallery,
        slug="sample-daily-question-stopped",
        title="A second sample: the daily question we stopped, and why",
        highlight="we stopped",
        summary="Sample text: the thing that was tried, and why it ended.",
        did="Sample paragraph.",
        learned="Sample paragraph. We had asked about ourselves.",
        phase=one,
        outcome=Finding.Outcome.DID_NOT_WORK,
        is_sample=True,
    )
    excerpt(stopped, notes["stopped"], "After three weeks the same five people answered.")
    shared = Finding.objects.create(
        cohort=cast.cohort,
        slug="sample-people-with-names",
        title="A third sample, agreed across the cohort: people answer people",
        highlight="people answer people",
        summary="Sample text, resting on notes of two sample organisations.",
        learned="Sample paragraph.",
        is_sample=True,
    )
    shared.themes.add(themes["Audience voice"], themes["Volunteers"])
    excerpt(shared, notes["useful"], "The posts that travel are not the beautiful ones.")
    excerpt(shared, notes["stopped"], "We had asked about ourselves, not about them.")
    for days, finding in [(9, shared), (6, stopped), (3, useful)]:
        agree(finding, speak_for, now - timedelta(days=days + 1))
        finding.publish(now - timedelta(days=days), cast.staff)
    report = Report.objects.create(
        cohort=cast.cohort,
        slug="sample-report",
        title="A sample report: what we tried, and what it taught us",
        subtitle="Three sample findings, bound together",
        foreword="Sample words to begin with, by whoever signs them.",
    )
    for place, finding in enumerate([shared, useful, stopped], 1):
        ReportChapter.objects.create(report=report, finding=finding, position=place)
    report.publish(now - timedelta(days=2), cast.staff)
    waiting = Finding.objects.create(
        cohort=cast.cohort,
        membership=cast.museum,
        slug="sample-waiting-for-a-yes",
        title="A sample that waits for your yes: volunteers stay until closing time",
        summary="Sample text. Nobody outside can read this until Sample Museum agrees.",
        learned="Sample paragraph.",
        is_sample=True,
    )
    excerpt(waiting, notes["comments"], "Nobody asked who we are.")
    consent.ask(waiting, now)


def mark_passages(cast: Cast, notes: dict[str, ResearchNote], now: datetime) -> None:
    themes = {theme.slug: theme for theme in Theme.objects.filter(cohort=cast.cohort)}
    for name, words, marked, memo, by in [
        ("useful", "The posts that travel are not the beautiful ones.", ["audience-voice"], "", cast.staff),
        ("stopped", "We had asked about ourselves, not about them.", ["audience-voice"], "", cast.staff),
        ("stopped", "After three weeks the same five people answered.", ["volunteers"], "", cast.staff),
        ("comments", "Nobody asked who we are.", [], "A sample memo: ask them when.", cast.mentor.user),
    ]:
        version = notes[name].versions.get(number=1)
        start = version.body.index(words)
        mark(version, start, start + len(words), [themes[slug] for slug in marked], memo, by, now - timedelta(days=2))
    UsToo.objects.create(
        note=notes["useful"],
        membership=cast.gallery,
        author=cast.neighbour,
        line="A sample: our opening hours are passed on more than any picture.",
        said_at=now - timedelta(days=3),
    )
