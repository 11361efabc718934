"""The rows of the access matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import reverse

from tests.access.world import MISSING, ROLES, World

Kwargs = Callable[[World], dict[str, Any]]


def cohort(**kwargs: Any) -> Kwargs:
    return lambda world: {"cohort_slug": world.cohort.slug, **kwargs}


def of(letter: str, thing: str) -> Kwargs:
    """The URL of a thing of organisation A or B, by its primary key."""
    return lambda world: {"cohort_slug": world.cohort.slug, "pk": getattr(getattr(world.things, letter), thing).pk}


class Row:
    """One URL, or one kind of thing at it, and what each role is answered."""

    def __init__(
        self,
        name: str,
        get: str,
        post: str = "",
        kwargs: Kwargs | None = None,
        variant: str = "",
        other: str = "405",
    ) -> None:
        self.name, self.variant, self.kwargs = name, variant, kwargs or (lambda world: {})
        self.get = codes(get)
        self.post = codes(post) if post else [405 if code < 300 or code == 405 else code for code in self.get]
        self._other = other

    @property
    def title(self) -> str:
        return f"{self.name} ({self.variant})" if self.variant else self.name

    def path(self, world: World) -> str:
        return reverse(self.name, kwargs=self.kwargs(world))

    def other(self, get: int, post: int) -> int:
        """What PUT, PATCH, DELETE and OPTIONS answer."""
        if self._other == "as GET":
            return get
        guarded = {302, 403, 404}
        return get if get in guarded and post in guarded and get == post else 405


def codes(words: str) -> list[int]:
    """Eight codes, or one for all."""
    found = [int(word) for word in words.split()]
    if len(found) == 1:
        found *= len(ROLES)
    if len(found) != len(ROLES):
        raise ValueError(f"A row has {len(ROLES)} codes, not {len(found)}: {words}")
    return found


def slug(value: str) -> Kwargs:
    return lambda world: {"slug": value}


def on(letter: str, thing: str) -> Kwargs:
    """The URL of a thing that is known by its slug."""
    return lambda world: {"cohort_slug": "world", "slug": getattr(getattr(world.things, letter), thing).slug}


def org(letter: str) -> Kwargs:
    return lambda world: {
        "cohort_slug": "world",
        "organisation_slug": getattr(world.things, letter).membership.organisation.slug,
    }


def key(thing: str) -> Kwargs:
    return lambda world: {"token": getattr(world.things, thing).token}


NO_KEY: Kwargs = lambda world: {"token": "wrong"}  # noqa: E731
MISSING_NOTE = cohort(pk=MISSING)

PLACES: list[tuple[str, str, Kwargs | None]] = [
    ("home", "", None),
    ("accessibility", "", None),
    ("privacy", "", None),
    ("participants:organisation_list", "", None),
    ("participants:invitation_accept", "the key", key("invitation")),
    ("participants:invitation_accept", "no key", NO_KEY),
    ("participants:profile", "", None),
    ("participants:calendar_renew", "", None),
    ("findings:finding_list", "", None),
    ("findings:feed_atom", "", None),
    ("findings:feed_json", "", None),
    *[
        (f"findings:finding_{kind}", state, slug(state))
        for kind in ("detail", "json", "bib", "ris", "pdf")
        for state in ("published", "withdrawn", "draft-a", "missing")
    ],
    ("findings:resource_list", "", None),
    ("findings:agreement_list", "", cohort()),
    ("findings:agreement_detail", "A", on("a", "finding")),
    ("findings:agreement_detail", "B", on("b", "finding")),
    ("findings:agreement_detail", "missing", cohort(slug="missing")),
    ("correspondence:newsletter", "", None),
    ("correspondence:newsletter_confirm", "the key", key("subscriber")),
    ("correspondence:newsletter_confirm", "no key", NO_KEY),
    ("correspondence:newsletter_leave", "the key", key("subscriber")),
    ("correspondence:newsletter_leave", "no key", NO_KEY),
    ("correspondence:mailroom", "", None),
    ("correspondence:mailroom_letter", "", lambda world: {"pk": world.things.letter.pk}),
    ("sitemap", "", None),
    ("robots", "", None),
    ("security_txt", "", None),
    ("change_password", "", None),
    ("favicon", "", None),
    ("healthz", "", None),
    ("readyz", "", None),
    ("calendar_feed", "no key", NO_KEY),
    ("calendar_feed", "the key", lambda world: {"token": world.people["participant"].calendar_token}),
    ("my_programme", "", None),
    ("cohort_detail", "", cohort()),
    ("cohort_detail", "another", lambda world: {"cohort_slug": "elsewhere"}),
    ("membership_detail", "A", org("a")),
    ("membership_detail", "B", org("b")),
    ("workshops:workshop_list", "", cohort()),
    ("workshops:workshop_detail", "", cohort(number=1)),
    ("workshops:workshop_detail", "missing", cohort(number=9)),
    ("workshops:workshop_reply", "", cohort(number=1)),
    ("workshops:workshop_calendar", "", cohort(number=1)),
    ("research:phase_list", "", cohort()),
    ("research:phase_detail", "", cohort(number=1)),
    ("research:phase_detail", "missing", cohort(number=9)),
    ("research:note_list", "", cohort()),
    ("research:note_new", "", cohort()),
    ("research:note_preview", "", cohort()),
    *[
        (f"research:note_{deed}", f"{letter} {thing}", of(letter.lower(), thing))
        for deed in ("detail", "edit", "save", "history", "comment", "delete", "put_back")
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "deleted")
    ],
    *[
        (f"research:note_{deed}", "missing", MISSING_NOTE)
        for deed in ("detail", "edit", "save", "history", "comment", "delete", "put_back")
    ],
    ("research:experiment_new", "", cohort()),
    ("research:experiment_edit", "A", of("a", "experiment")),
    ("research:experiment_edit", "B", of("b", "experiment")),
    ("research:drafts_download", "", None),
    ("mentoring:mentoring_list", "", cohort()),
    ("mentoring:slot_new", "", cohort()),
    *[
        (f"mentoring:{page}", letter, of(letter.lower(), thing))
        for page, thing in [
            ("slot_withdraw", "free"),
            ("session_book", "free"),
            ("session_detail", "session"),
            ("session_cancel", "session"),
            ("session_move", "session"),
            ("session_record", "session"),
            ("remark_new", "session"),
            ("follow_up_new", "session"),
            ("follow_up_tick", "follow_up"),
        ]
        for letter in ("A", "B")
    ],
    ("discussions:topic_list", "", cohort()),
    ("discussions:topic_new", "", cohort()),
    ("discussions:topic_detail", "A", of("a", "topic")),
    ("discussions:topic_detail", "B", of("b", "topic")),
    ("discussions:topic_detail", "everyone's", lambda w: {"cohort_slug": "world", "pk": w.things.open_topic.pk}),
    ("discussions:comment_withdraw", "", lambda w: {"cohort_slug": "world", "pk": w.things.own_comment.pk}),
    ("discussions:comment_put_back", "", lambda w: {"cohort_slug": "world", "pk": w.things.own_comment.pk}),
]
ROWS: list[Row] = []
