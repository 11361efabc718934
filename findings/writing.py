"""Writing a finding: a save goes in only on top of what its writer saw; every text saved, or refused, stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from participants.models import Membership, User
from research.models import ResearchPhase

from .models import Finding, FindingVersion, Theme
from .models.finding_version import CHOSEN, TYPED, OnTheirWay, typed


class Overtaken(Exception):
    """Somebody else saved since; nothing was saved."""

    def __str__(self) -> str:
        return "Somebody else saved this finding while you were writing: nothing was saved. Your words are kept."


def to_change(finding: Finding) -> Finding:
    """The finding, locked so that nothing else changes it meanwhile. Raises ValidationError where it is scheduled."""
    locked = Finding.objects.select_for_update().get(pk=finding.pk)
    if locked.is_scheduled:
        raise ValidationError("It is scheduled: take it off the schedule first.")
    return locked


def begin_save(finding: Finding, base: int, by: User, now: datetime) -> None:
    """Takes the next version number, on top of `base`. Raises Overtaken; the caller's transaction then ends in nothing.

    What stood there before any version was kept is kept first.
    """
    stands = Finding.objects.select_for_update().get(pk=finding.pk)
    if stands.version != base:
        raise Overtaken
    if not stands.versions.filter(number=base).exists():
        keep(stands, base, None, stands.created_at)
    Finding.objects.filter(pk=finding.pk).update(version=base + 1)
    finding.version = base + 1


def keep(
    finding: Finding, number: int | None, by: User | None, now: datetime, on_their_way: OnTheirWay | None = None
) -> FindingVersion:
    content = typed(finding, on_their_way)
    return FindingVersion.objects.create(finding=finding, number=number, content=content, written_by=by, written_at=now)


def keep_refused(finding: Finding, by: User, now: datetime, on_their_way: OnTheirWay) -> None:
    """Keeps what somebody typed and could not save; the same words once."""
    content = typed(finding, on_their_way)
    if not finding.versions.filter(number=None, written_by=by, content=content).exists():
        keep(finding, None, by, now, on_their_way)


@transaction.atomic
def bring_back(finding: Finding, version: FindingVersion, by: User, now: datetime) -> FindingVersion:
    """Makes a version, or a kept copy, the working copy again, as a version of its own. What it names and is no longer
    there is left empty. Raises ValidationError while the finding is scheduled."""
    locked = to_change(finding)
    begin_save(locked, locked.version, by, now)
    for name, value in values_of(locked, version.content).items():
        setattr(locked, name, value)
    locked.save(update_fields=TYPED)
    for name in CHOSEN:
        getattr(locked, name).set(choices(locked, name).filter(pk__in=version.content.get(name, [])))
    return keep(locked, locked.version, by, now)


@transaction.atomic
def add_contributor(finding: Finding, membership: Membership, by: User, now: datetime) -> None:
    """Names an organisation of the cohort as a contributor, as a version of its own. Raises ValidationError while the
    finding is scheduled."""
    choose(to_change(finding), "contributors", [membership], by, now)


def choose(
    locked: Finding, name: str, rows: Iterable[Any], by: User, now: datetime, instead_of: Iterable[Any] = ()
) -> None:
    """Adds rows to one of CHOSEN, in place of others, as a version of its own: a form that was open meanwhile must not
    undo it. What changes nothing makes none. The finding is locked by the caller's transaction."""
    chosen = getattr(locked, name)
    before = {*chosen.all()}
    after = before.difference(instead_of).union(rows)
    if after != before:
        begin_save(locked, locked.version, by, now)
        chosen.set(after)
        keep(locked, locked.version, by, now)


def held(themes: Iterable[Theme]) -> list[Theme]:
    """The themes, so that nobody merges them away until the transaction ends. Raises ValidationError if one is gone.

    Whoever locks several things locks a finding first, then themes, then passages: so nobody waits for ever.
    """
    wanted = {theme.pk for theme in themes}
    found = list(Theme.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    if len(found) != len(wanted):
        raise ValidationError("A theme you chose was merged into another one meanwhile. Choose again.")
    return found


def choices(finding: Finding, name: str) -> Any:
    """What its cohort has to choose from, for one of CHOSEN."""
    of: Any = Theme if name == "themes" else Membership
    return of.objects.filter(cohort=finding.cohort)


def values_of(finding: Finding, content: dict[str, Any]) -> dict[str, Any]:
    """What a version holds, as the fields take it."""
    values = {name: content.get(name, "") for name in TYPED}
    for name in ("work_from", "work_to"):
        values[name] = date.fromisoformat(values[name]) if values[name] else None
    values["membership"] = Membership.objects.filter(cohort=finding.cohort, pk=values["membership"] or 0).first()
    values["phase"] = ResearchPhase.objects.filter(cohort=finding.cohort, pk=values["phase"] or 0).first()
    return values


def differences(finding: Finding, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Label, words before and words after of each field that differs."""
    rows = []
    for name in (*TYPED, *CHOSEN):
        if as_read(before.get(name)) != as_read(after.get(name)):
            field: Any = Finding._meta.get_field(name)
            label = str(field.verbose_name)
            rows.append((label, said(finding, name, before.get(name)), said(finding, name, after.get(name))))
    return rows


def as_read(value: Any) -> Any:
    """Browsers send the end of a line as two characters; nobody reads a difference there."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def said(finding: Finding, name: str, value: Any) -> str:
    """A value in words."""
    if name in CHOSEN:
        return ", ".join(choices(finding, name).filter(pk__in=value or []).values_list("name", flat=True))
    if name == "membership":
        return str(finding.cohort.memberships.filter(pk=value).first() or "")
    if name == "phase":
        return str(finding.cohort.phases.filter(pk=value).first() or "")
    if name == "outcome":
        return str(dict(Finding.Outcome.choices).get(value, ""))
    return str(value or "")
