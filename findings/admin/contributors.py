"""Organisations that had a part in a finding: those that said "us too" about what it quotes are proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from correspondence.desk import is_confirmed
from participants.models import User
from participants.staff import member_of_staff
from research.models import UsToo

from .. import writing
from ..models import Finding

if TYPE_CHECKING:
    from .finding import FindingAdmin


def proposed(finding: Finding, user: User) -> QuerySet[UsToo]:
    """What organisations said under notes the finding quotes that are not concerned in it yet. Their names go nowhere
    without their yes."""
    quoted = finding.excerpts.filter(withdrawn_at=None).values("version__note")
    said = UsToo.objects.visible_to(user).filter(note__in=quoted).exclude(membership__in=finding.concerned())
    return said.select_related("membership", "note")


def name_contributor(desk: FindingAdmin, request: HttpRequest, object_id: str, pk: int) -> HttpResponse:
    """Names who said "us too" as a contributor; `pk` is of what was said."""
    finding = desk.found(request, object_id)
    said = get_object_or_404(proposed(finding, member_of_staff(request)), pk=pk)
    if is_confirmed(request):
        try:
            writing.add_contributor(finding, said.membership, member_of_staff(request), timezone.now())
        except ValidationError as error:
            desk.message_user(request, " ".join(error.messages), "ERROR")
        else:
            desk.log_change(request, finding, f"Named {said.membership} as a contributor.")
            desk.message_user(request, f"{said.membership} is a contributor now. Ask it to agree before you publish.")
        return redirect(desk.url_of(finding))
    return desk.ask_first(
        request,
        title=f"Name {said.membership} as a contributor?",
        consequences=[
            f"Under “{said.note}”: “{said.line}”",
            f"{said.membership} reads the finding before it is published, and is named only with its yes.",
            "Every yes given to the finding without it has to be asked for again.",
        ],
        button="Name as a contributor",
        obj=finding,
    )
