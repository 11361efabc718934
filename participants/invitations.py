"""How people come in: an invitation to one address, renewed, cancelled or accepted, one by one or from a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import IO

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from correspondence.ledger import compose, write_letter
from correspondence.models import Letter, new_token
from correspondence.wallclock import DAY, in_london

from .models import Cohort, Invitation, Membership, Mentor, Seat, User

KIND = "invitation"
CSV_BYTES = 1024 * 1024
CSV_ROWS = 1000
# Characters, as the columns of the table have them.
LIMITS = {"name": 120, "affiliation": 200}
COLUMNS = ["email", "name", "organisation", "role", "affiliation"]


class Refused(Exception):
    """What was asked cannot be done; the text says why, in words for the person who asked."""


def invite(
    email: str,
    name: str,
    cohort: Cohort,
    membership: Membership | None,
    affiliation: str,
    invited_by: User,
    now: datetime,
) -> tuple[Invitation, bool]:
    """Offers a seat in the membership, or without one a mentor's role, and writes the letter that says so.

    Asking again for the same address and place changes nothing: the open invitation comes back with False. One that
    has expired is renewed. Raises Refused for a bad address, a person who is there already, an organisation that has
    left, or a cohort that sends nothing.
    """
    email = cleaned_address(email)
    name, affiliation = cleaned_words(name, "name"), cleaned_words(affiliation, "affiliation")
    if reason := reason_against(cohort, membership):
        raise Refused(reason)
    if is_in(email, cohort, membership):
        raise Refused(f"{email} is there already: nothing to invite to.")
    try:
        with transaction.atomic():
            invitation = standing(email, cohort, membership)
            if invitation is None:
                invitation = Invitation.objects.create(
                    email=email,
                    name=name,
                    cohort=cohort,
                    membership=membership,
                    affiliation=affiliation,
                    invited_by=invited_by,
                    expires_at=now + Invitation.LASTS,
                )
                write_invitation(invitation, now)
                return invitation, True
    except IntegrityError:
        # Somebody invited the same person at the same moment: theirs stands.
        return Invitation.objects.get(accepted_at=None, cancelled_at=None, **place(email, cohort, membership)), False
    if invitation.state_at(now) == Invitation.State.EXPIRED:
        renew(invitation, now)
        return invitation, True
    return invitation, False


def renew(invitation: Invitation, now: datetime) -> None:
    """A new key, a new end and a new letter; the old link stops working. Refused once accepted or cancelled."""
    with transaction.atomic():
        invitation.refresh_from_db(from_queryset=Invitation.objects.select_for_update())
        if invitation.accepted_at or invitation.cancelled_at:
            raise Refused(f"This invitation was {invitation.state_at(now).label} already. Invite again instead.")
        if reason := reason_against(invitation.cohort, invitation.membership):
            raise Refused(reason)
        cancel_letters(invitation)
        invitation.token = new_token()
        invitation.renewals += 1
        invitation.expires_at = now + Invitation.LASTS
        invitation.save(update_fields=["token", "renewals", "expires_at"])
        write_invitation(invitation, now)


def cancel(invitation: Invitation, now: datetime) -> None:
    """Takes the offer back: its link stops working, and a letter that has not gone yet does not go."""
    with transaction.atomic():
        invitation.refresh_from_db(from_queryset=Invitation.objects.select_for_update())
        if invitation.accepted_at:
            raise Refused("This invitation was accepted already. End the seat instead.")
        cancel_letters(invitation)
        if not invitation.cancelled_at:
            invitation.cancelled_at = now
            invitation.save(update_fields=["cancelled_at"])


def accept(invitation: Invitation, name: str, now: datetime) -> User:
    """Makes the account (or finds it by address) and gives the seat or the mentor's role. Once only, else Refused.

    The letter's key proves the address, so it counts as verified. The name is used for a new account only.
    """
    with transaction.atomic():
        invitation.refresh_from_db(from_queryset=Invitation.objects.select_for_update())
        if (state := invitation.state_at(now)) != Invitation.State.OPEN:
            raise Refused(f"This invitation is {state.label}.")
        if invitation.membership and invitation.membership.status == Membership.Status.WITHDRAWN:
            raise Refused(f"{invitation.membership} has left the programme.")
        user = person_at(invitation.email) or new_person(invitation.email, name or invitation.name)
        if not user.is_active:
            raise Refused("The account with this address is closed.")
        EmailAddress.objects.update_or_create(
            user=user,
            email__iexact=invitation.email,
            defaults={"verified": True},
            create_defaults={
                "email": invitation.email.lower(),
                "verified": True,
                "primary": not EmailAddress.objects.filter(user=user, primary=True).exists(),
            },
        )
        take_place(user, invitation, now)
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
    return user


def new_person(email: str, name: str) -> User:
    """An account without a password. Two invitations accepted at the same moment make one."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email=email, name=name)
    except IntegrityError:
        return User.objects.get(email__iexact=email)


