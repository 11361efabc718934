"""Topics of the exchange and the threads of comments that other apps hang on their own things."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models, transaction
from django.db.models import Count, Exists, Lookup, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from correspondence.wallclock import in_london
from participants.models import Cohort, Membership, Seat, User

from .words import stems


class Discussion(models.Model):
    """A thread of comments. Whoever points at it owns the permission to read it."""

    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Discussion {self.pk}"

    @transaction.atomic
    def add(self, author: User, body: str, now: datetime) -> Comment:
        comment = Comment.objects.create(discussion=self, author=author, body=body, created_at=now)
        SearchEntry.objects.index_comment(comment)
        return comment

    add.alters_data = True  # type: ignore[attr-defined]

    def mark_read(self, user: User, until: datetime) -> None:
        """The person has seen what was said up to this moment. A mark never goes back."""
        marks = Reading.objects.filter(user=user, discussion=self)
        mark = marks.first()
        if mark is None:
            Reading.objects.bulk_create([Reading(user=user, discussion=self, read_until=until)], ignore_conflicts=True)
        elif mark.read_until < until:
            marks.filter(read_until__lt=until).update(read_until=until)

    mark_read.alters_data = True  # type: ignore[attr-defined]


class Reading(models.Model):
    """Until when a person has read a thread: the last word on the page that was shown to them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="readings")
    discussion = models.ForeignKey(Discussion, models.CASCADE, related_name="readings")
    read_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "discussion"], name="one_mark_a_thread")]

    def __str__(self) -> str:
        return f"{self.user} read {self.discussion} until {self.read_until:%Y-%m-%d %H:%M}"


class Comment(models.Model):
    """What one person said in a thread; taken back, its place stays and its text goes from view."""

    discussion = models.ForeignKey(Discussion, models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="comments")
    body = models.TextField()
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="withdrawn_comments"
    )

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}, {in_london(self.created_at)}"

    @property
    def is_taken_back_by_author(self) -> bool:
        return self.withdrawn_at is not None and self.withdrawn_by_id == self.author_id

    @transaction.atomic
    def withdraw(self, by: User, now: datetime) -> None:
        """Takes the words from view and from search. What staff took back, its author cannot put back."""
        self.withdrawn_at, self.withdrawn_by = now, by
        self.save(update_fields=["withdrawn_at", "withdrawn_by"])
        SearchEntry.objects.index_comment(self)

    withdraw.alters_data = True  # type: ignore[attr-defined]

    @transaction.atomic
    def put_back(self) -> None:
        self.withdrawn_at = self.withdrawn_by = None
        self.save(update_fields=["withdrawn_at", "withdrawn_by"])
        SearchEntry.objects.index_comment(self)

    put_back.alters_data = True  # type: ignore[attr-defined]


class WordsField(models.TextField):
    """Stems with a space between, each once: what the index of each database is made of.

    Its model names SQLite's table of FTS5 as WORDS_INDEX.
    """


@WordsField.register_lookup
class Has(Lookup):
    """`words__has="run volunt*"`: all of these stems; a star stands for any ending. Only letters, figures and §."""

    lookup_name = "has"

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        quote = connection.ops.quote_name
        match = " ".join(f'"{word.removesuffix("*")}"' + ("*" if word.endswith("*") else "") for word in self.sought)
        index = quote(self.lhs.target.model.WORDS_INDEX)
        rows = f"SELECT rowid FROM {index} WHERE {index} MATCH %s"  # noqa: S608  the name is a constant of a model
        return f"{quote(self.lhs.alias)}.{quote('id')} IN ({rows})", [match]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        lhs, params = self.process_lhs(compiler, connection)
        match = " & ".join(f"'{word.removesuffix('*')}'" + (":*" if word.endswith("*") else "") for word in self.sought)
        return f"array_to_tsvector(string_to_array({lhs}, ' ')) @@ %s::tsquery", [*map(str, params), match]

    @property
    def sought(self) -> list[str]:
        return str(self.rhs).split()


class SearchEntryQuerySet(models.QuerySet["SearchEntry"]):
    def index_thread(self, discussion: Discussion, title: str, text: str) -> int:
        """What a thread hangs on, as it reads now. Called where that is saved, in the same transaction.

        Answers how many entries were not so yet.
        """
        places = {SearchEntry.Place.TITLE: title, SearchEntry.Place.TEXT: f"{title}\n{text}"}
        written = {entry.place: entry for entry in self.filter(discussion=discussion, comment=None)}
        return sum(
            (written.get(place) or SearchEntry(discussion=discussion, place=place)).say(said)
            for place, said in places.items()
        )

    def index_comment(self, comment: Comment) -> int:
        """A comment as it stands: its words, or none once it is taken back."""
        entry = self.filter(comment=comment).first() or SearchEntry(
            discussion_id=comment.discussion_id, comment=comment, place=SearchEntry.Place.COMMENT
        )
        return entry.say("" if comment.withdrawn_at else comment.body)


