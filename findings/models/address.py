from __future__ import annotations

from django.db import models


class FormerSlug(models.Model):
    """An address a finding had before: it leads to the finding for ever, and no other finding may take it.

    The first of a finding's stays in the name that feeds know it by.
    """

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="former_slugs")
    slug = models.SlugField(max_length=120, unique=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.slug
