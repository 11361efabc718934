"""Makes the words of search anew from every text: after a restore of old data, or a newer stemmer."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand
from django.db import transaction

from discussions.models import Comment, SearchEntry

from ...models import ResearchNote
from ...searching import index_note


class Command(BaseCommand):
    help = "Makes the index of search anew from notes and comments. May run while people write; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        notes = ResearchNote.objects.order_by().values_list("pk", flat=True)
        comments = Comment.objects.order_by().values_list("pk", flat=True)
        changed = sum(read_note(pk) for pk in notes) + sum(read_comment(pk) for pk in comments)
        self.stdout.write(
            f"{SearchEntry.objects.count()} texts are in the index; {changed} were not as they stand now."
        )


@transaction.atomic
def read_note(pk: UUID) -> int:
    """Under the lock that a save takes, so that no newer text is passed by."""
    note = ResearchNote.objects.select_for_update(of=("self",)).select_related("discussion").get(pk=pk)
    return index_note(note, note.title, note.body)


@transaction.atomic
def read_comment(pk: int) -> int:
    return SearchEntry.objects.index_comment(Comment.objects.select_for_update(of=("self",)).get(pk=pk))
