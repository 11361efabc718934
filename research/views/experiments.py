from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..cards import changes_of, side_by_side
from ..forms import ExperimentFilter, ExperimentForm, fresh
from ..models import Experiment, ResearchNote, name_kinds
from ..saving import memberships_to_write_for
from ..trying import begin_experiment, save_experiment

CARDS_A_PAGE = 12
VERSIONS_A_PAGE = 20


@cohort_page
@require_safe
def experiment_list(request: SignedIn, cohort: Cohort) -> HttpResponse:
    readable = Experiment.objects.visible_to(request.user).filter(membership__cohort=cohort)
    form = ExperimentFilter(request.GET, readable=readable)
    cards = form.narrow(readable).select_related("membership__cohort", "membership__organisation")
    context = {
        "cohort": cohort,
        "here": "notes",
        "form": form,
        "is_narrowed": bool(form.asked),
        "page": Paginator(cards.prefetch_related("framings"), CARDS_A_PAGE).get_page(request.GET.get("page")),
        "can_write": memberships_to_write_for(request.user, cohort).exists(),
    }
    return render(request, "research/experiment_list.html", context)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def experiment_new(request: SignedIn, cohort: Cohort) -> HttpResponse:
    memberships = list(memberships_to_write_for(request.user, cohort))
    if not memberships:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = ExperimentForm(data, memberships=memberships, initial={"base_version": 0})
    if form.is_valid():
        experiment = begin_experiment(form.membership, form.boxes, request.user, timezone.now())
        messages.success(request, "Saved. Your organisation, its mentor and programme staff can read this card.")
        return redirect(experiment)
    context = {"cohort": cohort, "here": "notes", "form": form, "membership": memberships[0]}
    return render(request, "research/experiment_new.html", context, status=422 if form.is_bound else 200)


def experiment_or_404(request: SignedIn, cohort: Cohort, pk: int) -> Experiment:
    readable = Experiment.objects.visible_to(request.user).filter(membership__cohort=cohort)
    return get_object_or_404(readable.select_related("membership__cohort", "membership__organisation"), pk=pk)


@cohort_page
@require_safe
def experiment_detail(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    """The card, how its question grew, and the notes of it that the reader may read."""
    experiment = experiment_or_404(request, cohort, pk)
    notes = list(ResearchNote.objects.visible_to(request.user).present().filter(experiment=experiment).for_list())
    name_kinds(notes, cohort)
    context = {
        "cohort": cohort,
        "here": "notes",
        "experiment": experiment,
        "framings": experiment.framings.select_related("author"),
        "notes": notes,
        "can_edit": experiment.can_be_edited_by(request.user),
    }
    return render(request, "research/experiment_detail.html", context)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def experiment_edit(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    experiment = experiment_or_404(request, cohort, pk)
    if not experiment.can_be_edited_by(request.user):
        raise PermissionDenied
    memberships = [experiment.membership]
    context = {"cohort": cohort, "here": "notes", "experiment": experiment}
    if request.method != "POST":
        form = ExperimentForm(None, memberships=memberships, initial=ExperimentForm.initial_of(experiment))
        return render(request, "research/experiment_edit.html", {**context, "form": form})
    form = ExperimentForm(request.POST, memberships=memberships)
    if not form.is_valid():
        return render(request, "research/experiment_edit.html", {**context, "form": form}, status=422)
    version = save_experiment(experiment, form.cleaned_data["base_version"], form.boxes, request.user, timezone.now())
    if version.number:
        messages.success(request, "Saved. What the card said before is kept with its date.")
        return redirect(experiment)
    experiment = experiment_or_404(request, cohort, pk)
    form = ExperimentForm(fresh(request.POST, experiment.version), memberships=memberships)
    theirs = experiment.versions.select_related("author").filter(number=experiment.version).first()
    context |= {"experiment": experiment, "form": form, "theirs": theirs}
    context["both"] = side_by_side(experiment.boxes, version.boxes)
    return render(request, "research/experiment_edit.html", context, status=409)


@cohort_page
@require_safe
def experiment_history(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    """Every version of a card, for those who may read the card, with what each changed."""
    experiment = experiment_or_404(request, cohort, pk)
    page = Paginator(experiment.versions.select_related("author"), VERSIONS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "cohort": cohort,
        "here": "notes",
        "experiment": experiment,
        "page": page,
        "changes": changes_of(list(page), experiment),
    }
    return render(request, "research/experiment_history.html", context)
