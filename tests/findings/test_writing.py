"""The working copy: a save goes in on top of what its writer saw, and no text that was saved or refused is lost."""

import pytest
from django.core.exceptions import ValidationError

from findings import gathering, writing
from findings.models import Finding, FindingVersion, Theme
from tests.factories import NOW, a_cohort, a_finding, a_membership, a_theme, agreed, staff

pytestmark = pytest.mark.django_db


def desk(client, name="Stella Staff"):
    person = staff(name)
    client.force_login(person)
    return person


def path_of(finding, page="change"):
    return f"/admin/findings/finding/{finding.pk}/{page}/"


def form_of(client, finding, **typed):
    """The desk's form as a browser would send it, with what is typed."""
    page = client.get(path_of(finding))
    form = page.context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields if name != "is_typo"}
    data["base"] = form.initial["base"]
    for formset in page.context["inline_admin_formsets"]:
        data |= {f"{formset.formset.prefix}-{part}_FORMS": 0 for part in ("TOTAL", "INITIAL")}
    for name in ("themes", "contributors"):
        data[name] = [row.pk for row in data[name] or []]
    return {**data, **typed}


def reload(finding):
    return Finding.objects.get(pk=finding.pk)


def test_a_save_on_top_of_what_stands_goes_in_and_is_a_version(client):
    finding = a_finding(a_cohort(), summary="First.")
    person = desk(client)
    assert client.post(path_of(finding), form_of(client, finding, summary="Second.")).status_code == 302
    assert (reload(finding).summary, reload(finding).version) == ("Second.", 1)
    kept = finding.versions.order_by("number").values_list("number", "content__summary", "written_by")
    assert list(kept) == [(0, "First.", None), (1, "Second.", person.pk)]


def test_a_save_on_top_of_what_is_gone_is_refused_with_both_texts(client):
    finding = a_finding(a_cohort(), summary="First.")
    desk(client, "Slow Staff")
    late = form_of(client, finding, summary="Typed slowly.")
    desk(client, "Swift Staff")
    client.post(path_of(finding), form_of(client, finding, summary="Saved swiftly."))
    slow = desk(client, "Another Slow")
    refused = client.post(path_of(finding), late)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Swift Staff saved on" in page
    assert "Saved swiftly." in page
    assert page.count("Typed slowly.") >= 2
    assert reload(finding).summary == "Saved swiftly."
    kept = finding.versions.get(number=None)
    assert (kept.content["summary"], kept.written_by) == ("Typed slowly.", slow)
    # With the differences seen, the same words may go in: on purpose, and the other's stay among the versions.
    again = {**late, "base": refused.context["adminform"].form["base"].value()}
    assert client.post(path_of(finding), again).status_code == 302
    assert reload(finding).summary == "Typed slowly."
    assert finding.versions.filter(number=1, content__summary="Saved swiftly.").exists()


def test_without_the_version_seen_nothing_is_saved(client):
    """The negative control: a form from before there were versions, or one that was forged."""
    finding = a_finding(a_cohort(), summary="First.")
    desk(client)
    given = {**form_of(client, finding, summary="Blind."), "base": ""}
    assert client.post(path_of(finding), given).status_code == 422
    assert reload(finding).summary == "First."


def test_two_who_save_in_one_moment_the_second_is_refused():
    finding, person = a_finding(a_cohort()), staff()
    writing.begin_save(finding, 0, person, NOW)
    with pytest.raises(writing.Overtaken):
        writing.begin_save(reload(finding), 0, person, NOW)
    assert reload(finding).version == 1


def test_the_same_text_twice_is_no_quarrel(client):
    finding = a_finding(a_cohort(), summary="First.")
    desk(client)
    late = form_of(client, finding, summary="The same.")
    client.post(path_of(finding), form_of(client, finding, summary="The same."))
    assert client.post(path_of(finding), late).status_code == 302
    assert not finding.versions.filter(number=None).exists()


def test_the_end_of_a_line_as_browsers_send_it_is_no_difference():
    finding = a_finding(a_cohort())
    before = {"learned": "Ask.\nThen answer.", "summary": "First."}
    assert writing.differences(finding, before, before | {"learned": "Ask.\r\nThen answer."}) == []
    assert writing.differences(finding, before, before | {"summary": "Second."}) == [("summary", "First.", "Second.")]


def test_a_merged_theme_is_a_version_and_a_form_that_was_open_does_not_undo_it(client):
    cohort = a_cohort()
    finding, old, new = a_finding(cohort), a_theme(cohort, "Voices"), a_theme(cohort, "Audience voice")
    finding.themes.set([old])
    person = desk(client)
    before = form_of(client, finding, summary="Typed meanwhile.")
    gathering.merge(old, new, person, NOW)

    assert reload(finding).versions.get(number=1).content["themes"] == [new.pk]
    for themes in ([old.pk], []):
        refused = client.post(path_of(finding), {**before, "themes": themes})
        assert refused.status_code == 422
        assert "Typed meanwhile." in refused.content.decode()
    assert list(reload(finding).themes.all()) == [new]


