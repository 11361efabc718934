"""Makes the words of the public's search anew from every release that is out: after a newer stemmer."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from ...models import Finding, FindingWords


class Command(BaseCommand):
    help = "Makes the index of the public's search anew from published findings. May run at any time; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        FindingWords.objects.exclude(finding__state=Finding.State.PUBLISHED).delete()
        published = Finding.objects.filter(state=Finding.State.PUBLISHED).order_by().values_list("pk", flat=True)
        read = sum(read_release(pk) for pk in published)
        self.stdout.write(f"{read} findings are in the index.")


@transaction.atomic
def read_release(pk: int) -> bool:
    """Under the lock that publishing takes, so that no newer release is passed by."""
    finding = Finding.objects.select_for_update().get(pk=pk)
    if finding.state != Finding.State.PUBLISHED or finding.current is None:
        return False
    FindingWords.objects.keep(finding.current)
    return True
