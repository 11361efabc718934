import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..forms import AudienceForm
from ..models import ResearchNote
from ..saving import Change, NoSuchNote, Refused, save_note
from ..widening import widening
from .notes import note_or_404


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def note_readers(request: SignedIn, cohort: Cohort, pk: uuid.UUID) -> HttpResponse:
    """Who will be able to read a note with `?audience=`, and the button that makes it so.

    With `?part=said` only the sentences, for the editor's own question. Changes no word, so a locked note has it too.
    """
    note = note_or_404(request.user, cohort, pk, timezone.now())
    if not note.can_be_edited_by(request.user):
        raise PermissionDenied
    form = AudienceForm(request.POST if request.method == "POST" else None, note=note, user=request.user)
    if request.method != "POST":
        return show_readers(request, note, form, request.GET.get("audience", ""))
    if not form.is_valid():
        return show_readers(request, note, form, request.POST.get("audience", ""), status=422)
    asked = form.cleaned_data
    change = Change(asked["save_id"], asked["base_version"], note.title, note.body, {"audience": asked["audience"]})
    try:
        outcome = save_note(note.pk, cohort, change, request.user, timezone.now())
    except NoSuchNote as error:
        raise Http404 from error
    except Refused as refusal:
        form.add_error(None, refusal.message)
        return show_readers(request, note, form, asked["audience"], status=refusal.status)
    if outcome.kept:
        return show_readers(request, outcome.note, form, asked["audience"], status=409)
    note.refresh_from_db()
    messages.success(request, f"{note.readers} now.")
    return redirect(note)


def show_readers(
    request: SignedIn, note: ResearchNote, form: AudienceForm, audience: str, status: int = 200
) -> HttpResponse:
    chosen = audience if audience in dict(form.fields["audience"].choices) else ""  # type: ignore[attr-defined]
    context = {
        "cohort": note.membership.cohort,
        "here": "notes",
        "note": note,
        "form": form,
        "fresh": AudienceForm(None, note=note, user=request.user, initial={"audience": chosen}),
        "chosen": chosen,
        "said": widening(note, chosen, request.user) if chosen else None,
        "is_stale": status == 409,
    }
    part = request.method != "POST" and request.GET.get("part") == "said"
    template = "research/note_widening.html" if part else "research/note_readers.html"
    return render(request, template, context, status=status)