def take_place(user: User, invitation: Invitation, now: datetime) -> None:
    """The seat or the role that was offered; a mentor who comes back gets the old role again."""
    if invitation.membership:
        Seat.objects.get_or_create(
            user=user, membership=invitation.membership, ended_at=None, defaults={"started_at": now}
        )
        return
    fresh = {"affiliation": invitation.affiliation, "started_at": now}
    mentor, made = Mentor.objects.get_or_create(user=user, cohort=invitation.cohort, defaults=fresh)
    if not made and mentor.ended_at:
        mentor.ended_at, mentor.started_at = None, now
        mentor.affiliation = invitation.affiliation or mentor.affiliation
        mentor.save(update_fields=["ended_at", "started_at", "affiliation"])


def person_at(email: str) -> User | None:
    """Whose address this is, by account or verified address."""
    known = Q(email__iexact=email) | Q(emailaddress__email__iexact=email, emailaddress__verified=True)
    return User.objects.filter(known).distinct().first()


def is_in(email: str, cohort: Cohort, membership: Membership | None) -> bool:
    """Whether the person at this address holds the place already."""
    user = person_at(email)
    if user is None:
        return False
    if membership:
        return Seat.objects.filter(user=user, membership=membership, ended_at=None).exists()
    return Mentor.objects.live().filter(user=user, cohort=cohort).exists()


def reason_against(cohort: Cohort, membership: Membership | None) -> str:
    """Why nobody can be invited to this place now; empty when they can."""
    if cohort.status != Cohort.Status.RUNNING:
        return f"{cohort} is {cohort.get_status_display()}. Set it to running before inviting people."
    if membership and membership.cohort_id != cohort.pk:
        return f"{membership} is not an organisation of {cohort}."
    if membership and membership.status == Membership.Status.WITHDRAWN:
        return f"{membership} has left the programme."
    return ""


def place(email: str, cohort: Cohort, membership: Membership | None) -> dict[str, object]:
    return {"email__iexact": email, "cohort": cohort, "membership": membership}


def standing(email: str, cohort: Cohort, membership: Membership | None) -> Invitation | None:
    """The invitation to this place that is neither accepted nor cancelled; it may have expired."""
    return Invitation.objects.filter(accepted_at=None, cancelled_at=None, **place(email, cohort, membership)).first()


