"""The rows of the access matrix: the places here, what they answer in matrix.txt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.urls import reverse

from tests.access.world import MISSING, ROLES, World

Kwargs = Callable[[World], dict[str, Any]]


def cohort(**kwargs: Any) -> Kwargs:
    return lambda world: {"cohort_slug": world.cohort.slug, **kwargs}


def of(letter: str, thing: str) -> Kwargs:
    """The URL of a thing of organisation A or B, by its primary key."""
    return lambda world: {"cohort_slug": world.cohort.slug, "pk": getattr(getattr(world.things, letter), thing).pk}


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
TABLE = Path(__file__).with_name("matrix.txt")


@dataclass(frozen=True)
class Row:
    """One URL, or one kind of thing at it, and what each role is answered."""

    name: str
    variant: str
    kwargs: Kwargs | None
    codes: dict[str, list[int]]

    @property
    def title(self) -> str:
        return title_of(self.name, self.variant)

    def path(self, world: World) -> str:
        return reverse(self.name, kwargs=self.kwargs(world) if self.kwargs else {})

    def expected(self, role: str) -> dict[str, int]:
        """The code of each method for this role."""
        column = ROLES.index(role)
        return {method: self.line(method)[column] for method in METHODS}

    def line(self, method: str) -> list[int]:
        return self.codes["GET" if method == "HEAD" else method if method in self.codes else "other"]


def title_of(name: str, variant: str) -> str:
    return f"{name} ({variant})" if variant else name


def read_table(text: str) -> dict[str, dict[str, list[int]]]:
    """The codes of each method of each place; a line that has not one code for each role is refused."""
    table: dict[str, dict[str, list[int]]] = {}
    place = ""
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            place = line.strip()
            table[place] = {}
            continue
        method, *codes = line.split()
        if len(codes) != len(ROLES):
            raise ValueError(f"{place} {method} has {len(codes)} codes for {len(ROLES)} roles")
        table[place][method] = [int(code) for code in codes]
    return table


def version_of(letter: str, thing: str) -> Kwargs:
    """The URL of the first version of a note of organisation A or B."""

    def kwargs(world: World) -> dict[str, Any]:
        note = getattr(getattr(world.things, letter), thing)
        return {"cohort_slug": "world", "pk": note.pk, "version_pk": note.versions.order_by("pk")[0].pk}

    return kwargs


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
NOTE_DEEDS = ("detail", "edit", "save", "history", "presence", "comment", "delete", "put_back")


def met(letter: str) -> Kwargs:
    """The page of a conflict in the organisation's inner note: the text that was put aside."""

    def kwargs(world: World) -> dict[str, Any]:
        things = getattr(world.things, letter)
        return {"cohort_slug": "world", "pk": things.inner.pk, "kept": things.kept.pk}

    return kwargs


def file_of(letter: str, thing: str) -> Kwargs:
    """The URL of the file that hangs on a note of organisation A or B."""

    def kwargs(world: World) -> dict[str, Any]:
        note = getattr(getattr(world.things, letter), thing)
        return {"cohort_slug": "world", "pk": note.pk, "file_pk": world.things.files[note.pk].pk}

    return kwargs


def missing_file(world: World) -> dict[str, Any]:
    return {"cohort_slug": "world", "pk": world.things.a.shared.pk, "file_pk": MISSING}


def release(finding: str, number: int) -> Kwargs:
    return lambda _: {"slug": finding, "number": number}


def pictured(world: World, letter: str = "", **more: str) -> dict[str, Any]:
    """The URL of the picture of the published finding, or of a draft."""
    of_whom = getattr(world.things, letter) if letter else world.things
    return {"pk": of_whom.picture.pk, **more}


def us_too_under(letter: str) -> Kwargs:
    """The URL of what the other organisation said under a note."""

    def kwargs(world: World) -> dict[str, Any]:
        said = getattr(world.things, letter).shared.us_toos.get()
        return {"cohort_slug": "world", "pk": said.note_id, "us_too_pk": said.pk}

    return kwargs


