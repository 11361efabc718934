"""A world with everyone in it who must and must not see something, and a canary in every text of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

from django.utils import timezone

from correspondence.models import Letter, Subscriber
from findings import consent
from findings.models import Resource, ReviewLink
from participants.invitations import invite
from participants.models import Cohort, User
from research.locking import add_addendum
from research.models import Kind, ResearchNote
from tests import factories as make
from workshops.models import Attendance

ROLES = ["anonymous", "participant", "colleague", "neighbour", "former", "mentor", "other_mentor", "staff"]
MISSING = UUID("00000000-0000-4000-8000-000000000000")

ME, ORGANISATION, COHORT = (
    ResearchNote.Audience.ME,
    ResearchNote.Audience.ORGANISATION,
    ResearchNote.Audience.COHORT,
)


@dataclass
class World:
    """The people by role, and the things by name."""

    people: dict[str, User | None]
    cohort: Cohort
    other_cohort: Cohort
    things: SimpleNamespace


def canary(text: str) -> str:
    """A word that occurs nowhere else."""
    return f"CANARY{text.upper()}"


def build() -> World:
    """Times are real: pages look at the clock of the wall."""
    now = timezone.now()
    today = timezone.localdate(now)
    cohort = make.a_cohort(
        "world", number=6, starts_on=today - timedelta(days=100), ends_on=today + timedelta(days=100)
    )
    phase = make.a_phase(
        cohort, 1, opens_on=today - timedelta(days=20), closes_on=today + timedelta(days=12), brief="The brief."
    )
    past = make.a_phase(cohort, 2, opens_on=today - timedelta(days=60), closes_on=today - timedelta(days=30))
    workshop = make.a_workshop(cohort, 1, starts_at=now + timedelta(days=9), ends_at=now + timedelta(days=9, hours=6))
    museum = make.a_membership(cohort, "Museum A")
    gallery = make.a_membership(cohort, "Gallery B")
    people: dict[str, User | None] = {
        "anonymous": None,
        "participant": make.a_participant(museum, "Pat", email="participant@sample.example"),
        "colleague": make.a_participant(museum, "Col", email="colleague@sample.example"),
        "neighbour": make.a_participant(gallery, "Nel", email="neighbour@sample.example"),
        "former": make.a_participant(museum, "Fay", email="former@sample.example"),
        "staff": make.staff("Stella", email="staff@sample.example"),
    }
    former = museum.seats.get(user=people["former"])
    former.end(now)
    mentor = make.a_mentor(museum, name="Mo", email="mentor@sample.example")
    other_mentor = make.a_mentor(gallery, name="Ola", email="othermentor@sample.example")
    people |= {"mentor": mentor.user, "other_mentor": other_mentor.user}

    things = SimpleNamespace(phase=phase, workshop=workshop, museum=museum, gallery=gallery, files={})
    for letter, membership, writer, reader in [
        ("A", museum, people["participant"], mentor),
        ("B", gallery, people["neighbour"], other_mentor),
    ]:

        def note(
            name: str, audience: str, membership=membership, writer=writer, letter=letter, phase=phase
        ) -> ResearchNote:
            made = make.a_note(
                membership,
                writer,
                title=f"Note {canary(f'{letter}-{name}')}",
                body=f"Text of {canary(f'{letter}-{name}')}.",
                audience=audience,
                phase=phase,
                kind=Kind.ACTION,
                may_be_quoted=True,
                created_at=now - timedelta(days=2),
                updated_at=now - timedelta(days=2),
            )
            made.discussion.add(writer, f"Comment {canary(f'{letter}-{name}')}", now)
            word = canary(f"{letter}-{name}")
            things.files[made.pk] = make.an_attachment(made, f"File {word}.txt", f"File of {word}.".encode())
            make.an_attachment(
                made, f"Picture {word}.webp", alt=f"Shows {word}", content_type="image/webp", width=4, height=3
            )
            return made

        slot = make.a_slot(
            reader,
            starts_at=now + timedelta(days=4),
            ends_at=now + timedelta(days=4, minutes=45),
            join_url=f"https://video.example/{canary(letter + '-join')}",
        )
        free = make.a_slot(
            reader, starts_at=now + timedelta(days=6), ends_at=now + timedelta(days=6, minutes=45), join_url=""
        )
        session = make.a_session(
            slot,
            membership,
            writer,
            wish=f"Wish {canary(letter + '-wish')}",
            record=f"Record {canary(letter + '-record')}",
        )
        topic = make.a_topic(cohort, writer, membership, title=f"Topic {canary(letter + '-topic')}")
        topic.discussion.add(writer, f"Said {canary(letter + '-topic')}", now)
        finding = make.a_finding(
            cohort,
            membership,
            slug=f"draft-{letter.lower()}",
            title=f"Finding {canary(letter + '-finding')}",
            summary=f"Summary {canary(letter + '-finding')}",
        )
        picture = make.a_picture(finding, alt=f"Picture {canary(letter + '-finding')}", added_by=people["staff"])
        consent.ask(finding, now)
        experiment = make.an_experiment(membership, f"Question {canary(letter + '-question')}")
        Attendance.objects.create(
            workshop=workshop,
            user=writer,
            reply=Attendance.Reply.YES,
            replied_at=now,
            dietary_needs=canary(letter + "-needs"),
            access_needs=canary(letter + "-needs"),
        )
        setattr(
            things,
            letter.lower(),
            SimpleNamespace(
                membership=membership,
                draft=note("draft", ME),
                inner=note("inner", ORGANISATION),
                shared=note("shared", COHORT),
                deleted=note("deleted", ORGANISATION),
                locked=note("locked", ORGANISATION, phase=past),
                slot=slot,
                free=free,
                session=session,
                remark=make.a_remark(session, f"Remark {canary(letter + '-remark')}"),
                follow_up=make.a_follow_up(session, f"Follow up {canary(letter + '-followup')}"),
                topic=topic,
                finding=finding,
                picture=picture,
                experiment=experiment,
            ),
        )
        own = getattr(things, letter.lower())
        own.deleted.delete_softly(now, writer)
        own.kept = make.a_kept_copy(own.inner, f"Kept {canary(letter + '-kept')}")
        add_addendum(own.locked, writer, f"Addendum {canary(f'{letter}-locked')}", uuid4(), now)

    staff = people["staff"]
    assert staff is not None
    for letter, own, peer in [("A", things.a, people["neighbour"]), ("B", things.b, people["participant"])]:
        make.a_us_too(own.shared, peer, f"Us too {canary(f'{letter}-ustoo')}")
        theme = make.a_theme(cohort, f"Theme {canary(f'{letter}-theme')}")
        own.passage = make.a_passage(own.inner, staff, "", theme, memo=f"Memo {canary(f'{letter}-memo')}")
    things.archive = make.an_archive(people["participant"], now=now)

    things.open_topic = make.a_topic(cohort, people["neighbour"], title="For everyone in the cohort")
    things.own_comment = things.open_topic.discussion.add(people["participant"], "Said in the open.", now)
    public_theme = make.a_theme(cohort, "Public theme")
    things.published = make.a_finding(
        cohort,
        museum,
        slug="published",
        title="What was learned in public",
        title_cy="Teitl sampl",
        summary_cy="Crynodeb sampl.",
    )
    things.published.themes.set([public_theme])
    things.picture = make.a_picture(things.published, added_by=people["staff"])
    make.agreed(things.published)
    things.published.publish(make.NOW, None)
    things.review_key = make.a_review_key(things.published, museum, now)
    things.closed_review_key = make.a_review_key(things.published, museum, now)
    ReviewLink.objects.get(mark=ReviewLink.mark_of(things.closed_review_key)).revoke(now)
    things.withdrawn = make.a_published_finding(
        cohort, museum, slug="withdrawn", title=f"Finding {canary('withdrawn')}", summary=canary("withdrawn")
    )
    things.withdrawn.withdraw(now, "A sample reason.")
    things.report = make.a_published_report(cohort, things.published, slug="report-published")
    make.a_report(
        cohort,
        things.published,
        slug="report-draft",
        title=f"Report {canary('draft-report')}",
        foreword=canary("draft-report"),
    )
    things.resource = Resource.objects.create(title="A public text", is_public=True)
    things.hidden_resource = Resource.objects.create(title=f"Resource {canary('hidden-resource')}", is_public=False)
    things.subscriber = Subscriber.objects.create(address=f"{canary('reader').lower()}@sample.example", asked_at=now)
    things.invitation, _ = invite(
        email="new@sample.example",
        name="New",
        cohort=cohort,
        membership=museum,
        affiliation="",
        invited_by=staff,
        now=now,
    )
    things.letter = Letter.objects.filter(kind="invitation").first()
    # Written to nobody who reads along: who has the key sees the address.
    things.leavable = Letter.objects.create(
        key="workshop_tomorrow|sample",
        kind="workshop_tomorrow",
        address="leaves@sample.example",
        subject="A sample letter",
        body="",
        due_at=now,
        state=Letter.State.SENT,
        leave_token="a-sample-key",
    )
    other_cohort = make.a_cohort("elsewhere", number=7, title="Another cohort")
    stranger = make.a_membership(other_cohort, "Elsewhere Museum")
    things.stranger = make.a_participant(stranger, "Stran Ger", email="stranger@sample.example")
    things.elsewhere = make.a_note(stranger, things.stranger, title=canary("elsewhere"), body=canary("elsewhere"))
    return World(people=people, cohort=cohort, other_cohort=other_cohort, things=things)
