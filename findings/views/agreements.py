"""Where those who are asked read what would be published, and answer: with an account, or by a link of their own."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from participants.guards import cohort_page, seated_page
from participants.models import Cohort, User

from ..answering import Answers, Reviewer, forms_for, reviewer_by, reviewer_of, sent_form, take
from ..consent import SILENCE, WordsChanged
from ..models import Agreement, Finding, ReviewLink, digest_of
from .reading import work_done


@seated_page
@require_safe
def agreement_list(request: HttpRequest, cohort: Cohort) -> HttpResponse:
    agreements = (
        Agreement.objects.visible_to(request.user)
        .filter(finding__cohort=cohort)
        .select_related(
            "finding__cohort", "finding__current", "membership__organisation", "answered_by", "answered_by_link"
        )
        .order_by("answered_at", "pk")
    )
    context = {
        "cohort": cohort,
        "open": [agreement for agreement in agreements if not agreement.answer],
        "answered": [agreement for agreement in agreements if agreement.answer],
    }
    return render(request, "findings/agreement_list.html", context)


def asked_by_account(request: HttpRequest, cohort: Cohort, slug: str) -> tuple[Finding, Reviewer]:
    """The finding, and the person as one who is asked about it. Raises Http404 where it is not theirs to read."""
    known = Finding.objects.visible_to(request.user).select_related("membership__organisation", "phase", "current")
    finding = get_object_or_404(known.select_related("cohort"), cohort=cohort, slug=slug)
    return finding, reviewer_of(cast(User, request.user))


def link_called(key: str) -> ReviewLink:
    """Raises Http404 where there is no such link."""
    links = ReviewLink.objects.select_related("finding__cohort", "membership__organisation", "writer")
    return get_object_or_404(links, mark=ReviewLink.mark_of(key))


def opens_nothing(link: ReviewLink) -> bool:
    return not link.is_open(timezone.now()) or link.finding.cohort.status == Cohort.Status.DRAFT


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def agreement_detail(request: HttpRequest, cohort: Cohort, slug: str) -> HttpResponse:
    finding, reviewer = asked_by_account(request, cohort, slug)
    return review(request, finding, reviewer, finding.agreement_path())


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def finding_review(request: HttpRequest, key: str) -> HttpResponse:
    """The same for the holder of a link. Looking changes nothing."""
    link = link_called(key)
    if opens_nothing(link):
        return render(request, "findings/finding_review_closed.html", {"link": link}, status=410)
    return review(request, link.finding, reviewer_by(link), request.path, link)


def review(
    request: HttpRequest, finding: Finding, reviewer: Reviewer, back: str, link: ReviewLink | None = None
) -> HttpResponse:
    if request.method != "POST":
        return show(request, finding, reviewer, forms_for(reviewer, finding), link)
    answers = forms_for(reviewer, finding, request.POST)
    sent = sent_form(answers)
    if sent is None:
        raise Http404
    what, form = sent
    if not form.is_valid():
        return show(request, finding, reviewer, answers, link, status=422)
    try:
        said = take(reviewer, what, form, timezone.now())
    except WordsChanged:
        finding = Finding.objects.select_related("cohort", "current").get(pk=finding.pk)
        # A blank keeps the form fresh where no remark was typed.
        answers = forms_for(reviewer, finding, request.POST, remark=form.cleaned_data["remark"] or " ")
        return show(request, finding, reviewer, answers, link, status=409)
    messages.success(request, said)
    return redirect(back)


def words_before(
    request: HttpRequest, finding: Finding, reviewer: Reviewer, link: ReviewLink | None = None
) -> dict[str, Any]:
    """The words somebody who is asked may read: as they would be published, or as they are."""
    is_staff = link is None and cast(User, request.user).is_staff
    if is_staff and not reviewer.agreements(finding):
        return finding.content()
    return finding.words_for(reviewer.memberships_of(finding))


def show(
    request: HttpRequest,
    finding: Finding,
    reviewer: Reviewer,
    answers: Answers,
    link: ReviewLink | None,
    status: int = 200,
) -> HttpResponse:
    """The words as they would be published, the history, and a form for each answer that is theirs to give."""
    is_staff = link is None and cast(User, request.user).is_staff
    own = [agreement for agreement, _ in answers.agreements]
    words = words_before(request, finding, reviewer, link)
    asked = list(
        finding.agreements.select_related("membership", "answered_by").prefetch_related("history__by", "history__link")
    )
    context: dict[str, Any] = {
        "cohort": finding.cohort,
        "finding": finding,
        "link": link,
        "shown": words,
        "pictures_at": f"{request.path}pictures/",
        "work_done": work_done(words) if words else "",
        "digest": digest_of(words),
        "asked": asked,
        # What another organisation answered, and said, is for staff.
        "histories": asked if is_staff else [row for row in asked if row in own],
        "answers": answers.agreements,
        "excerpts": answers.excerpts,
        "silence_days": SILENCE.days,
        "has_changed": status == 409,
    }
    template = "findings/finding_review.html" if link else "findings/agreement_detail.html"
    return render(request, template, context, status=status)
