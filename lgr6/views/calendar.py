"""A person's calendar, for their calendar program."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from lgr6.calendar import feed
from participants.models import User


@login_not_required
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The secret in the address is the key; a renewed or wrong one answers 404."""
    user = get_object_or_404(User, calendar_token=token, is_active=True)
    response = HttpResponse(feed(user, timezone.now()), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="lets-get-real.ics"'
    return response
