"""The headings findings are written under: the usual ones, a cohort's own, and those of what a whole cohort found."""

import pytest

from findings.models import Finding, Headings
from tests.admin.desk import text_of
from tests.factories import NOW, a_cohort, a_finding, a_membership, a_published_finding, agreed, staff

pytestmark = pytest.mark.django_db


def headings(finding):
    return [section["heading"] for section in finding.text()["sections"]]


@pytest.fixture
def cohort():
    return a_cohort()


def test_a_cohort_has_words_of_its_own_and_the_usual_ones_where_it_has_none(cohort):
    finding = a_finding(cohort, a_membership(cohort), thought="T.", did="D.")
    other = a_finding(a_cohort(slug="lgr7", number=7), thought="T.", learned="")
    Headings.objects.create(cohort=cohort, thought="Our hunch")

    assert headings(finding) == ["Our hunch", "What we did", "What we learned"]
    assert headings(other) == ["What we thought"]


def test_what_a_whole_cohort_found_comes_under_headings_of_its_own_and_nothing_else_that_is_written_is_lost(cohort):
    parts = {"learned": "L.", "evidence": "E.", "think_about": "T.", "act": "A.", "explore": "X."}
    whole = a_finding(cohort, **parts)
    of_one = a_finding(cohort, a_membership(cohort), **parts)

    assert headings(whole) == ["Evidence", "Think about", "Do", "Explore", "What we learned"]
    assert headings(of_one) == ["What we learned", "Evidence", "Think about", "Do", "Explore"]


def test_what_is_published_keeps_its_headings_and_a_yes_was_to_them(cohort):
    finding = a_published_finding(cohort, a_membership(cohort))
    waiting = a_finding(cohort, a_membership(cohort))
    agreed(waiting)
    Headings.objects.create(cohort=cohort, learned="What stayed with us")

    assert finding.release.content["sections"][0]["heading"] == "What we learned"
    assert waiting.missing_agreements()
    with pytest.raises(Exception, match="another wording"):
        waiting.publish(NOW, None)


def test_staff_change_them_at_the_desk_and_hear_who_has_to_be_asked_again(client, cohort):
    agreed(a_finding(cohort, a_membership(cohort)))
    Finding.objects.update(state=Finding.State.WITH_ORGANISATION)
    client.force_login(staff())

    answer = client.post("/admin/findings/headings/add/", {"cohort": cohort.pk, "act": "Try this"}, follow=True)

    assert "1 finding is with the organisations: ask again." in text_of(answer)
    assert Headings.objects.get().act == "Try this"


def test_the_desks_form_names_each_part_as_readers_will(client, cohort):
    Headings.objects.create(cohort=cohort, thought="Our hunch")
    client.force_login(staff())
    page = text_of(client.get(f"/admin/findings/finding/{a_finding(cohort).pk}/change/"))

    assert "Our hunch:" in page
    assert "Think about:" in page


def test_the_desks_form_begins_with_the_parts_of_its_kind_and_folds_away_the_others(client, cohort):
    client.force_login(staff())
    found = {}
    for name, finding in {
        "of one": a_finding(cohort, a_membership(cohort)),
        "not known yet": a_finding(cohort, learned=""),
        "of all": a_finding(cohort, learned="", evidence="E."),
        "of all, with a part of one": a_finding(cohort, learned="L.", evidence="E."),
    }.items():
        form = client.get(f"/admin/findings/finding/{finding.pk}/change/").context["adminform"]
        found[name] = [(fieldset.name, "collapse" in fieldset.classes) for fieldset in form][1:3]

    one, whole = "Text", "Text of a finding of the whole cohort"
    assert found == {
        "of one": [(one, False), (whole, True)],
        "not known yet": [(one, False), (whole, False)],
        "of all": [(whole, False), (one, True)],
        "of all, with a part of one": [(whole, False), (one, False)],
    }
