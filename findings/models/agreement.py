from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from correspondence.wallclock import in_london
from participants.models import Membership, Seat, User

from .excerpt import Excerpt
from .release import Facet


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def visible_to(self, user: User | AnonymousUser) -> AgreementQuerySet:
        """What the person's organisations are asked, as long as the finding, or what is published of it, names them,
        or would with their yes."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        of_theirs = Excerpt.objects.filter(
            finding=OuterRef("finding"), version__note__membership=OuterRef("membership")
        )
        published = Facet.objects.filter(
            release=OuterRef("finding__current"),
            kind=Facet.Kind.ORGANISATION,
            value=OuterRef("membership__organisation__slug"),
        )
        named = Membership.contributions.through.objects.filter(
            finding=OuterRef("finding"), membership=OuterRef("membership")
        )
        return self.filter(
            Q(finding__membership=F("membership"))
            | Exists(named)
            | Exists(of_theirs.filter(withdrawn_at=None))
            | Exists(of_theirs.left_out())
            | Exists(published),
            Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership"))),
        )


class Agreement(models.Model):
    """An organisation's answer to a finding: who gave it, when, and to which words."""

    class Answer(models.TextChoices):
        YES = "yes", "agreed"
        NO = "no", "refused"

    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="agreements")
    membership = models.ForeignKey(Membership, models.PROTECT, related_name="agreements")
    answer = models.CharField(max_length=3, choices=Answer, blank=True)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the words answered.")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="agreements")
    answered_by_link = models.ForeignKey("findings.ReviewLink", models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    remark = models.TextField(blank=True)
    # The words and excerpts it was last asked about, and since when: silence counts from then.
    asked_for = models.CharField(max_length=64, blank=True, editable=False)
    asked_at = models.DateTimeField(null=True, editable=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["finding", "membership"], name="agreement_once_asked")]

    def __str__(self) -> str:
        return f"{self.membership}: {self.get_answer_display() or 'not answered'}"

    def get_absolute_url(self) -> str:
        return self.finding.agreement_path()

    @property
    def speaker(self) -> str:
        return str(self.answered_by or self.answered_by_link or "")

    @property
    def is_yes(self) -> bool:
        return self.answer == self.Answer.YES

    @property
    def is_no(self) -> bool:
        return self.answer == self.Answer.NO


class AgreementRecord(models.Model):
    """One line of the history of an agreement: nothing here is ever changed."""

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="history")
    answer = models.CharField(max_length=3, choices=Agreement.Answer)
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    link = models.ForeignKey("findings.ReviewLink", models.PROTECT, null=True, related_name="+")
    # The yes was carried over by staff to words that differ by a typo; `remark` says in what.
    is_typo = models.BooleanField(default=False)
    at = models.DateTimeField()
    remark = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="agreement_record_is_somebodys",
                condition=Q(by__isnull=False, link=None) | Q(by=None, link__isnull=False),
            )
        ]

    def __str__(self) -> str:
        said = "Yes carried over, a typo corrected" if self.is_typo else self.get_answer_display()
        return f"{said}, {self.speaker}, {in_london(self.at)}"

    @property
    def speaker(self) -> str:
        return str(self.by or self.link)
