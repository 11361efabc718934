from __future__ import annotations

from django.db import models
from django.db.models import Q

from .report import ReportEdition


class Printing(models.Model):
    """An edition of a report as a PDF of exactly what was shown at one moment: asked for, in hand, or on the disk."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        PRINTING = "printing", "being made"
        READY = "ready", "ready"
        FAILED = "failed", "not made"

    class Trouble(models.TextChoices):
        NO_LIBRARIES = "libraries", "the libraries that draw PDFs are missing on the machine"
        NO_ROOM = "room", "no room left for files"
        STOPPED = "stopped", "stopped in the middle, more than once"
        BROKEN = "broken", "a fault, which the log tells of"

    edition = models.ForeignKey(ReportEdition, models.CASCADE, related_name="printings")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what is printed, and of how.")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    trouble = models.CharField(max_length=10, choices=Trouble, blank=True)
    pages = models.PositiveIntegerField(default=0, help_text="Pages laid out so far; ready: in all.")
    attempts = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(null=True, help_text="A worker that is silent for longer has died.")
    asked_at = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    stored_as = models.CharField(max_length=80, blank=True, help_text="The file's name in FILES_DIR: its SHA-256.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes.")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["edition", "digest"], name="printing_once_a_content"),
            # One in the whole portal: letters never find every worker busy with reports.
            models.UniqueConstraint(fields=["state"], condition=Q(state="printing"), name="one_printing_at_a_time"),
            models.CheckConstraint(
                name="printing_ready_has_its_file", condition=~Q(state="ready") | ~Q(stored_as="") & Q(size__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"PDF of {self.edition}"
