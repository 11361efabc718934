"""Where staff and mentors read notes side by side, and see what they marked in them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Prefetch, Q, QuerySet, Window, prefetch_related_objects
from django.db.models.functions import RowNumber
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from participants.guards import SignedIn
from participants.models import Cohort, User
from research.models import ResearchNote, UsToo, name_kinds

from ..forms_gathering import GatheringFilter, ThemeForm
from ..gathering import one_way, pieces_of, theme_named
from ..guards import gathering_page
from ..models import Passage, notes_to_gather
from ..theme_counts import counts_of

COLUMNS, IN_COLUMN, ALONE, PASSAGES = 3, 6, 12, 30  # side by side; notes of each; of one alone; passages a page


@gathering_page
@require_safe
def gathering_room(request: SignedIn, cohort: Cohort) -> HttpResponse:
    form = GatheringFilter(request.GET, cohort=cohort, user=request.user)
    found = form.notes(notes_to_gather(request.user).filter(membership__cohort=cohort))
    key = "phase" if form.asked.get("by") == "phase" else "membership"
    page, columns = side_by_side(found, key, request.GET.get("page"))
    read(cohort, request.user, [note for column in columns for note in column["notes"]])
    context = {
        "cohort": cohort,
        "here": "gather",
        "form": form,
        "page": page,
        "columns": columns,
        "by": key,
        "is_narrowed": bool(set(form.asked) - {"by"}),
    }
    return render(request, "findings/gathering_room.html", context)


def side_by_side(found: Any, key: str, number: str | None) -> tuple[Page, list[dict[str, Any]]]:
    """A page of columns, each with its `name`, `value` for the filter, how many notes it has and the latest of them;
    of a single column, a page of its notes."""
    name, value = {
        "membership": ("membership__name", "membership__organisation__slug"),
        "phase": ("phase__name", "phase__number"),
    }[key]
    counted = found.order_by().values(key, value, heading=F(name)).annotate(n=Count("pk", distinct=True))
    groups = list(counted.order_by(value if key == "phase" else name, key))
    rows = found.select_related("membership__cohort", "phase")
    if len(groups) == 1:
        alone = Paginator(rows.order_by("-updated_at", "pk"), ALONE).get_page(number)
        return alone, [column(groups[0], key, value, list(alone))]
    page = Paginator(groups, COLUMNS).get_page(number)
    some = [group[key] for group in page if group[key] is not None]
    wanted = Q(**{f"{key}__in": some})
    if len(some) < len(page):
        wanted |= Q(**{key: None})
    place = Window(RowNumber(), partition_by=key, order_by=["-updated_at", "pk"])
    latest = rows.filter(wanted).annotate(place=place).filter(place__lte=IN_COLUMN).order_by("-updated_at", "pk")
    of: dict[Any, list[ResearchNote]] = {}
    for note in latest:
        of.setdefault(getattr(note, f"{key}_id"), []).append(note)
    return page, [column(group, key, value, of.get(group[key], [])) for group in page]


def column(group: dict[str, Any], key: str, value: str, notes: list[ResearchNote]) -> dict[str, Any]:
    heading = group["heading"]
    if key == "phase":
        number = group[value]
        heading = "No phase" if number is None else f"Phase {number}: {heading}" if heading else f"Phase {number}"
    return {"heading": heading, "value": group[value], "n": group["n"], "notes": notes}


def read(cohort: Cohort, user: User, notes: list[ResearchNote]) -> None:
    """Gives each note its `pieces`, with what is marked in them, passages of `earlier` versions, and its us toos."""
    name_kinds(notes, cohort)
    passages = Passage.objects.visible_to(user).present().filter(version__note__in=[note.pk for note in notes])
    of: dict[Any, list[Passage]] = {}
    for passage in passages.for_list():
        of.setdefault(passage.version.note_id, []).append(passage)
    said = Prefetch("us_toos", UsToo.objects.present().select_related("membership"), to_attr="joined")
    prefetch_related_objects(notes, said)
    for note in notes:
        show_marks(note, note.body, note.version, of.get(note.pk, []))


def show_marks(note: Any, body: str, version: int, passages: list[Passage]) -> None:
    """What a page needs to show a text of the note with the passages of that version marked in it."""
    note.marked = [passage for passage in passages if passage.version.number == version]
    note.earlier = [passage for passage in passages if passage.version.number != version]
    note.pieces = pieces_of(body, note.marked)
    for piece in note.pieces:
        piece.text = one_way(piece.text)


@gathering_page
@require_safe
def passage_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    form = GatheringFilter(request.GET, cohort=cohort, user=request.user)
    passages = form.passages(passages_of(cohort, request.user))
    page = Paginator(passages.for_list().order_by("-marked_at", "-pk"), PASSAGES).get_page(request.GET.get("page"))
    context = {
        "cohort": cohort,
        "here": "gather",
        "form": form,
        "page": page,
        "is_narrowed": bool(form.asked),
    }
    return render(request, "findings/passage_list.html", context)


def passages_of(cohort: Cohort, user: User) -> Any:
    return Passage.objects.visible_to(user).present().filter(version__note__membership__cohort=cohort)


@gathering_page
@require_http_methods(["GET", "HEAD", "POST"])
def theme_table(request: SignedIn, cohort: Cohort) -> HttpResponse:
    """How often each theme was marked, by organisation and by phase; and the place to add one."""
    form = ThemeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        known = cohort.themes.count()
        theme = theme_named(cohort, form.cleaned_data["name"])
        is_new = cohort.themes.count() > known
        messages.success(request, f"“{theme}” is {'a theme now' if is_new else 'in the list already'}.")
        return redirect("findings:theme_table", cohort.slug)
    passages: QuerySet[Passage] = passages_of(cohort, request.user)
    context = {
        "cohort": cohort,
        "here": "gather",
        "tables": [counts_of(cohort, passages, way) for way in ("organisation", "phase")],
        "form": form,
    }
    return render(request, "findings/theme_table.html", context, status=422 if form.is_bound else 200)
