"""An old cohort as the pattern of a new one."""

from __future__ import annotations

from django.db import transaction

from participants.models import Cohort
from research.models import KindLabel, Prompt, ResearchPhase
from workshops.models import AgendaItem, Workshop


@transaction.atomic
def clone(cohort: Cohort, *, slug: str, number: int | None, title: str) -> Cohort:
    """A new draft with the workshops, agendas, phases, prompts and names of kinds of the old one.

    No date, place, organisation, person or note comes along, and a draft sends nothing; reminder rules are for all
    cohorts and so hold for it once it runs.
    """
    new = Cohort.objects.create(
        slug=slug,
        number=number,
        title=title,
        series=cohort.series,
        ways_of_learning=cohort.ways_of_learning,
        mentoring_form=cohort.mentoring_form,
        contact_name=cohort.contact_name,
        contact_role=cohort.contact_role,
        contact_email=cohort.contact_email,
        contact_phone=cohort.contact_phone,
    )
    for workshop in cohort.workshops.prefetch_related("agenda"):
        twin = Workshop.objects.create(
            cohort=new,
            number=workshop.number,
            title=workshop.title,
            length=workshop.length,
            introduction=workshop.introduction,
        )
        AgendaItem.objects.bulk_create(
            AgendaItem(workshop=twin, starts=item.starts, title=item.title, detail=item.detail)
            for item in workshop.agenda.all()
        )
    for phase in cohort.phases.prefetch_related("prompts"):
        copy = ResearchPhase.objects.create(
            cohort=new, number=phase.number, name=phase.name, where=phase.where, brief=phase.brief
        )
        Prompt.objects.bulk_create(Prompt(phase=copy, text=prompt.text) for prompt in phase.prompts.all())
    KindLabel.objects.bulk_create(
        KindLabel(cohort=new, kind=label.kind, label=label.label) for label in cohort.kind_labels.all()
    )
    return new
