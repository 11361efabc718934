from __future__ import annotations

from django.conf import settings
from django.db import models

from correspondence.wallclock import in_london


class Permission(models.Model):
    """One voice's answer about one excerpt, to exact words. The latest of each voice counts; none is ever changed."""

    class Voice(models.TextChoices):
        ORGANISATION = "organisation", "the organisation"
        WRITER = "writer", "who wrote it"

    class Answer(models.TextChoices):
        YES = "yes", "agreed"
        NO = "no", "refused"
        CHANGE = "change", "wants other words"

    excerpt = models.ForeignKey("findings.Excerpt", models.PROTECT, related_name="permissions")
    voice = models.CharField(max_length=12, choices=Voice)
    answer = models.CharField(max_length=6, choices=Answer)
    words = models.TextField(help_text="The words answered.")
    proposal = models.TextField(blank=True, help_text="The words wanted instead.")
    remark = models.TextField(blank=True)
    # Exactly one of the two spoke.
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    link = models.ForeignKey("findings.ReviewLink", models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="permission_is_somebodys",
                condition=models.Q(by__isnull=False, link=None) | models.Q(by=None, link__isnull=False),
            ),
            models.CheckConstraint(
                name="permission_for_other_words_names_them",
                condition=models.Q(answer="change") & ~models.Q(proposal="")
                | ~models.Q(answer="change") & models.Q(proposal=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_voice_display()}: {self.get_answer_display()}, {self.speaker}, {in_london(self.at)}"

    @property
    def speaker(self) -> str:
        return str(self.by or self.link)
