"""Words that nobody agreed to are in no byte the public gets, whatever it asks for."""

from io import BytesIO

import pypdf
import pytest
from django.db.models import CharField, TextField

from findings.models import Finding, Headings
from findings.models.finding_version import TYPED
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_note,
    a_phase,
    a_picture,
    a_published_finding,
    a_theme,
    agreed,
    an_excerpt,
)

pytestmark = pytest.mark.django_db

CANARY = "zugzwang"
TYPES = [
    "text/html",
    "application/json",
    "application/ld+json",
    "application/x-bibtex",
    "application/x-research-info-systems",
    "application/vnd.citationstyles.csl+json",
]
FORMATS = ["/releases/1/", ".json", ".csl.json", ".bib", ".ris", ".pdf", ".png"]
GATHERED = [
    "/",
    "/findings/",
    "/findings/?theme=light",
    f"/findings/?q={CANARY}",
    "/findings/?q=lantern",
    "/findings/feed.atom",
    "/findings/feed.json",
    "/findings/themes/light/feed.atom",
    "/findings/themes/light/feed.json",
    "/sitemap.xml",
]


def out():
    """A published finding with all its parts."""
    cohort = a_cohort()
    museum = a_membership(cohort, "Sample House")
    light = a_theme(cohort, "Light")
    finding = a_published_finding(
        cohort,
        museum,
        slug="lanterns",
        title="Lanterns",
        phase=a_phase(cohort, 1),
        themes=[light],
        thought="A thought.",
    )
    return finding


def rewritten(finding):
    """The same finding with words in its working copy that nobody has agreed to."""
    words = [name for name in TYPED if isinstance(Finding._meta.get_field(name), CharField | TextField)]
    Finding.objects.filter(pk=finding.pk).update(
        **{**dict.fromkeys(words, CANARY), "outcome": Finding.Outcome.STOPPED}, membership=None, phase=None
    )
    finding.themes.set([a_theme(finding.cohort, CANARY)])
    an_excerpt(finding, a_note(a_membership(finding.cohort), body=CANARY, may_be_quoted=True))
    a_picture(finding, alt=CANARY, caption=CANARY, credit=CANARY)
    Headings.objects.create(cohort=finding.cohort, thought=CANARY, evidence=CANARY)
    a_finding(finding.cohort, title=CANARY, summary=CANARY, slug=CANARY)


def every_answer(client, slug="lanterns"):
    """Each answer's bytes and headers, by what was asked."""
    asked = [(f"/findings/{slug}/", {"accept": kind}) for kind in TYPES]
    asked += [(f"/findings/{slug}{ending}", {}) for ending in FORMATS]
    asked += [(path, {}) for path in GATHERED]
    answers = {}
    for path, headers in asked:
        response = client.get(path, headers=headers)
        answers[f"{path} {headers}"] = response.content + str(dict(response.headers)).encode()
    return answers


def holding(answers, words):
    return {asked for asked, said in answers.items() if words.encode() in said.lower()}


def test_the_working_copy_is_in_no_answer(client):
    finding = out()
    before = every_answer(client)
    rewritten(finding)
    after = every_answer(client)
    # The question itself is shown in its field again.
    assert holding(after, CANARY) == {f"/findings/?q={CANARY} {{}}"}
    assert [asked for asked in before if asked.startswith("/findings/lanterns") and before[asked] != after[asked]] == []
    assert client.get(f"/findings/?q={CANARY}").context["page"].paginator.count == 0
    # Published, the same words are found: the test can see them.
    agreed(Finding.objects.get(pk=finding.pk))
    Finding.objects.get(pk=finding.pk).publish(NOW, None)
    assert f"/findings/?q={CANARY} {{}}" in holding(every_answer(client), "<mark>zugzwang</mark>")
    assert "/findings/lanterns.bib {}" in holding(every_answer(client), CANARY)


def test_the_working_copy_is_not_in_the_pdf_nor_in_what_it_says_of_itself(client):
    pytest.importorskip("weasyprint", reason="the PDF libraries are not on this machine", exc_type=OSError)
    finding = out()
    rewritten(finding)
    reader = pypdf.PdfReader(BytesIO(client.get("/findings/lanterns.pdf").content))
    said = str(reader.metadata) + str(reader.xmp_metadata.stream.get_data() if reader.xmp_metadata else "")
    said += " ".join(page.extract_text() for page in reader.pages)
    assert "Lanterns" in said
    assert CANARY not in said.lower()


def test_nothing_of_a_withdrawn_finding_is_in_any_answer(client):
    finding = a_published_finding(a_cohort(), slug="gone", title=CANARY, summary=CANARY, learned=CANARY)
    assert holding(every_answer(client, "gone"), "<h1>zugzwang</h1>")
    finding.withdraw(NOW, "A sample reason.")
    assert holding(every_answer(client, "gone"), CANARY) == {f"/findings/?q={CANARY} {{}}"}


def test_a_draft_is_in_no_answer(client):
    cohort = a_cohort()
    a_finding(cohort, slug="draft", title=CANARY, summary=CANARY, learned=CANARY, state=Finding.State.WITH_ORGANISATION)
    answers = every_answer(client, "draft")
    assert holding(answers, CANARY) == {f"/findings/?q={CANARY} {{}}"}
    assert client.get("/findings/draft.json").status_code == 404
