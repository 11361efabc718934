from __future__ import annotations

from django.db import models

from participants.models import Cohort


class Theme(models.Model):
    """A subject that findings share, named by the cohort."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="themes")
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["cohort", "slug"], name="theme_once_a_cohort")]

    def __str__(self) -> str:
        return self.name
