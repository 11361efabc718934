"""What Culture24 staff may do at the desk, given once and to all of them alike."""

from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest

from .models import User

GROUP = "Culture24 staff"
# What belongs to the machinery, not to the programme.
NOT_THEIRS = ["admin", "auth", "contenttypes", "sessions", "mfa", "usersessions", "account"]


def member_of_staff(request: HttpRequest) -> User:
    """Who sits at the desk; the desk itself lets nobody else through."""
    assert isinstance(request.user, User)  # noqa: S101  for the type checker
    return request.user


def ensure_staff_group() -> Group:
    """The group, with permission for everything of the programme. Safe to run again; grows with new models.

    Who is staff and who is superuser is not among it: the desk keeps those two fields for superusers.
    """
    group, _ = Group.objects.get_or_create(name=GROUP)
    of_the_programme = Permission.objects.exclude(content_type__app_label__in=NOT_THEIRS)
    addresses = Permission.objects.filter(
        content_type__app_label="account", codename__in=["view_emailaddress", "change_emailaddress"]
    )
    group.permissions.add(*of_the_programme, *addresses)
    return group
