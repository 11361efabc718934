"""Whole situations in a line each, with defaults a reader understands. Nothing here is random."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.utils.text import slugify
from PIL import Image

from correspondence.models import new_token
from discussions.models import Comment, Discussion, SearchEntry, Topic
from findings.models import (
    Agreement,
    Excerpt,
    Finding,
    FindingPicture,
    Passage,
    Permission,
    Report,
    ReportChapter,
    ReviewLink,
    Theme,
)
from mentoring.models import FollowUp, MentoringSession, Remark, Slot
from participants.models import Cohort, Membership, Mentor, Mentorship, Organisation, Seat, User
from research import filing, packing
from research.models import BOXES, Archive, Attachment, Experiment, NoteVersion, ResearchNote, ResearchPhase, UsToo
from research.trying import begin_experiment
from workshops.models import Workshop

LONDON = ZoneInfo("Europe/London")
# A Monday in the middle of the programme; British Summer Time.
NOW = datetime(2018, 5, 14, 12, 0, tzinfo=LONDON)
PASSWORD = "a long test password"

_count = itertools.count(1)


def a_user(name: str = "Sam Sample", *, email: str = "", is_staff: bool = False, **extra: Any) -> User:
    number = next(_count)
    email = email or f"person{number}@sample.example"
    user = User.objects.create_user(email=email, password=None, name=name, is_staff=is_staff, **extra)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def staff(name: str = "Stella Staff", **extra: Any) -> User:
    return a_user(name, is_staff=True, is_superuser=True, **extra)


def a_cohort(slug: str = "", **extra: Any) -> Cohort:
    number = next(_count)
    return Cohort.objects.create(
        slug=slug or f"cohort-{number}",
        **{
            "number": 6,
            "title": "Understanding the social purpose of digital technology",
            "status": Cohort.Status.RUNNING,
            "starts_on": date(2018, 1, 1),
            "ends_on": date(2018, 10, 31),
            **extra,
        },
    )


def a_membership(cohort: Cohort | None = None, name: str = "", **extra: Any) -> Membership:
    number = next(_count)
    name = name or f"Sample Museum {number}"
    organisation = Organisation.objects.create(name=name, slug=f"sample-museum-{number}")
    return Membership.objects.create(cohort=cohort or a_cohort(), organisation=organisation, name=name, **extra)


def a_seat(membership: Membership | None = None, user: User | None = None, **extra: Any) -> Seat:
    return Seat.objects.create(
        membership=membership or a_membership(),
        user=user or a_user(),
        **{"started_at": NOW - timedelta(days=90), **extra},
    )


def a_participant(membership: Membership | None = None, name: str = "Pat Participant", **extra: Any) -> User:
    return a_seat(membership, a_user(name, **extra)).user


def a_mentor(*memberships: Membership, cohort: Cohort | None = None, name: str = "Mo Mentor", **extra: Any) -> Mentor:
    """A mentor of the memberships given; without any, one who mentors nobody yet in the cohort."""
    cohort = cohort or (memberships[0].cohort if memberships else a_cohort())
    mentor = Mentor.objects.create(
        user=a_user(name, **extra), cohort=cohort, affiliation="Sample Partner", started_at=NOW - timedelta(days=90)
    )
    for membership in memberships:
        Mentorship.objects.create(mentor=mentor, membership=membership, started_at=mentor.started_at)
    return mentor


def a_workshop(cohort: Cohort, number: int = 1, **extra: Any) -> Workshop:
    return Workshop.objects.create(
        cohort=cohort,
        number=number,
        **{
            "starts_at": NOW + timedelta(days=8),
            "ends_at": NOW + timedelta(days=8, hours=6),
            "venue": "Battersea Arts Centre",
            **extra,
        },
    )


def a_phase(cohort: Cohort, number: int = 1, **extra: Any) -> ResearchPhase:
    return ResearchPhase.objects.create(
        cohort=cohort,
        number=number,
        **{
            "name": "",
            "opens_on": NOW.date() - timedelta(days=20),
            "closes_on": NOW.date() + timedelta(days=12),
            **extra,
        },
    )


def a_note(membership: Membership, author: User | None = None, **extra: Any) -> ResearchNote:
    """A note at version 1, with its text kept as that version; shared with the cohort unless said otherwise."""
    author = author or a_participant(membership)
    fields = {
        "title": "Visitors film in the stores",
        "body": "Three groups asked if they could film.",
        "kind": "action",
        "audience": ResearchNote.Audience.COHORT,
        "version": 1,
        "created_at": NOW - timedelta(days=2),
        "updated_at": NOW - timedelta(days=2),
        **extra,
    }
    if fields["audience"] != ResearchNote.Audience.ME:
        fields.setdefault("shared_at", fields["created_at"])
    if fields.get("deleted_at"):
        fields.setdefault("deleted_by", author)
    note = ResearchNote.objects.create(
        membership=membership, author=author, discussion=Discussion.objects.create(), **fields
    )
    SearchEntry.objects.index_thread(note.discussion, note.title, note.body)
    NoteVersion.objects.create(
        note=note,
        number=note.version,
        save_id=uuid.uuid4(),
        base_version=note.version - 1,
        title=note.title,
        body=note.body,
        audience=note.audience,
        author=author,
        created_at=note.created_at,
    )
    return note


def a_kept_copy(note: ResearchNote, body: str = "Written at the same time.", **extra: Any) -> NoteVersion:
    """A text that met a newer version of the note on its way, and was put aside."""
    return NoteVersion.objects.create(
        note=note,
        number=None,
        **{
            "save_id": uuid.uuid4(),
            "base_version": 0,
            "title": note.title,
            "body": body,
            "audience": note.audience,
            "author": note.author,
            "created_at": note.updated_at,
            **extra,
        },
    )


def an_experiment(membership: Membership, question: str = "Who films, and why?", **extra: Any) -> Experiment:
    """A card at version 1, kept as that version."""
    seat = Seat.objects.filter(membership=membership).first()
    boxes = {
        **dict.fromkeys(BOXES, ""),
        "title": "Filming in the stores",
        "question": question,
        "hunch": "People film what they feel is theirs.",
        "outcome": Experiment.Outcome.RUNNING,
        **extra,
    }
    return begin_experiment(membership, boxes, seat.user if seat else a_user(), NOW - timedelta(days=10))


def a_slot(mentor: Mentor, **extra: Any) -> Slot:
    return Slot.objects.create(
        mentor=mentor,
        **{
            "starts_at": NOW + timedelta(days=3),
            "ends_at": NOW + timedelta(days=3, minutes=45),
            "join_url": "https://video.example/room",
            **extra,
        },
    )


def a_session(slot: Slot, membership: Membership, booked_by: User | None = None, **extra: Any) -> MentoringSession:
    return MentoringSession.objects.create(
        slot=slot,
        mentor=slot.mentor,
        membership=membership,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        **{"booked_by": booked_by or a_participant(membership), "booked_at": NOW - timedelta(days=1), **extra},
    )


def a_remark(session: MentoringSession, body: str = "They are further than they think.") -> Remark:
    return Remark.objects.create(session=session, author=session.mentor.user, body=body, created_at=NOW)


def a_follow_up(session: MentoringSession, text: str = "Ask the volunteers", **extra: Any) -> FollowUp:
    return FollowUp.objects.create(
        session=session, membership=session.membership, text=text, **{"created_at": NOW, **extra}
    )


def a_topic(cohort: Cohort, started_by: User, membership: Membership | None = None, **extra: Any) -> Topic:
    return Topic.objects.create(
        cohort=cohort,
        membership=membership,
        started_by=started_by,
        discussion=Discussion.objects.create(),
        **{"title": "Has anyone run a consent form by text message?", "created_at": NOW, **extra},
    )


def an_attachment(note: ResearchNote, name: str = "Consent form.txt", content: bytes = b"", **extra: Any) -> Attachment:
    """A file on a note, and on the disk; a document unless its type says otherwise."""
    content = content or b"Please sign here."
    return Attachment.objects.create(
        note=note,
        name=name,
        stored_as=filing.keep(content),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        **{
            "upload_id": uuid.uuid4(),
            "content_type": "text/plain",
            "added_by": note.author,
            "added_at": NOW - timedelta(days=1),
            **extra,
        },
    )


def an_archive(asked_by: User, membership: Membership | None = None, now: datetime = NOW) -> Archive:
    """The person's own notes, or the organisation's, packed and on the disk."""
    archive = packing.ask(asked_by, membership, now)
    packing.pack_waiting(now)
    archive.refresh_from_db()
    return archive


def a_comment(discussion: Discussion, author: User, body: str = "We did, last spring.") -> Comment:
    return discussion.add(author, body, NOW)


def a_finding(cohort: Cohort, membership: Membership | None = None, **extra: Any) -> Finding:
    number = next(_count)
    return Finding.objects.create(
        cohort=cohort,
        membership=membership,
        **{
            "slug": f"sample-finding-{number}",
            "title": "People film what they feel is theirs",
            "summary": "A sample of what was learned.",
            "learned": "Sample text.",
            **extra,
        },
    )


def an_excerpt(finding: Finding, note: ResearchNote, quote: str = "") -> Excerpt:
    version = note.versions.get(number=note.version)
    return Excerpt.objects.create(finding=finding, version=version, quote=quote or version.body)


def a_picture(
    finding: Finding, alt: str = "A red square.", added_by: User | None = None, **extra: Any
) -> FindingPicture:
    """A red picture in a finding, its file on the disk."""
    content = BytesIO()
    Image.new("RGB", (60, 40), (200, 50, 29)).save(content, "WEBP")
    return FindingPicture.objects.create(
        finding=finding,
        alt=alt,
        **{
            "credit": "Sample Museum",
            "stored_as": filing.keep(content.getvalue()),
            "sha256": hashlib.sha256(content.getvalue()).hexdigest(),
            "size": len(content.getvalue()),
            "width": 60,
            "height": 40,
            "added_by": added_by or staff(),
            "added_at": NOW,
            **extra,
        },
    )


def a_passage(note: ResearchNote, marked_by: User, words: str = "", *themes: Theme, **extra: Any) -> Passage:
    """Words of the note as it stands, marked; the whole of it unless said otherwise."""
    version = note.versions.get(number=note.version)
    words = words or version.body
    start = version.body.index(words)
    passage = Passage.objects.create(
        version=version, start=start, end=start + len(words), marked_by=marked_by, **{"marked_at": NOW, **extra}
    )
    passage.themes.set(themes)
    return passage


def a_us_too(note: ResearchNote, author: User, line: str = "We saw the same in our stores.") -> UsToo:
    """Said for the organisation the author sits in."""
    membership = author.seats.get().membership
    return UsToo.objects.create(note=note, membership=membership, author=author, line=line, said_at=NOW)


def agreed(finding: Finding, by: User | None = None) -> None:
    """Every organisation concerned, and who wrote what is quoted, say yes to the words as they stand."""
    finding.ask(NOW)
    for excerpt in finding.excerpts.present():
        permitted(excerpt, by)
    for agreement in finding.agreements.all():
        Agreement.objects.filter(pk=agreement.pk).update(
            answer=Agreement.Answer.YES,
            digest=finding.digest(),
            answered_by=by or a_participant(agreement.membership),
            answered_at=NOW,
        )


def permitted(excerpt: Excerpt, by: User | None = None) -> None:
    """Both voices say yes to an excerpt."""
    for voice in excerpt.voices:
        speaker = by or excerpt.writer or a_participant(excerpt.membership)
        Permission.objects.create(
            excerpt=excerpt, voice=voice, answer=Permission.Answer.YES, words=excerpt.words, by=speaker, at=NOW
        )


def a_review_key(finding: Finding, membership: Membership, now: datetime) -> str:
    """The key of a link by which somebody without an account answers for an organisation."""
    key = new_token()
    ReviewLink.objects.create(
        finding=finding,
        membership=membership,
        name="Dee Rector",
        email="dee@sample.example",
        mark=ReviewLink.mark_of(key),
        made_at=now,
        expires_at=now + ReviewLink.LASTS,
    )
    return key


def a_theme(cohort: Cohort, name: str = "Audience voice") -> Theme:
    return Theme.objects.create(cohort=cohort, name=name, slug=slugify(name))


def a_published_finding(
    cohort: Cohort, membership: Membership | None = None, themes: Iterable[Theme] = (), **extra: Any
) -> Finding:
    finding = a_finding(cohort, membership, **extra)
    finding.themes.set(themes)
    agreed(finding)
    finding.publish(NOW, None)
    return finding


def a_report(cohort: Cohort, *findings: Finding, **extra: Any) -> Report:
    """A report of these findings in this order, not published."""
    report = Report.objects.create(
        cohort=cohort,
        **{
            "slug": f"sample-report-{next(_count)}",
            "title": "What eighteen organisations learned",
            "subtitle": "A sample of a report",
            "foreword": "Sample words to begin with.",
            **extra,
        },
    )
    for position, finding in enumerate(findings, 1):
        ReportChapter.objects.create(report=report, finding=finding, position=position)
    return report


def a_published_report(cohort: Cohort, *findings: Finding, **extra: Any) -> Report:
    report = a_report(cohort, *(findings or [a_published_finding(cohort)]), **extra)
    report.publish(NOW, None)
    return report