PLACES: list[tuple[str, str, Kwargs | None]] = [
    ("home", "", None),
    ("accessibility", "", None),
    ("privacy", "", None),
    ("participants:organisation_list", "", None),
    ("participants:invitation_accept", "the key", key("invitation")),
    ("participants:invitation_accept", "no key", NO_KEY),
    ("participants:profile", "", None),
    ("participants:letters", "", None),
    ("participants:calendar_renew", "", None),
    ("findings:finding_list", "", None),
    ("findings:feed_atom", "", None),
    ("findings:feed_json", "", None),
    *[
        (f"findings:finding_{kind}", state, slug(state))
        for kind in ("detail", "json", "csl", "bib", "ris", "pdf", "png")
        for state in ("published", "withdrawn", "draft-a", "missing")
    ],
    *[
        ("findings:finding_release", state, release(state, 1))
        for state in ("published", "withdrawn", "draft-a", "missing")
    ],
    ("findings:finding_release", "no such", release("published", 2)),
    *[
        (f"findings:theme_{kind}", theme, slug(theme))
        for kind in ("atom", "json")
        for theme in ("public-theme", "missing")
    ],
    *[
        (f"findings:report_{kind}", state, slug(f"report-{state}"))
        for kind in ("detail", "pdf")
        for state in ("published", "draft", "missing")
    ],
    *[
        ("findings:report_edition", state, lambda world, state=state: {"slug": f"report-{state}", "number": 1})
        for state in ("published", "draft", "missing")
    ],
    ("findings:resource_list", "", None),
    *[("findings:finding_welsh", state, slug(state)) for state in ("published", "withdrawn", "draft-a", "missing")],
    ("findings:finding_follow", "published", slug("published")),
    ("findings:finding_follow", "withdrawn", slug("withdrawn")),
    ("findings:follow_confirm", "no key", lambda world: {"key": "wrong"}),
    ("findings:follow_leave", "no key", lambda world: {"key": "wrong"}),
    ("findings:finding_review", "the key", lambda world: {"key": world.things.review_key}),
    ("findings:finding_review", "a closed one", lambda world: {"key": world.things.closed_review_key}),
    ("findings:finding_review", "no key", lambda world: {"key": "wrong"}),
    ("findings:review_picture", "the key", lambda world: pictured(world, key=world.things.review_key)),
    ("findings:review_picture", "no key", lambda world: pictured(world, key="wrong")),
    ("findings:finding_picture", "published", lambda world: pictured(world, slug="published")),
    ("findings:finding_picture", "draft-a", lambda world: pictured(world, "a", slug="draft-a")),
    ("findings:finding_picture", "published, of a draft", lambda world: pictured(world, "a", slug="published")),
    ("findings:agreement_picture", "A", lambda world: pictured(world, "a", cohort_slug="world", slug="draft-a")),
    ("findings:agreement_picture", "B", lambda world: pictured(world, "b", cohort_slug="world", slug="draft-b")),
    ("findings:agreement_list", "", cohort()),
    ("findings:agreement_detail", "A", on("a", "finding")),
    ("findings:agreement_detail", "B", on("b", "finding")),
    ("findings:agreement_detail", "missing", cohort(slug="missing")),
    ("findings:gathering_room", "", cohort()),
    ("findings:passage_list", "", cohort()),
    ("findings:theme_table", "", cohort()),
    *[
        ("findings:passage_new", f"{letter} {thing}", of(letter.lower(), thing))
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "deleted")
    ],
    ("findings:passage_new", "missing", MISSING_NOTE),
    *[
        (f"findings:passage_{deed}", letter, of(letter.lower(), "passage"))
        for deed in ("edit", "remove", "put_back", "take")
        for letter in ("A", "B")
    ],
    ("findings:passage_edit", "missing", cohort(pk=999999)),
    ("correspondence:newsletter", "", None),
    ("correspondence:newsletter_confirm", "the key", lambda w: {"token": w.things.subscriber.confirm_token}),
    ("correspondence:newsletter_confirm", "no key", NO_KEY),
    ("correspondence:newsletter_leave", "the key", key("subscriber")),
    ("correspondence:newsletter_leave", "no key", NO_KEY),
    ("correspondence:letters_leave", "the key", lambda world: {"token": world.things.leavable.leave_token}),
    ("correspondence:letters_leave", "no key", NO_KEY),
    ("correspondence:provider_says", "", None),
    ("correspondence:mailroom", "", None),
    ("correspondence:mailroom_letter", "", lambda world: {"pk": world.things.letter.pk}),
    ("correspondence:mailroom_html", "", lambda world: {"pk": world.things.letter.pk}),
    ("sitemap", "", None),
    ("robots", "", None),
    ("security_txt", "", None),
    ("change_password", "", None),
    ("service_worker", "", None),
    ("offline", "", None),
    ("participants:device_key", "", None),
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
    ("research:note_deleted_list", "", cohort()),
    ("research:note_new", "", cohort()),
    ("research:note_preview", "", cohort()),
    *[
        (f"research:note_{deed}", f"{letter} {thing}", of(letter.lower(), thing))
        for deed in NOTE_DEEDS
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "deleted")
    ],
    *[(f"research:note_{deed}", "missing", MISSING_NOTE) for deed in NOTE_DEEDS],
    ("research:note_conflict", "A", met("a")),
    ("research:note_conflict", "B", met("b")),
    ("research:note_conflict", "missing", cohort(pk=MISSING, kept=1)),
    *[
        (f"research:note_{deed}", f"{letter} {thing}", of(letter.lower(), thing))
        for deed in ("compare", "readers", "addendum")
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "locked", "deleted")
    ],
    *[
        ("research:us_too_new", f"{letter} {thing}", of(letter.lower(), thing))
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "deleted")
    ],
    ("research:us_too_new", "missing", MISSING_NOTE),
    ("research:us_too_remove", "under A's note", us_too_under("a")),
    ("research:us_too_remove", "under B's note", us_too_under("b")),
    *[
        (f"research:note_{deed}", f"{letter} locked", of(letter.lower(), "locked"))
        for deed in ("detail", "edit", "history")
        for letter in ("A", "B")
    ],
    *[
        ("research:note_restore", f"{letter} {thing}", version_of(letter.lower(), thing))
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "locked", "deleted")
    ],
    ("research:note_restore", "A, no such version", lambda w: {**of("a", "inner")(w), "version_pk": 999999}),
    ("research:note_restore", "missing", cohort(pk=MISSING, version_pk=1)),
    *[(f"research:note_{deed}", "missing", MISSING_NOTE) for deed in ("compare", "readers", "addendum")],
    ("research:experiment_list", "", cohort()),
    ("research:note_quick", "", cohort()),
    *[
        (f"research:{page}", f"{letter} {thing}", of(letter.lower(), thing))
        for page in ("note_attachments", "attachment_save")
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "deleted")
    ],
    *[(f"research:{page}", "missing", MISSING_NOTE) for page in ("note_attachments", "attachment_save")],
    *[
        (f"research:attachment_{deed}", f"{letter} {thing}", file_of(letter.lower(), thing))
        for deed in ("detail", "describe", "remove", "put_back")
        for letter in ("A", "B")
        for thing in ("draft", "inner", "shared", "deleted")
    ],
    *[
        (f"research:attachment_{deed}", "missing", missing_file)
        for deed in ("detail", "describe", "remove", "put_back")
    ],
    ("research:experiment_new", "", cohort()),
    *[
        (f"research:experiment_{page}", letter, of(letter.lower(), "experiment"))
        for page in ("detail", "edit", "history")
        for letter in ("A", "B")
    ],
    ("research:experiment_detail", "missing", cohort(pk=999999)),
    ("research:drafts_download", "", None),
    ("research:archive_list", "", None),
    ("research:membership_archive", "A", org("a")),
    ("research:membership_archive", "B", org("b")),
    *[
        (f"research:archive_{deed}", variant, kwargs)
        for deed in ("detail", "progress", "file", "delete")
        for variant, kwargs in [
            ("the participant's", lambda world: {"pk": world.things.archive.pk}),
            ("missing", lambda world: {"pk": MISSING}),
        ]
    ],
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
    # Account pages are one's own: they answer everybody who is signed in alike.
    ("account_login", "", None),
    ("account_logout", "", None),
    ("account_inactive", "", None),
    ("account_signup", "", None),
    ("account_reauthenticate", "", None),
    ("account_email", "", None),
    ("account_email_verification_sent", "", None),
    ("account_change_password", "", None),
    ("account_set_password", "", None),
    ("account_reset_password", "", None),
    ("account_confirm_login_code", "", None),
    ("account_confirm_password_reset_code", "", None),
    ("account_complete_password_reset", "", None),
    ("account_password_reset_completed", "", None),
    ("account_request_login_code", "", None),
    ("mfa_index", "", None),
    ("mfa_authenticate", "", None),
    ("mfa_reauthenticate", "", None),
    ("mfa_activate_totp", "", None),
    ("mfa_deactivate_totp", "", None),
    ("mfa_view_recovery_codes", "", None),
    ("mfa_generate_recovery_codes", "", None),
    ("mfa_download_recovery_codes", "", None),
    ("mfa_list_webauthn", "", None),
    ("mfa_add_webauthn", "", None),
    ("mfa_reauthenticate_webauthn", "", None),
    ("mfa_remove_webauthn", "", lambda world: {"pk": 1}),
    ("mfa_edit_webauthn", "", lambda world: {"pk": 1}),
    ("mfa_login_webauthn", "", None),
    ("usersessions_list", "", None),
]
CODES = read_table(TABLE.read_text("utf-8"))
ROWS = [Row(name, variant, kwargs, CODES.get(title_of(name, variant), {})) for name, variant, kwargs in PLACES]