def cleaned_address(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refused(f"“{email[:80]}” is not an e-mail address.") from error
    if len(email) > 254:
        raise Refused("This e-mail address is too long.")
    return email


def cleaned_words(words: str, what: str) -> str:
    words = " ".join(words.split())
    if "\x00" in words:
        raise Refused(f"The {what} has a character that cannot be used.")
    if len(words) > LIMITS[what]:
        raise Refused(f"The {what} is longer than {LIMITS[what]} characters.")
    return words


def occurrence_of(invitation: Invitation) -> str:
    return f"invitation {invitation.pk}"


def write_invitation(invitation: Invitation, now: datetime) -> None:
    link = settings.PORTAL_URL + invitation.get_absolute_url()
    subject, body = compose("participants/email/invitation", {"invitation": invitation, "link": link})
    write_letter(
        kind=KIND,
        occurrence=occurrence_of(invitation),
        version=str(invitation.renewals),
        address=invitation.email,
        subject=subject,
        body=body,
        now=now,
        about=invitation.cohort.slug,
        not_after=invitation.expires_at,
        is_secret=True,
    )


def cancel_letters(invitation: Invitation) -> None:
    unsent = Letter.objects.filter(
        kind=KIND, occurrence=occurrence_of(invitation), state__in=[Letter.State.PLANNED, Letter.State.RETRY]
    )
    unsent.update(state=Letter.State.CANCELLED)


class Outcome(StrEnum):
    """What becomes of a row of the file."""

    INVITE = "will be invited"
    INVITED = "invited already"
    SEATED = "is there already"
    BAD = "cannot be used"


@dataclass
class Row:
    """One line of the file, as it was read, and what becomes of it."""

    line: int
    email: str
    name: str
    organisation: str
    role: str
    affiliation: str
    outcome: Outcome = Outcome.INVITE
    reason: str = ""
    membership: Membership | None = None


def import_csv(file: IO[bytes], cohort: Cohort, invited_by: User, now: datetime, commit: bool) -> list[Row]:
    """Reads invitations from a CSV file: row by row what will happen, or with `commit` what did.

    Columns email, name, organisation, role (participant or mentor) and affiliation, in any order; UTF-8 with or
    without BOM; commas or semicolons; 1 MB and 1000 rows at most. Bad rows are left out, and the same file again
    invites nobody twice. Raises Refused when the file as a whole cannot be read.
    """
    rows = list(read_rows(file))
    judge(rows, cohort, now)
    if not commit:
        return rows
    for row in rows:
        if row.outcome != Outcome.INVITE:
            continue
        try:
            _, made = invite(row.email, row.name, cohort, row.membership, row.affiliation, invited_by, now)
        except Refused as refusal:
            row.outcome, row.reason = Outcome.BAD, str(refusal)
        else:
            row.outcome = Outcome.INVITE if made else Outcome.INVITED
    return rows


def read_rows(file: IO[bytes]) -> Iterator[Row]:
    """The rows of the file as text, numbered as a spreadsheet numbers them."""
    content = file.read(CSV_BYTES + 1)
    if len(content) > CSV_BYTES:
        raise Refused("The file is larger than 1 MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("The file is not in UTF-8. Save it as “CSV UTF-8” and try again.") from error
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise Refused(f"The file breaks off at line {reader.line_num}: {error}.") from error
    if not lines:
        raise Refused("The file is empty.")
    header = [cell.strip().lower() for cell in lines[0][1]]
    if missing := [name for name in ("email", "organisation") if name not in header]:
        raise Refused(f"The first line must name the columns; {' and '.join(missing)} is missing.")
    if unknown := [name for name in header if name and name not in COLUMNS]:
        raise Refused(f"The column “{unknown[0][:40]}” is not known. Use {', '.join(COLUMNS)}.")
    if len(lines) - 1 > CSV_ROWS:
        raise Refused(f"The file has more than {CSV_ROWS} rows.")
    for line, cells in lines[1:]:
        found = dict(zip(header, cells, strict=False))
        yield Row(line, **{name: found.get(name, "").strip() for name in COLUMNS})  # type: ignore[arg-type]


def judge(rows: list[Row], cohort: Cohort, now: datetime) -> None:
    """Says of every row what becomes of it, with the same few queries for one row and a thousand."""
    memberships: dict[str, Membership] = {}
    for membership in cohort.memberships.select_related("organisation"):
        for name in (membership.organisation.slug, membership.organisation.name, membership.name):
            memberships[name.casefold()] = membership
    seats = Seat.objects.filter(membership__cohort=cohort, ended_at=None).values_list("user__email", "membership")
    taken: set[tuple[str, int | None]] = {(email.lower(), pk) for email, pk in seats}
    mentors = Mentor.objects.live().filter(cohort=cohort).values_list("user__email", flat=True)
    taken |= {(email.lower(), None) for email in mentors}
    offers = {
        (offer.email.lower(), offer.membership_id): offer
        for offer in cohort.invitations.filter(accepted_at=None, cancelled_at=None)
    }
    met: dict[tuple[str, int | None], int] = {}
    for row in rows:
        try:
            key = place_of(row, cohort, memberships)
        except Refused as refusal:
            row.outcome, row.reason = Outcome.BAD, str(refusal)
            continue
        if key in met:
            row.outcome, row.reason = Outcome.BAD, f"Stands in line {met[key]} already."
            continue
        met[key] = row.line
        offer = offers.get(key)
        if key in taken:
            row.outcome = Outcome.SEATED
        elif offer and offer.state_at(now) == Invitation.State.OPEN:
            row.outcome, row.reason = Outcome.INVITED, f"Open until {in_london(offer.expires_at, DAY)}."
        elif offer:
            row.reason = "An earlier invitation has expired: it is renewed."
        elif row.name.startswith(("=", "+", "-", "@")):
            row.reason = "The name looks like a formula; it is kept as text."


def place_of(row: Row, cohort: Cohort, memberships: dict[str, Membership]) -> tuple[str, int | None]:
    """Address and membership of a row, cleaned; without a membership for a mentor. Raises Refused with the reason."""
    if "\x00" in "".join([row.email, row.name, row.organisation, row.role, row.affiliation]):
        raise Refused("Has a character that cannot be used.")
    if not row.email:
        raise Refused("The address is missing.")
    row.email = cleaned_address(row.email)
    row.name, row.affiliation = cleaned_words(row.name, "name"), cleaned_words(row.affiliation, "affiliation")
    row.role = row.role.lower() or "participant"
    if row.role == "mentor":
        row.affiliation = row.affiliation or cleaned_words(row.organisation, "affiliation")
    elif row.role != "participant":
        raise Refused(f"The role “{row.role[:40]}” is not known: use participant or mentor.")
    elif not row.organisation:
        raise Refused("The organisation is missing.")
    else:
        row.membership = memberships.get(row.organisation.casefold())
        if row.membership is None:
            raise Refused(f"“{row.organisation[:80]}” is not an organisation of {cohort}.")
    if reason := reason_against(cohort, row.membership):
        raise Refused(reason)
    return row.email, row.membership.pk if row.membership else None
