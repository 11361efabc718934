"""Questions whose SQL is written once find what their QuerySet finds, each time for what is asked."""

import pytest

from participants.asking import PLACE, asked_often, counted_often
from participants.models import Cohort, Membership
from tests.factories import a_cohort, a_membership

pytestmark = pytest.mark.django_db


@asked_often
def cohorts_called(slug):
    return Cohort.objects.filter(slug=slug)


@asked_often
def every_cohort():
    return Cohort.objects.order_by("-pk")


@asked_often
def memberships_at(cohort_slug):
    return Membership.objects.filter(cohort__slug=cohort_slug).select_related("cohort", "organisation").order_by("pk")


@counted_often
def slugs():
    return Cohort.objects.order_by("-pk").values("slug", "number")


def test_each_question_is_answered_for_itself(django_assert_num_queries):
    first, second = a_cohort(), a_cohort()
    with django_assert_num_queries(2):
        assert cohorts_called(first.slug) == [first]
        assert cohorts_called(second.slug) == [second]
    assert every_cohort() == [second, first]
    assert slugs() == [{"slug": each.slug, "number": each.number} for each in (second, first)]


def test_rows_are_as_their_queryset_gives_them():
    cohort = a_cohort()
    found, whole = cohorts_called(cohort.slug)[0], Cohort.objects.get()
    assert [getattr(found, field.attname) for field in Cohort._meta.concrete_fields] == [
        getattr(whole, field.attname) for field in Cohort._meta.concrete_fields
    ]


def test_related_rows_come_along_in_the_same_query(django_assert_num_queries):
    cohort = a_cohort()
    made = [a_membership(cohort, name) for name in ("Sample Museum", "Sample Archive")]
    with django_assert_num_queries(1):
        found = memberships_at(cohort.slug)
        assert [(each.cohort, each.organisation) for each in found] == [(cohort, each.organisation) for each in made]
    assert found == made


@pytest.mark.parametrize("text", ["' OR ''='", "%s", "%", PLACE, "", "?"])
def test_no_text_is_more_than_a_text(text):
    a_cohort()
    assert cohorts_called(text) == []
