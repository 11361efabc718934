"""Taking notes away: what an archive would hold, how far it is, the file itself. Everybody sees their own archives."""

from __future__ import annotations

import logging
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from correspondence.wallclock import local_day
from participants.guards import SignedIn, cohort_page
from participants.models import Cohort, Membership

from .. import filing
from ..models import Archive
from ..packing import ask, throw_away, weigh
from ..saving import Refused
from ..tasks import pack_soon
from .attachments import FILE_HEADERS

logger = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
def archive_list(request: SignedIn) -> HttpResponse:
    """One's own notes to take away, and the archives there are."""
    if request.method == "POST":
        return begin(request, None)
    return show_list(request)


def show_list(request: SignedIn, refusal: Refused | None = None) -> HttpResponse:
    user = request.user
    own = Archive.objects.visible_to(user).current(timezone.now())
    places = Membership.objects.none() if user.is_staff else Membership.objects.visible_to(user)
    context = {
        "here": "my",
        "weight": weigh(user, None),
        "archives": own.select_related("membership__cohort"),
        "places": places.select_related("cohort", "organisation").order_by("-cohort__starts_on", "name"),
        "refusal": refusal,
    }
    return render(request, "research/archive_list.html", context, status=refusal.status if refusal else 200)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def membership_archive(request: SignedIn, cohort: Cohort, organisation_slug: str) -> HttpResponse:
    """What an organisation has shared, to take away: for its people, its mentor and staff."""
    inside = Membership.objects.visible_to(request.user).select_related("organisation", "cohort")
    membership = get_object_or_404(inside, cohort=cohort, organisation__slug=organisation_slug)
    if request.method == "POST":
        return begin(request, membership)
    return show_membership(request, membership)


def show_membership(request: SignedIn, membership: Membership, refusal: Refused | None = None) -> HttpResponse:
    context = {
        "cohort": membership.cohort,
        "here": "my",
        "membership": membership,
        "weight": weigh(request.user, membership),
        "refusal": refusal,
    }
    return render(request, "research/membership_archive.html", context, status=refusal.status if refusal else 200)


def begin(request: SignedIn, membership: Membership | None) -> HttpResponse:
    try:
        archive = ask(request.user, membership, timezone.now())
    except Refused as refusal:
        return show_membership(request, membership, refusal) if membership else show_list(request, refusal)
    if archive.membership != membership:
        messages.info(request, "One archive is packed at a time. This one is first; then ask for the other.")
    pack_soon()
    return redirect(archive)


def own_archive(request: SignedIn, pk: UUID) -> Archive:
    own = Archive.objects.visible_to(request.user).current(timezone.now())
    return get_object_or_404(own.select_related("asked_by", "membership__cohort", "membership__organisation"), pk=pk)


@require_safe
def archive_detail(request: SignedIn, pk: UUID) -> HttpResponse:
    return show_archive(request, own_archive(request, pk))


def show_archive(request: SignedIn, archive: Archive, status: int = 200) -> HttpResponse:
    whose, inside = archive.membership, Membership.objects.visible_to(request.user)
    can_ask = whose is None or inside.filter(pk=whose.pk).exists()
    context = {"here": "my", "archive": archive, "standing": archive.standing, "can_ask": can_ask}
    return render(request, "research/archive_detail.html", context, status=status)


@require_safe
def archive_progress(request: SignedIn, pk: UUID) -> JsonResponse:
    """How far it is, for the page that shows it. Notes done of notes in all; 0 of 0 while it waits."""
    archive = own_archive(request, pk)
    return JsonResponse({"state": archive.state, "done": archive.done, "total": archive.total})


@require_safe
def archive_file(request: SignedIn, pk: UUID) -> HttpResponseBase:
    """The ZIP, if all of it may still be read by the one who asked for it."""
    archive = own_archive(request, pk)
    if archive.state != Archive.State.READY:
        raise Http404
    if archive.holds_what_is_closed():
        return show_archive(request, archive, status=403)
    try:
        file = filing.open_to_read(archive.stored_as)
    except OSError:
        logger.exception("An archive cannot be read from FILES_DIR")
        return show_archive(request, archive, status=503)
    return FileResponse(
        file, as_attachment=True, filename=name_of(archive), content_type="application/zip", headers=FILE_HEADERS
    )


def name_of(archive: Archive) -> str:
    """Plain letters and hyphens, for whatever system it is kept on."""
    whose = f"{archive.membership.cohort.slug} {archive.membership.name}" if archive.membership else archive.asked_by
    day = local_day(archive.made_at or archive.asked_at)
    return f"{slugify(f'notes {whose}')[:80]}-{day.isoformat()}.zip"


@require_POST
def archive_delete(request: SignedIn, pk: UUID) -> HttpResponse:
    throw_away(own_archive(request, pk))
    messages.success(request, "The archive is deleted. The notes themselves are untouched.")
    return redirect("research:archive_list")