class SearchEntry(models.Model):
    """The words by which a text is found: of what a thread hangs on, or of a comment in it.

    Made from the text, kept in step by whoever writes it, and made anew by `manage.py rebuild_search`. Raw SQL lays
    the index over `words` (migrations/0002_search_index.py).
    """

    WORDS_INDEX = "discussions_searchwords"

    class Place(models.IntegerChoices):
        """The lower, the nearer the top of what is found."""

        TITLE = 1, "in the title"
        TEXT = 2, "in title and text"
        COMMENT = 3, "in a comment"

    discussion = models.ForeignKey(Discussion, models.CASCADE, related_name="search_entries")
    comment = models.OneToOneField(Comment, models.CASCADE, null=True, related_name="search_entry")
    place = models.PositiveSmallIntegerField(choices=Place)
    words = WordsField()

    objects = SearchEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "search entries"
        constraints = [
            models.UniqueConstraint(fields=["discussion", "place"], condition=Q(comment=None), name="words_kept_once")
        ]

    def __str__(self) -> str:
        return f"{self.discussion}, {self.get_place_display()}"

    def say(self, text: str) -> bool:
        """Keeps the words of the text; no words, no entry. Whether that changed anything."""
        words = " ".join(stems(text))
        if words == self.words:
            return False
        self.words = words
        if words:
            self.save()
        else:
            self.delete()
        return True

    say.alters_data = True  # type: ignore[attr-defined]


class TopicQuerySet(models.QuerySet["Topic"]):
    def visible_to(self, user: User | AnonymousUser) -> TopicQuerySet:
        """Topics of the person's cohort and of their own organisation; staff read every organisation's, too."""
        if not user.is_authenticated:
            return self.none()
        if user.is_staff:
            return self
        return self.filter(
            Q(
                Exists(Seat.objects.live().filter(user=user, membership__cohort=OuterRef("cohort"))),
                membership=None,
            )
            | Exists(Seat.objects.live().filter(user=user, membership=OuterRef("membership")))
        )

    def with_last_word(self) -> TopicQuerySet:
        """Adds comment_count, last_at and last_by (a name); pinned topics first, then what is talked about now."""
        words = Comment.objects.filter(discussion=OuterRef("discussion"), withdrawn_at=None)
        last = words.order_by("-created_at", "-pk")
        return self.annotate(
            comment_count=Count("discussion__comments", filter=Q(discussion__comments__withdrawn_at=None)),
            last_at=Coalesce(Subquery(last.values("created_at")[:1]), "created_at"),
            last_by=Subquery(last.values("author__name")[:1]),
        ).order_by("-is_pinned", "-last_at", "-pk")

    def with_unread(self, user: User) -> TopicQuerySet:
        """Adds `unread`: how many messages by others the person has not been shown yet."""
        mark = Reading.objects.filter(user=user, discussion=OuterRef("discussion")).values("read_until")[:1]
        since = Coalesce(Subquery(mark), Value(datetime(1970, 1, 1, tzinfo=UTC)))
        said = Q(discussion__comments__withdrawn_at=None, discussion__comments__created_at__gt=since)
        return self.annotate(unread=Count("discussion__comments", filter=said & ~Q(discussion__comments__author=user)))


class Topic(models.Model):
    """Something the cohort, or one organisation in it, talks about."""

    cohort = models.ForeignKey(Cohort, models.PROTECT, related_name="topics")
    membership = models.ForeignKey(
        Membership, models.PROTECT, null=True, blank=True, related_name="topics", help_text="Empty: the whole cohort."
    )
    title = models.CharField(max_length=160)
    discussion = models.OneToOneField(Discussion, models.PROTECT, related_name="topic")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="topics")
    created_at = models.DateTimeField()
    is_pinned = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["-is_pinned", "-created_at"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("discussions:topic_detail", args=[self.cohort.slug, self.pk])

    @property
    def takes_replies(self) -> bool:
        """Not when staff closed it, nor once the cohort talks elsewhere: then it can only be read."""
        return self.closed_at is None and not self.cohort.collaboration_url
