from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from participants.guards import SignedIn, cohort_page
from participants.models import Cohort

from ..forms import ExperimentForm, fresh
from ..models import Experiment, ResearchNote, name_kinds
from ..saving import memberships_to_write_for
from ..trying import begin_experiment, save_experiment


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def experiment_new(request: SignedIn, cohort: Cohort) -> HttpResponse:
    memberships = list(memberships_to_write_for(request.user, cohort))
    if not memberships:
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = ExperimentForm(data, memberships=memberships, initial={"base_version": 0})
    if form.is_valid():
        question, hunch = form.cleaned_data["question"], form.cleaned_data["hunch"]
        experiment = begin_experiment(form.membership, form.card, question, hunch, request.user, timezone.now())
        messages.success(request, "Saved. Your organisation, its mentor and programme staff can read this card.")
        return redirect(experiment)
    context = {"cohort": cohort, "here": "notes", "form": form, "membership": memberships[0]}
    return render(request, "research/experiment_new.html", context, status=422 if form.is_bound else 200)


@cohort_page
@require_http_methods(["GET", "HEAD", "POST"])
def experiment_edit(request: SignedIn, cohort: Cohort, pk: int) -> HttpResponse:
    """The card: to read for those who may, to write for people of the organisation."""
    experiments = Experiment.objects.visible_to(request.user).filter(membership__cohort=cohort)
    related = experiments.select_related("membership__cohort", "membership__organisation")
    experiment = get_object_or_404(related, pk=pk)
    can_edit = experiment.can_be_edited_by(request.user)
    if request.method != "POST":
        form = ExperimentForm(None, memberships=[experiment.membership], initial=ExperimentForm.initial_of(experiment))
        return show_experiment(request, experiment, form if can_edit else None)
    if not can_edit:
        raise PermissionDenied
    form = ExperimentForm(request.POST, memberships=[experiment.membership])
    if not form.is_valid():
        return show_experiment(request, experiment, form, status=422)
    asked = form.cleaned_data
    if save_experiment(
        experiment, asked["base_version"], form.card, asked["question"], asked["hunch"], request.user, timezone.now()
    ):
        messages.success(request, "Saved. Earlier wordings of question and hunch are kept below, with their dates.")
        return redirect(experiment)
    form = ExperimentForm(fresh(request.POST, experiment.version), memberships=[experiment.membership])
    return show_experiment(request, experiment, form, status=409)


def show_experiment(
    request: SignedIn, experiment: Experiment, form: ExperimentForm | None, status: int = 200
) -> HttpResponse:
    cohort = experiment.membership.cohort
    notes = list(ResearchNote.objects.visible_to(request.user).present().filter(experiment=experiment).for_list())
    name_kinds(notes, cohort)
    context = {
        "cohort": cohort,
        "here": "notes",
        "experiment": experiment,
        "framings": experiment.framings.select_related("author"),
        "notes": notes,
        "form": form,
        "is_conflict": status == 409,
    }
    return render(request, "research/experiment_edit.html", context, status=status)
