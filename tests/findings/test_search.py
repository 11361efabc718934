"""The public's search: words of what is published, however they are written; never of a working copy."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from findings.models import Finding, FindingWords
from findings.models.search import facet_word
from findings.searching import MOST, FoundFindings
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_phase,
    a_published_finding,
    a_theme,
    agreed,
    an_excerpt,
)

pytestmark = pytest.mark.django_db


def titles(client, question, **filters):
    page = client.get("/findings/", {"q": question, **filters})
    assert page.status_code == 200
    return [finding.shown["title"] for finding in page.context["page"]]


def corrected(finding, **words):
    Finding.objects.filter(pk=finding.pk).update(**words)
    finding.refresh_from_db()
    agreed(finding)
    finding.publish(NOW + timedelta(days=2), None, "Other words.")


@pytest.mark.parametrize(
    "question", ["cafe", "CAFÉ", "Cafés", "volunteer", "organizing volunteers", "volunteered café", "“café”", "café*"]
)
def test_words_are_found_whatever_their_accent_capital_or_ending(client, question):
    cohort = a_cohort()
    a_published_finding(cohort, title="A café asks", learned="Volunteers organised it.")
    a_published_finding(cohort, title="Another")
    assert titles(client, question) == ["A café asks"]


def test_every_word_must_be_there(client):
    a_published_finding(a_cohort(), title="Lanterns", learned="They glow.")
    assert titles(client, "lantern glow") == ["Lanterns"]
    assert titles(client, "lantern whale") == []


def test_titles_come_first_then_the_newest(client):
    cohort = a_cohort()
    for number, (title, text) in enumerate([("Lanterns", "One."), ("Second", "A lantern."), ("Third", "A lantern.")]):
        finding = a_finding(cohort, title=title, learned=text)
        finding.publish(NOW + timedelta(days=number), None)
    assert titles(client, "lantern") == ["Lanterns", "Third", "Second"]


def test_the_beginning_of_the_last_word_is_enough_where_nothing_else_has_it(client):
    a_published_finding(a_cohort(), title="Lanterns")
    page = client.get("/findings/?q=lant")
    assert [finding.shown["title"] for finding in page.context["page"]] == ["Lanterns"]
    assert "These have words that begin with it" in page.content.decode()


def test_passages_show_the_words_marked_and_escaped(client):
    text = "Before it. " * 30 + "We hung *lanterns* & <b>whales</b> there."
    a_published_finding(a_cohort(), title="About <i>lanterns</i>", learned=text)
    html = client.get("/findings/?q=lantern").content.decode()
    assert "About &lt;i&gt;<mark>lanterns</mark>&lt;/i&gt;" in html
    assert "We hung <mark>lanterns</mark> &amp; &lt;b" in html
    assert "<b>whales" not in html


def test_excerpts_organisations_and_themes_are_found(client):
    cohort = a_cohort()
    museum = a_membership(cohort, "Pallant House")
    finding = a_finding(cohort, title="Quoted")
    finding.themes.add(a_theme(cohort, "Audience voice"))
    an_excerpt(finding, a_note(museum, body="A heron came.", may_be_quoted=True))
    agreed(finding)
    finding.publish(NOW, None)
    for question in ["heron", "pallant", "audience"]:
        assert titles(client, question) == ["Quoted"], question


def test_headings_that_every_finding_has_are_no_words_of_it(client):
    a_published_finding(a_cohort(), title="Lanterns", thought="One.", learned="Two.")
    assert titles(client, "what we thought") == []


def test_search_and_filters_hold_together_and_count_each_other(client):
    cohort = a_cohort()
    voice = a_theme(cohort, "Audience voice")
    a_published_finding(cohort, title="Lantern one", themes=[voice], outcome=Finding.Outcome.STOPPED)
    a_published_finding(cohort, title="Lantern two", outcome=Finding.Outcome.WORKED)
    a_published_finding(cohort, title="Other", themes=[voice], outcome=Finding.Outcome.WORKED)
    page = client.get("/findings/?q=lantern&theme=audience-voice")
    assert [finding.shown["title"] for finding in page.context["page"]] == ["Lantern one"]
    counts = {row["kind"]: [(o["label"], o["n"]) for o in row["options"]] for row in page.context["filters"]}
    assert counts["outcome"] == [("Stopped", 1)]
    assert counts["theme"] == [("Audience voice", 1)]
    everything = client.get("/findings/?q=lantern").context["filters"]
    counts = {row["kind"]: [(o["label"], o["n"]) for o in row["options"]] for row in everything}
    assert counts["outcome"] == [("Stopped", 1), ("Worked", 1)]


def test_an_organisation_that_is_only_quoted_is_found_by_words_and_choice_together(client):
    cohort = a_cohort()
    museum = a_membership(cohort, "Pallant House")
    finding = a_finding(cohort, title="Lanterns")
    an_excerpt(finding, a_note(museum, body="A heron came.", may_be_quoted=True))
    agreed(finding)
    finding.publish(NOW, None)
    a_published_finding(cohort, title="Another lantern")
    assert titles(client, "lantern", organisation=museum.organisation.slug) == ["Lanterns"]
    assert titles(client, "lant", organisation=museum.organisation.slug) == ["Lanterns"]


@pytest.mark.parametrize("value", ["'", '"', "light'", "§", "light*", "Light", "li", "\u202e", "x" * 500])
def test_a_choice_that_nothing_has_finds_nothing_whatever_it_is(client, value):
    cohort = a_cohort()
    a_published_finding(cohort, title="Lanterns", themes=[a_theme(cohort, "Light")])
    assert titles(client, "lantern", theme="light") == ["Lanterns"]
    assert titles(client, "lantern", theme=value) == []


def test_a_facet_is_no_word_that_anybody_can_look_for(client):
    cohort = a_cohort()
    a_published_finding(cohort, title="Lanterns", themes=[a_theme(cohort, "Light")])
    for question in [facet_word("theme", "light"), facet_word("theme", "light")[1:], "§"]:
        assert titles(client, question) == [], question


def test_the_working_copy_is_never_found(client):
    finding = a_published_finding(a_cohort(), title="Lanterns")
    Finding.objects.filter(pk=finding.pk).update(title="Whales", summary="whale", learned="whale")
    a_finding(finding.cohort, title="A whale in a draft")
    assert titles(client, "whale") == []
    assert titles(client, "lantern") == ["Lanterns"]


def test_a_correction_takes_the_words_of_the_release_before_out_of_search(client):
    finding = a_published_finding(a_cohort(), title="Lanterns")
    corrected(finding, title="Whales")
    assert titles(client, "lantern") == []
    assert titles(client, "whale") == ["Whales"]
    assert FindingWords.objects.filter(words__has="lantern").count() == 0


def test_a_withdrawn_finding_is_not_found_and_its_words_are_gone(client):
    finding = a_published_finding(a_cohort(), title="Lanterns")
    assert titles(client, "lantern") == ["Lanterns"]
    finding.withdraw(NOW, "A reason.")
    assert titles(client, "lantern") == []
    assert FindingWords.objects.count() == 0
    finding.publish(NOW, None)
    assert titles(client, "lantern") == ["Lanterns"]


def test_a_finding_of_a_draft_cohort_is_not_found(client):
    finding = a_published_finding(a_cohort(), title="Lanterns")
    finding.cohort.status = "draft"
    finding.cohort.save()
    assert titles(client, "lantern") == []


@pytest.mark.parametrize(
    "question",
    ['"lantern', "lantern' OR 1=1 --", "lantern AND NOT whale", "(lantern", "lantern:*", "NEAR(lantern", "{lantern}"],
)
def test_quotes_and_operators_only_part_words(client, question):
    a_published_finding(a_cohort(), title="Lanterns or whale", learned="near 1 = 1")
    assert titles(client, question) == ["Lanterns or whale"]


@pytest.mark.parametrize("question", ['"""', "***", "' OR ''='", ":)", "\u202e", "😀", "a" * 10_000, "ab " * 3_334])
def test_what_no_word_is_in_or_far_too_many_is_answered_calmly(client, question):
    a_published_finding(a_cohort(), title="Lanterns")
    page = client.get("/findings/", {"q": question})
    assert page.status_code == 200
    assert page.context["page"].paginator.count == 0
    assert len(page.content) < 20_000


