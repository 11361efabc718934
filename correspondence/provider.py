"""What a mail provider says after it has taken a letter: the mailbox does not exist, or its owner complained.

django-anymail reads each provider's own words and checks its password; here is only what follows from them. Said twice
is once: what a provider repeats changes nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from anymail.exceptions import AnymailConfigurationError
from anymail.signals import EventType, RejectReason, tracking
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from .models import Letter, Subscriber, Suppression
from .suppression import suppress

log = logging.getLogger(__name__)

# Providers whose webhooks carry the password we give them, and nothing else to be set.
PROVIDERS = {
    "brevo": BrevoTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "sparkpost": SparkPostTrackingWebhookView,
}
BACK = "Came back after it was taken: {words}"


@login_not_required
@csrf_exempt  # The provider's password is the key: django-anymail answers 400 without it.
def provider_says(request: HttpRequest) -> HttpResponse:
    """The webhook of MAIL_PROVIDER; 404 where none is set. Where the database is away, 503: providers try again."""
    view = PROVIDERS.get(settings.MAIL_PROVIDER)
    if view is None or not settings.ANYMAIL_WEBHOOK_SECRET:
        raise Http404
    try:
        return view.as_view()(request)
    except (ValueError, LookupError, TypeError, AttributeError, AnymailConfigurationError):
        log.warning("what %s said could not be read", settings.MAIL_PROVIDER, exc_info=True)
        return HttpResponseBadRequest("This could not be read.\n", content_type="text/plain; charset=utf-8")


@receiver(tracking)
def heard(sender: Any, event: Any, **_: Any) -> None:
    address = str(event.recipient or "").strip().lower()
    if not address:
        return
    now, words = timezone.now(), said(event)
    if why := reason_in(event):
        suppress(address, why, now, words)
        went = Letter.objects.filter(address__iexact=address, state=Letter.State.SENT).order_by("-sent_at").first()
        if went is not None:
            Letter.objects.filter(pk=went.pk).update(answer=BACK.format(words=words)[:500])
    elif event.event_type == EventType.UNSUBSCRIBED:
        for subscriber in Subscriber.objects.active().filter(address=address):
            subscriber.leave(now)


def reason_in(event: Any) -> Suppression.Why | None:
    """Why the address is to be written to no more; None where the event is about something else, as a full mailbox."""
    if event.event_type == EventType.COMPLAINED:
        return Suppression.Why.COMPLAINED
    is_back = event.event_type in (EventType.BOUNCED, EventType.REJECTED)
    if is_back and event.reject_reason in (RejectReason.BOUNCED, RejectReason.INVALID):
        return Suppression.Why.BOUNCED
    return None


def said(event: Any) -> str:
    return " ".join(str(event.mta_response or event.description or event.event_type).split())[:400]
