"""Cards of experiments: read, found, written by two at once, and kept in every version."""

import pytest
from django.urls import reverse

from research.models import BOXES, CardVersion, Experiment
from research.trying import begin_experiment, save_experiment
from tests.factories import NOW, a_cohort, a_membership, a_mentor, a_participant, an_experiment, staff
from tests.research.test_pages import CARD, queries_of, typed, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership():
    return a_membership(a_cohort(), "Sample House")


@pytest.fixture
def author(membership):
    return a_participant(membership)


@pytest.fixture
def boxes():
    return {**dict.fromkeys(BOXES, ""), "title": "Filming", "question": "Who films?", "outcome": "running"}


def url(name, membership, *args, **query):
    return reverse(f"research:{name}", args=[membership.cohort.slug, *args])


def test_every_box_of_every_save_is_kept(membership, author, boxes):
    experiment = begin_experiment(membership, boxes, author, NOW)
    wordings = [{**boxes, name: f"New {name}"} for name in BOXES if name not in ("title", "outcome")]

    for base, wording in enumerate(wordings, start=1):
        save_experiment(experiment, base, wording, author, NOW)

    experiment.refresh_from_db()
    assert [version.boxes for version in experiment.versions.order_by("number")] == [boxes, *wordings]
    assert experiment.version == len(wordings) + 1
    assert experiment.boxes == wordings[-1]


def test_the_card_says_what_was_saved_last_and_framings_are_dated(membership, author, boxes):
    experiment = begin_experiment(membership, boxes, author, NOW)
    save_experiment(experiment, 1, {**boxes, "question": "Who films for whom?"}, author, NOW)
    save_experiment(experiment, 2, {**boxes, "question": "Who films for whom?", "what_we_saw": "x"}, author, NOW)

    assert [framing.question for framing in experiment.framings.all()] == ["Who films for whom?", "Who films?"]


def test_a_card_that_comes_too_late_is_kept_and_changes_nothing(membership, author, boxes):
    experiment = begin_experiment(membership, boxes, author, NOW)
    theirs, mine = {**boxes, "what_we_saw": "Theirs"}, {**boxes, "what_we_saw": "Mine", "question": "Mine?"}
    save_experiment(experiment, 1, theirs, author, NOW)

    kept = save_experiment(experiment, 1, mine, author, NOW)

    assert (kept.number, kept.boxes) == (None, mine)
    assert Experiment.objects.get().boxes == theirs
    assert experiment.framings.count() == 1


def test_the_same_words_twice_are_one_version(membership, author, boxes):
    experiment = begin_experiment(membership, boxes, author, NOW)
    changed = {**boxes, "what_we_saw": "Something"}

    versions = [save_experiment(experiment, 1, changed, author, NOW) for _ in range(2)]

    assert versions[0] == versions[1]
    assert CardVersion.objects.count() == 2


def test_experiment_edit_shows_both_texts_when_somebody_was_faster(client, membership, author):
    experiment = an_experiment(membership)
    client.force_login(a_participant(membership, "Col League"))
    address = url("experiment_edit", membership, experiment.pk)
    page = client.get(address)
    client.post(address, typed(page, what_we_saw="People stayed longer.", outcome="worked"))
    client.force_login(author)

    answer = client.post(address, typed(page, what_we_saw="People stayed away.", hunch="Another hunch."))

    shown = words(answer)
    assert answer.status_code == 409
    assert "Col League saved this card while you were writing" in shown
    assert [box.label for box in answer.context["both"]] == ["Our hunch", "What we saw", "Outcome"]
    assert "People stayed longer." in shown
    assert "People stayed away.</textarea>" in shown
    assert client.post(address, typed(answer)).status_code == 302
    assert Experiment.objects.get().what_we_saw == "People stayed away."
    assert {version.boxes["what_we_saw"] for version in CardVersion.objects.all()} == {
        "",
        "People stayed longer.",
        "People stayed away.",
    }


