from __future__ import annotations

from base64 import b64encode

from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import invitations
from .forms import AcceptForm, ProfileForm
from .guards import SignedIn
from .models import Cohort, Invitation, Seat, User


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing, since mail scanners follow links; the button accepts and asks for a sign-in code."""
    now = timezone.now()
    offers = Invitation.objects.select_related("cohort", "membership__organisation", "invited_by")
    invitation = get_object_or_404(offers, token=token)
    person = invitations.person_at(invitation.email)
    state = invitation.state_at(now)
    context = {"invitation": invitation, "state": state, "person": person}
    if state != Invitation.State.OPEN:
        return render(request, "participants/invitation_accept.html", context, status=410)
    if request.user.is_authenticated and request.user != person:
        return render(request, "participants/invitation_accept.html", {**context, "somebody_else": True}, status=409)
    form = AcceptForm(request.POST or None, initial={"name": invitation.name})
    if request.method == "POST" and (person or form.is_valid()):
        return accepted(request, invitation, "" if person else form.cleaned_data["name"])
    status = 422 if request.method == "POST" else 200
    return render(request, "participants/invitation_accept.html", {**context, "form": form}, status=status)


def accepted(request: HttpRequest, invitation: Invitation, name: str) -> HttpResponse:
    """Takes the seat; who is not signed in gets a code and the page to enter it."""
    try:
        user = invitations.accept(invitation, name, timezone.now())
    except invitations.Refused as refusal:
        context = {"invitation": invitation, "state": invitation.state_at(timezone.now()), "refusal": refusal}
        return render(request, "participants/invitation_accept.html", context, status=410)
    if request.user.is_authenticated:
        messages.success(request, f"You are in: {place_in_words(invitation)}.")
        return redirect("my_programme")
    LoginCodeVerificationProcess.initiate(request=request, user=user, email=invitation.email.lower())
    return redirect("account_confirm_login_code")


def place_in_words(invitation: Invitation) -> str:
    if invitation.membership:
        return f"{invitation.cohort}, for {invitation.membership}"
    return f"{invitation.cohort}, as a mentor"


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedIn) -> HttpResponse:
    # A copy, so that a name refused by the form does not show up in the page's head.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"Saved. Others read your name as “{person.name}”.")
        return redirect("participants:profile")
    context = {
        "here": "you",
        "form": form,
        "cohort": Cohort.objects.visible_to(request.user).latest_first().first(),
        "seats": request.user.seats.select_related("membership__cohort", "membership__organisation"),
        "live_seats": set(Seat.objects.live().filter(user=request.user).values_list("pk", flat=True)),
        "mentor_roles": request.user.mentor_roles.select_related("cohort"),
        "calendar_url": request.user.calendar_url(),
        "webcal_url": "webcal:" + request.user.calendar_url().partition(":")[2],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "participants/profile.html", context, status=status)


@login_not_required  # a script asks, which has no use for the sign-in page
@require_safe
def device_key(request: HttpRequest) -> JsonResponse:
    """Who is signed in here, and the key for what they have not sent yet: 32 bytes in base64."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "Nobody is signed in."}, status=401)
    key = b64encode(bytes(request.user.device_key)).decode()
    return JsonResponse({"person": str(request.user.pk), "key": key})


@require_POST
def calendar_renew(request: SignedIn) -> HttpResponse:
    request.user.renew_calendar()
    messages.success(
        request,
        "Your calendar has a new address. The old one stopped working just now and cannot be brought back: "
        "enter the new one wherever you read your calendar.",
    )
    return redirect("participants:profile")
