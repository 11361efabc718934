from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from participants.guards import SignedIn, cohort_page, is_seated
from participants.models import Cohort

from ..models import ResearchNote, ResearchPhase, name_kinds

NOTES_SHOWN = 10


@cohort_page
@require_safe
def phase_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    today = timezone.localdate(timezone.now())
    readable = ResearchNote.objects.visible_to(request.user).present().filter(phase__cohort=cohort)
    counts = dict(readable.order_by().values_list("phase").annotate(Count("pk")))
    phases = list(cohort.phases.all())
    for phase in phases:
        phase.stage_today = phase.stage(today)
        phase.note_count = counts.get(phase.pk, 0)
    context = {
        "cohort": cohort,
        "here": "phases",
        "phases": phases,
        "today": today,
        "open_phase": next((phase for phase in phases if phase.stage_today == "open"), None),
        "next_phase": next((phase for phase in phases if phase.stage_today == "before"), None),
        "can_write": is_seated(request.user, cohort),
    }
    return render(request, "research/phase_list.html", context)


@cohort_page
@require_safe
def phase_detail(request: SignedIn, cohort: Cohort, number: int) -> HttpResponse:
    phase = get_object_or_404(ResearchPhase.objects.prefetch_related("prompts"), cohort=cohort, number=number)
    now = timezone.now()
    today = timezone.localdate(now)
    readable = ResearchNote.objects.visible_to(request.user).present().filter(phase=phase)
    notes = list(readable.for_list()[:NOTES_SHOWN])
    name_kinds(notes, cohort)
    context = {
        "cohort": cohort,
        "here": "phases",
        "phase": phase,
        "stage": phase.stage(today),
        "is_locked": phase.is_locked(now),
        "today": today,
        "notes": notes,
        "note_count": readable.count(),
        "can_write": is_seated(request.user, cohort),
    }
    return render(request, "research/phase_detail.html", context)