def test_a_question_of_spaces_shows_all(client):
    a_published_finding(a_cohort(), title="Lanterns")
    assert titles(client, "   ") == ["Lanterns"]


def test_a_search_is_no_page_for_search_engines(client):
    a_published_finding(a_cohort(), title="Lanterns")
    assert '<meta name="robots" content="noindex, follow">' in client.get("/findings/?q=lantern").content.decode()
    assert '<meta name="robots"' not in client.get("/findings/").content.decode()


def test_of_very_many_the_nearest_are_listed_and_the_filters_do_not_count(client):
    cohort = a_cohort()
    for number in range(MOST + 1):
        a_finding(cohort, title=f"Lantern {number}", outcome=Finding.Outcome.WORKED).publish(NOW, None)
    page = client.get("/findings/?q=lantern")
    html = page.content.decode()
    assert page.context["page"].paginator.count == MOST
    assert f"More than {MOST} findings with these words" in html
    assert ">Worked</option>" in html
    assert f">Worked ({MOST + 1})</option>" in client.get("/findings/").content.decode()


def test_a_search_takes_as_many_queries_for_three_findings_as_for_one(client):
    cohort = a_cohort()
    phase = a_phase(cohort, 1)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/findings/?q=lantern&phase=1").status_code == 200
        return len(captured)

    a_published_finding(cohort, title="Lantern one", phase=phase)
    few = queries()
    a_published_finding(cohort, title="Lantern two", phase=phase)
    a_published_finding(cohort, title="Lantern three", phase=phase)
    assert queries() == few
    assert few <= 8


def test_what_is_found_is_one_query_and_what_is_shown_one_more(django_assert_num_queries):
    a_published_finding(a_cohort(), title="Lanterns")
    with django_assert_num_queries(1):
        found = FoundFindings(Finding.objects.published(), "lantern")
    with django_assert_num_queries(1):
        assert len(found[0:12]) == 1


def test_the_index_is_made_anew_from_what_is_published(client):
    finding = a_published_finding(a_cohort(), title="Lanterns")
    gone = a_published_finding(finding.cohort, title="Withdrawn lanterns")
    kept = list(FindingWords.objects.filter(finding=finding).values_list("place", "words").order_by("place"))
    FindingWords.objects.filter(finding=finding).update(words="whale")
    Finding.objects.filter(pk=gone.pk).update(state=Finding.State.WITHDRAWN)
    Finding.objects.filter(pk=finding.pk).update(title="Whales")
    out = StringIO()
    call_command("rebuild_finding_search", stdout=out)
    assert out.getvalue() == "1 findings are in the index.\n"
    assert list(FindingWords.objects.values_list("place", "words").order_by("place")) == kept
    assert titles(client, "lantern") == ["Lanterns"]
