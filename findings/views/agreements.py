"""Where an organisation reads what would be published of it, and answers."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from participants.guards import cohort_page, seated_page
from participants.models import Cohort, Seat, User

from ..consent import WordsChanged, answer
from ..forms import AgreementForm
from ..models import Agreement, Finding, digest_of
from .reading import work_done


@seated_page
@require_safe
def agreement_list(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    agreements = (
        Agreement.objects.visible_to(request.user)
        .filter(finding__cohort=cohort)
        .select_related("finding__cohort", "finding__current", "membership__organisation", "answered_by")
        .order_by("answered_at", "pk")
    )
    context = {
        "cohort": cohort,
        "open": [agreement for agreement in agreements if not agreement.answer],
        "answered": [agreement for agreement in agreements if agreement.answer],
    }
    return render(request, "findings/agreement_list.html", context)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def agreement_detail(request: HttpRequest, cohort: Cohort, slug: str) -> HttpResponse:
    known = Finding.objects.visible_to(request.user).select_related("membership__organisation", "phase", "current")
    finding = get_object_or_404(known.select_related("cohort"), cohort=cohort, slug=slug)
    if request.method == "POST":
        return take_answer(request, finding)
    return show(request, finding)


def take_answer(request: HttpRequest, finding: Finding) -> HttpResponse:
    """Records the answer of an organisation the person sits in; says what it set in motion."""
    user = cast(User, request.user)
    own = own_agreements(user, finding)
    agreement = next((row for row in own if str(row.pk) == request.POST.get("agreement", "")), None)
    if agreement is None:
        raise Http404
    form = AgreementForm(request.POST, auto_id=ids_for(agreement))
    if not form.is_valid():
        return show(request, finding, answering=agreement, form=form, status=422)
    given = form.cleaned_data
    was_out = finding.state == Finding.State.PUBLISHED
    try:
        answer(agreement, user, given["answer"], given["remark"], timezone.now(), given["digest"])
    except WordsChanged:
        form = fresh_form(agreement, finding, remark=given["remark"])
        return show(request, finding, answering=agreement, form=form, status=409)
    finding.refresh_from_db()
    messages.success(request, consequence(agreement, given["answer"], was_out, finding))
    return redirect(finding.agreement_path())


def show(
    request: HttpRequest,
    finding: Finding,
    answering: Agreement | None = None,
    form: AgreementForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The words as they would be published, the history, and a form for each organisation the person answers for."""
    own = own_agreements(cast(User, request.user), finding)
    asked = list(finding.agreements.select_related("membership", "answered_by").prefetch_related("history__by"))
    concerned = finding.concerned()
    only_in_release = own and not any(row.membership in concerned for row in own)
    words = finding.shown if only_in_release else finding.content()
    context: dict[str, Any] = {
        "cohort": finding.cohort,
        "finding": finding,
        "shown": words,
        "work_done": work_done(words),
        "digest": digest_of(words),
        "asked": asked,
        # What another organisation answered, and said, is for staff.
        "histories": asked if request.user.is_staff else [row for row in asked if row in own],
        "answers": [(row, form if form and row == answering else fresh_form(row, finding)) for row in own],
        "has_changed": status == 409,
    }
    return render(request, "findings/agreement_detail.html", context, status=status)


def fresh_form(agreement: Agreement, finding: Finding, remark: str = "") -> AgreementForm:
    digest = digest_of(finding.words_for(agreement.membership))
    initial = {"agreement": agreement.pk, "digest": digest, "remark": remark}
    return AgreementForm(initial=initial, auto_id=ids_for(agreement))


def ids_for(agreement: Agreement) -> str:
    return f"%s-{agreement.pk}"


def own_agreements(user: User, finding: Finding) -> list[Agreement]:
    """The agreements the person may answer: those of organisations they have a seat in. Staff only look."""
    seated = Seat.objects.live().filter(user=user).values("membership")
    return list(
        Agreement.objects.visible_to(user)
        .filter(finding=finding, membership__in=seated)
        .select_related("membership__organisation")
    )


def consequence(agreement: Agreement, given: str, was_out: bool, finding: Finding) -> str:
    if given == Agreement.Answer.YES:
        return f"Recorded: {agreement.membership} agrees. You can take this back here at any time."
    if was_out and finding.state == Finding.State.WITHDRAWN:
        return f"Recorded: {agreement.membership} does not agree. The page has been withdrawn from the public."
    return f"Recorded: {agreement.membership} does not agree. It is not published in these words."