def test_experiment_history_shows_what_each_save_changed(client, membership, author, boxes):
    experiment = begin_experiment(membership, boxes, author, NOW)
    save_experiment(experiment, 1, {**boxes, "outcome": "did_not_work", "what_we_saw": "Nobody came."}, author, NOW)
    save_experiment(experiment, 1, {**boxes, "what_we_saw": "Late words."}, author, NOW)
    client.force_login(author)

    page = client.get(url("experiment_history", membership, experiment.pk))

    changes = [(str(change.version), [box.label for box in change.boxes]) for change in page.context["changes"]]
    assert changes == [
        ("Kept copy", ["What we saw"]),
        ("Version 2", ["What we saw", "Outcome"]),
        ("Version 1", ["Title", "Our question", "Outcome"]),
    ]
    assert "Did not work" in words(page)
    assert "From version 1, not part of the card" in words(page)


def test_experiment_list_shows_each_reader_their_own_cards(client, membership, author):
    other = a_membership(membership.cohort, "Sample Hall")
    an_experiment(membership, title="Of the house")
    an_experiment(other, title="Of the hall")

    seen = {}
    for name, person in {
        "author": author,
        "neighbour": a_participant(other),
        "mentor": a_mentor(membership).user,
        "staff": staff(),
    }.items():
        client.force_login(person)
        page = client.get(url("experiment_list", membership))
        seen[name] = {card.title for card in page.context["page"]}

    assert seen == {
        "author": {"Of the house"},
        "neighbour": {"Of the hall"},
        "mentor": {"Of the house"},
        "staff": {"Of the house", "Of the hall"},
    }


def test_experiment_list_is_narrowed_by_outcome_and_organisation(client, membership, author):
    other = a_membership(membership.cohort, "Sample Hall")
    an_experiment(membership, title="A", outcome="did_not_work")
    an_experiment(other, title="B", outcome="worked")
    client.force_login(staff())

    def titles(**query):
        return {card.title for card in client.get(url("experiment_list", membership), query).context["page"]}

    assert titles() == titles(outcome="nonsense") == titles(page="x", organisation="../..") == {"A", "B"}
    assert titles(outcome="did_not_work") == {"A"}
    assert titles(organisation=other.organisation.slug) == {"B"}
    assert titles(outcome="stopped") == set()


def test_experiment_list_says_what_will_be_here(client, membership, author):
    client.force_login(author)
    own = words(client.get(url("experiment_list", membership)))
    client.force_login(a_mentor(membership).user)

    assert "Write the first card" in own
    assert "as soon as an organisation you work with" in words(client.get(url("experiment_list", membership)))


def test_outcomes_look_alike_whatever_they_are(client, membership, author):
    for outcome in Experiment.Outcome.values:
        an_experiment(membership, title=outcome, outcome=outcome)
    client.force_login(author)

    page = words(client.get(url("experiment_list", membership)))

    assert [page.count(f'<span class="chip outcome">{label}</span>') for label in Experiment.Outcome.labels] == [1] * 6


def test_a_card_leads_to_writing_a_note_on_it(client, membership, author):
    experiment = an_experiment(membership)
    client.force_login(author)
    own = words(client.get(experiment.get_absolute_url()))
    client.force_login(a_mentor(membership).user)

    link = f"{url('note_new', membership)}?experiment={experiment.pk}"
    assert link in own
    assert link not in words(client.get(experiment.get_absolute_url()))


def test_cards_and_their_versions_ask_as_often_for_thirty_as_for_three(client, membership, author, boxes):
    client.force_login(author)
    experiment = begin_experiment(membership, boxes, author, NOW)
    pages = [url("experiment_list", membership), url("experiment_history", membership, experiment.pk)]
    counts = []
    for numbers in (range(1, 3), range(3, 11)):
        for number in numbers:
            an_experiment(membership)
            save_experiment(experiment, number, {**boxes, "what_next": f"{number}"}, a_participant(membership), NOW)
        counts.append([queries_of(client, page) for page in pages])

    assert counts[0] == counts[1]


def test_a_card_of_an_organisation_one_has_left_is_not_there(client, membership, author):
    experiment = an_experiment(membership)
    client.force_login(author)
    before = client.get(experiment.get_absolute_url()).status_code
    author.seats.get().end(NOW)

    pages = ("experiment_detail", "experiment_edit", "experiment_history")
    assert before == 200
    assert [client.get(url(page, membership, experiment.pk)).status_code for page in pages] == [404] * 3
    assert client.post(url("experiment_edit", membership, experiment.pk), CARD).status_code == 404
