from __future__ import annotations

from django.db import models

from participants.models import Cohort


class ResourceQuerySet(models.QuerySet["Resource"]):
    def public(self) -> ResourceQuerySet:
        return self.filter(is_public=True).exclude(cohort__status=Cohort.Status.DRAFT)


class Resource(models.Model):
    """Something for everyone to read: the thinking behind the programme, a report, a post."""

    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    url = models.URLField(blank=True, help_text="Empty: announced, not yet entered.")
    cohort = models.ForeignKey(Cohort, models.PROTECT, null=True, blank=True, related_name="resources")
    is_public = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.title
