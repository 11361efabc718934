"""Marking passages with a mouse, and by pasting words where no script runs."""

import re

import pytest
from playwright.sync_api import expect

from findings.models import Passage
from research.models import ResearchNote

# Selects words, where they stand last in the text that has them, as a mouse would.
SELECT = """(words) => {
  const texts = [...document.querySelectorAll(".marked-text")].filter((text) => text.textContent.includes(words));
  const walk = document.createTreeWalker(texts[0], NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const at = walk.currentNode.data.lastIndexOf(words);
    if (at < 0) continue;
    getSelection().setBaseAndExtent(walk.currentNode, at, walk.currentNode, at + words.length);
    return;
  }
}"""


@pytest.fixture
def note(portal):
    """It begins with a sign of two code units, so that places counted wrongly would be seen."""
    note = ResearchNote.objects.select_related("membership__cohort").get(title__contains="look useful")
    body = f"📱 {note.body} They name a bird."
    note.versions.update(body=body)
    ResearchNote.objects.filter(pk=note.pk).update(body=body)
    Passage.objects.all().delete()
    return note


def test_words_selected_in_a_note_are_marked(visitor, note):
    one = visitor(viewport={"width": 1280, "height": 900})
    one.sign_in("staff")
    page = one.goto(f"/cohorts/{note.membership.cohort.slug}/gather/notes/{note.pk}/")

    page.evaluate(SELECT, "find a grave, date a photograph")
    expect(page.get_by_label("The words to mark")).to_have_value("find a grave, date a photograph")
    page.get_by_label("A new theme").fill("Use")
    page.get_by_role("button", name="Mark these words").click()

    expect(page.locator(".marked-text mark")).to_have_text("find a grave, date a photograph")
    assert Passage.objects.get().themes.get().name == "Use"


def test_words_selected_side_by_side_are_there_in_the_form_and_the_place_is_the_one_selected(visitor, note):
    one = visitor(viewport={"width": 390, "height": 800})
    one.sign_in("mentor")
    page = one.goto(f"/cohorts/{note.membership.cohort.slug}/gather/")

    page.evaluate(SELECT, "name a bird")
    page.locator("article", has_text="find a grave").get_by_role("link", name=re.compile("Mark a passage")).click()
    expect(page.get_by_label("The words to mark")).to_have_value("name a bird")
    page.get_by_role("button", name="Mark these words").click()

    expect(page.locator(".marked-text mark")).to_have_text("name a bird")
    passage = Passage.objects.get()
    assert passage.quote == "name a bird"
    assert passage.start == passage.version.body.rindex("name a bird")


def test_without_script_words_are_pasted(visitor, note):
    one = visitor(java_script_enabled=False)
    one.sign_in("staff")
    page = one.goto(f"/cohorts/{note.membership.cohort.slug}/gather/notes/{note.pk}/")

    page.get_by_label("The words to mark").fill("find a grave")
    page.get_by_role("button", name="Mark these words").click()

    expect(page.locator(".marked-text mark")).to_have_text("find a grave")
