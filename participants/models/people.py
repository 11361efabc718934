"""People, known by e-mail address and the name they go by."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.urls import reverse

from correspondence.models import new_token
from correspondence.wallclock import LONDON

from .places import Seat

if TYPE_CHECKING:
    from .cohorts import Cohort, Membership


def new_device_key() -> bytes:
    """32 random bytes: a key for AES-256."""
    return secrets.token_bytes(32)


class UserQuerySet(models.QuerySet["User"]):
    def seated_in(self, cohort: Cohort) -> UserQuerySet:
        """People with a live seat in the cohort."""
        return self.filter(
            Exists(Seat.objects.live().filter(user=OuterRef("pk"), membership__cohort=cohort)), is_active=True
        )

    def seated_at(self, membership: Membership) -> UserQuerySet:
        """People with a live seat at the organisation in this cohort."""
        seat = Seat.objects.live().filter(user=OuterRef("pk"), membership=membership)
        return self.filter(Exists(seat), is_active=True)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes people by their e-mail address; there are no user names."""

    def _create_user(self, email: str, password: str | None, **extra: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self._create_user(email, password, **{"is_staff": False, "is_superuser": False, **extra})

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        return self._create_user(email, password, **{**extra, "is_staff": True, "is_superuser": True})


class User(AbstractUser):
    """A person, known by e-mail address and the name they go by."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, help_text="As you would like others to read it.")
    calendar_token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    # What their browsers encrypt unsent text with. It is handed out after a sign-in only, so that text left behind on
    # a shared computer is unreadable until its writer is back; without the row that text is lost for good.
    device_key = models.BinaryField(max_length=32, default=new_device_key, editable=False)

    timezone = models.CharField(
        "time zone", max_length=60, default="Europe/London", help_text="The clock that your digests go by."
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()  # type: ignore[misc]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once", violation_error_message="Address in use.")
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """Their time zone; London's where the system does not know theirs."""
        try:
            return ZoneInfo(self.timezone)
        except (ValueError, OSError, KeyError):
            return LONDON

    def calendar_url(self) -> str:
        return settings.PORTAL_URL + reverse("calendar_feed", args=[self.calendar_token])

    def renew_calendar(self) -> None:
        """Gives the personal calendar a new address; the old one answers 404 from now on."""
        self.calendar_token = new_token()
        self.save(update_fields=["calendar_token"])

    renew_calendar.alters_data = True  # type: ignore[attr-defined]