def test_a_theme_that_goes_while_a_form_is_on_its_way_is_said_and_nothing_is_saved(client, monkeypatch):
    cohort = a_cohort()
    finding, old, new = a_finding(cohort), a_theme(cohort, "Voices"), a_theme(cohort, "Audience voice")
    person = desk(client)
    begin_save = writing.begin_save

    def after_a_merge(locked, base, by, now):
        monkeypatch.setattr(writing, "begin_save", begin_save)
        gathering.merge(Theme.objects.get(pk=old.pk), new, person, NOW)
        begin_save(locked, base, by, now)

    monkeypatch.setattr(writing, "begin_save", after_a_merge)
    refused = client.post(path_of(finding), form_of(client, finding, summary="S.", themes=[old.pk]))

    assert refused.status_code == 422
    assert "merged into another one meanwhile" in refused.content.decode()
    assert reload(finding).version == 0


def test_themes_are_part_of_the_text(client):
    cohort = a_cohort()
    theme = a_theme(cohort)
    finding = a_finding(cohort)
    desk(client)
    late = form_of(client, finding, title="Another title")
    client.post(path_of(finding), form_of(client, finding, themes=[theme.pk]))
    refused = client.post(path_of(finding), late)
    assert refused.status_code == 422
    assert theme.name in refused.content.decode()
    assert list(reload(finding).themes.all()) == [theme]


def test_a_version_is_compared_and_brought_back(client):
    membership = a_membership(a_cohort(), "Harbour Museum")
    finding = a_finding(membership.cohort, membership, summary="First.")
    desk(client)
    client.post(path_of(finding), form_of(client, finding, summary="Second."))
    agreed(reload(finding))
    first = finding.versions.get(number=0)
    listed = client.get(path_of(finding, "versions")).content.decode()
    assert f"/versions/{first.pk}/" in listed
    page = client.get(path_of(finding, f"versions/{first.pk}")).content.decode()
    assert "First." in page
    assert "Every yes to other words has to be asked for again." in page
    assert reload(finding).summary == "Second."
    assert client.post(path_of(finding, f"versions/{first.pk}"), {"confirmed": "yes"}).status_code == 302
    now = reload(finding)
    assert (now.summary, now.version, now.membership) == ("First.", 2, membership)
    assert FindingVersion.objects.filter(finding=finding, number=1, content__summary="Second.").exists()


def test_what_is_typed_while_a_colleague_schedules_the_finding_is_refused_and_kept(client):
    finding = a_finding(a_cohort(), summary="First.")
    person = desk(client)
    late = form_of(client, finding, summary="Typed meanwhile.")
    finding.schedule(NOW.replace(year=2099), person, "", NOW)
    refused = client.post(path_of(finding), late)
    assert refused.status_code == 422
    assert "It was scheduled meanwhile" in refused.content.decode()
    assert "Typed meanwhile." in refused.content.decode()
    assert reload(finding).summary == "First."
    assert finding.versions.get(number=None).content["summary"] == "Typed meanwhile."


def test_a_scheduled_finding_takes_no_version_back():
    finding, person = a_finding(a_cohort()), staff()
    version = writing.keep(finding, 0, person, NOW)
    finding.schedule(NOW.replace(year=2019), person, "", NOW)
    with pytest.raises(ValidationError, match="scheduled"):
        writing.bring_back(finding, version, person, NOW)


def test_what_a_version_names_and_is_gone_is_left_empty():
    cohort = a_cohort()
    finding, person = a_finding(cohort, a_membership(cohort)), staff()
    version = writing.keep(finding, 0, person, NOW)
    version.content |= {"membership": 999_999, "themes": [999_999], "phase": None, "work_from": "2018-05-01"}
    writing.bring_back(finding, version, person, NOW)
    now = reload(finding)
    assert (now.membership, list(now.themes.all()), str(now.work_from)) == (None, [], "2018-05-01")


DRAFT = "0b0e6e0c-1111-4222-8333-444455556666"


def test_the_answer_to_a_save_that_went_in_names_its_draft(client):
    finding = a_finding(a_cohort(), summary="First.")
    desk(client)
    answer = client.post(path_of(finding), form_of(client, finding, summary="Second.", draft=DRAFT, _continue="1"))
    assert answer["Location"] == f"{path_of(finding)}#saved-{DRAFT}"
    begun = {"cohort": finding.cohort_id, "title": "New", "slug": "new", "summary": "In short.", "draft": DRAFT}
    answer = client.post("/admin/findings/finding/add/", begun)
    assert answer["Location"] == f"{path_of(Finding.objects.get(slug='new'))}#saved-{DRAFT}"


def test_a_save_that_did_not_go_in_names_no_draft_as_saved(client):
    finding = a_finding(a_cohort(), summary="First.")
    desk(client)
    late = form_of(client, finding, summary="Late.", draft=DRAFT)
    refused = client.post(path_of(finding), {**late, "base": ""})
    assert refused.status_code == 422
    assert f'<input type="hidden" name="draft" value="{DRAFT}">' in refused.content.decode()
    path = path_of(finding)
    finding.delete()
    gone = client.post(path, late)
    assert (gone.status_code, gone["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("name", ["", "short", "0b0e6e0c-1111-4222-8333-44445555666/", DRAFT + "\n"])
def test_what_is_no_name_of_a_draft_is_not_said_again(client, name):
    finding = a_finding(a_cohort(), summary="First.")
    desk(client)
    answer = client.post(path_of(finding), form_of(client, finding, summary="Second.", draft=name))
    assert answer["Location"] == "/admin/findings/finding/"
