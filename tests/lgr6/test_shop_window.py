"""What everyone sees of the programme: facts as entered, counts from rows, nothing made up, no cookie."""

import gzip
import re
from datetime import timedelta
from pathlib import Path

import html5lib
import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.views import defaults

from participants.models import Cohort, Membership, Organisation
from tests.factories import (
    NOW,
    a_cohort,
    a_finding,
    a_membership,
    a_participant,
    a_phase,
    a_published_finding,
    a_workshop,
)

pytestmark = pytest.mark.django_db

PAGES = ["/", "/organisations/", "/findings/", "/resources/", "/accessibility/", "/privacy/"]


def text_of(response):
    return response.content.decode()


def errors_in(html):
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(html)
    return parser.errors


def lgr6(**extra):
    """The programme as announced: four and four, three organisations named of five announced."""
    cohort = a_cohort(
        "lgr6",
        **{
            "title": "Understanding the social purpose of digital technology for arts and heritage organisations",
            "highlight": "social purpose",
            "question": "How can digital culture serve a social purpose?",
            "date_precision": Cohort.Precision.MONTH,
            "announced_organisations": 5,
            "objectives": ["nurture personal confidence"],
            "ways_of_learning": ["learning from others", "learning by doing", "learning together"],
            "mentors_from": ["Culture24", "64 Million Artists"],
            "mentoring_form": "virtual sessions",
            "findings_shared": "at the end of the project",
            "contact_name": "Sam Contact",
            "contact_role": "Research Manager",
            "contact_email": "contact@sample.example",
            "contact_phone": "01273 000000",
            **extra,
        },
    )
    for number in range(1, 5):
        a_workshop(cohort, number, starts_at=None, ends_at=None, length="full day", venue="Battersea Arts Centre")
        a_phase(cohort, number, where="in each participant's own organisation", opens_on=None, closes_on=None)
    for name in ["Bristol Culture", "M&S Archive"]:
        a_membership(cohort, name)
    joint = a_membership(cohort, "Reading Museum & MERL")
    joint.joint_bodies.add(Organisation.objects.create(name="Reading Museum", slug="reading-museum"))
    joint.joint_bodies.add(Organisation.objects.create(name="The MERL", slug="merl"))
    a_membership(cohort, "Culture24", is_participant=False, is_organiser=True)
    a_membership(cohort, "Battersea Arts Centre", is_participant=False, is_partner=True, is_host=True)
    return cohort


def test_home_says_what_is_asked_when_and_by_whom(client):
    lgr6()
    html = text_of(client.get("/"))
    for words in [
        "An action research programme · January to October 2018",
        "Understanding the <mark>social purpose</mark> of digital technology for arts",
        "How can digital culture serve a social purpose?",
        "Four workshops, four phases of research",
        "Four full-day workshops at Battersea Arts Centre, and mentoring in virtual sessions.",
        "Four phases of research, in each participant&#x27;s own organisation.",
        "M&amp;S Archive",
        "jointly Reading Museum and The MERL",
        "Culture24 and 64 Million Artists",
        "Nurture personal confidence",
        "Sam Contact",
        'href="mailto:contact@sample.example"',
        'href="tel:01273000000"',
    ]:
        assert words in html
    assert html.count("<mark>") == 1
    assert errors_in(html) == []


def test_what_is_not_known_is_said_to_be_open(client):
    lgr6()
    html = text_of(client.get("/"))
    assert html.count("Date to be confirmed") == 4
    assert html.count("Phase name not yet entered") == 4


def test_a_bare_cohort_says_not_yet_entered_and_makes_nothing_up(client):
    a_cohort(title="Another edition")
    html = text_of(client.get("/"))
    for words in ["How the programme works", "Workshops and phases are not yet entered", "as soon as they are named"]:
        assert words in html
    assert html.count("not yet entered") >= 5
    for invented in ["Battersea", "workshops at", "full-day", "announced are"]:
        assert invented not in html
    assert errors_in(html) == []


def test_counts_come_from_rows_and_never_from_four(client):
    cohort = a_cohort()
    for number in range(1, 4):
        a_workshop(cohort, number)
    for number in range(1, 6):
        a_phase(cohort, number)
    assert "Three workshops, five phases of research" in text_of(client.get("/"))
    cohort.workshops.filter(number__gt=1).delete()
    cohort.phases.filter(number__gt=1).delete()
    assert "One workshop, one phase of research" in text_of(client.get("/"))


def test_unnamed_organisations_are_counted_while_there_are_any(client):
    cohort = lgr6()
    said = "3 organisations are named so far; 2 of the 5 announced are not yet named."
    assert said in text_of(client.get("/"))
    assert said in text_of(client.get("/organisations/"))
    a_membership(cohort, "Chester Zoo")
    assert "4 organisations are named so far; 1 of the 5 announced is not yet named." in text_of(client.get("/"))
    a_membership(cohort, "National Gallery")
    assert "not yet named" not in text_of(client.get("/"))


def test_nothing_is_said_of_unnamed_organisations_where_no_number_was_announced(client):
    lgr6(announced_organisations=None)
    assert "named so far" not in text_of(client.get("/"))


def test_organisations_that_left_and_samples_of_a_rehearsal_are_not_named(client):
    cohort = lgr6()
    a_membership(cohort, "Left Museum", status=Membership.Status.WITHDRAWN)
    sample = a_membership(cohort, "Rehearsing Museum")
    Organisation.objects.filter(pk=sample.organisation.pk).update(is_sample=True)
    for path in ["/", "/organisations/"]:
        html = text_of(client.get(path))
        assert "Left Museum" not in html
        assert "Rehearsing Museum" not in html
        assert "Bristol Culture" in html
        assert "3 organisations are named so far" in html


def test_every_public_cohort_names_its_organisations_and_their_roles(client):
    lgr6()
    a_membership(a_cohort(series="Another series", number=7), "Elsewhere Museum")
    a_membership(a_cohort(status="draft"), "Not Yet Announced Museum")
    html = text_of(client.get("/organisations/"))
    assert "Elsewhere Museum" in html
    assert "Another series 7" in html
    assert "Not Yet Announced Museum" not in html
    assert re.search(r"Battersea Arts Centre<small>partner and host</small>", html)
    assert re.search(r"Culture24<small>organiser</small>", html)
    assert errors_in(html) == []


def test_the_latest_three_findings_are_on_home(client):
    cohort = lgr6()
    assert "Findings will be here: they are shared at the end of the project." in text_of(client.get("/"))
    for number in range(4):
        finding = a_finding(cohort, title=f"Finding {number}")
        finding.publish(NOW + timedelta(days=number), None)
    html = text_of(client.get("/"))
    assert [number for number in range(4) if f"Finding {number}</a>" in html] == [1, 2, 3]


def test_without_any_cohort_home_says_what_will_be_there(client):
    for path in PAGES:
        response = client.get(path)
        assert response.status_code == 200
        assert errors_in(text_of(response)) == []
    assert "The programme <mark>will be here</mark>" in text_of(client.get("/"))


def test_an_ended_cohort_stays_on_home_until_another_runs(client):
    a_cohort(title="The one before", status=Cohort.Status.ENDED)
    assert "The one before" in text_of(client.get("/"))
    a_cohort(title="The one that runs", starts_on=None, ends_on=None)
    assert "The one that runs" in text_of(client.get("/"))


@pytest.mark.parametrize("path", PAGES)
def test_public_pages_are_the_same_for_everybody_and_set_no_cookie(client, path):
    cohort = lgr6()
    a_published_finding(cohort)
    stranger = client.get(path)
    assert not stranger.cookies
    assert "max-age=0" in stranger["Cache-Control"]
    assert "public" in stranger["Cache-Control"]
    client.force_login(a_participant(cohort.memberships.first()))
    member = client.get(path)
    assert member.content == stranger.content
    assert not member.cookies


@pytest.mark.parametrize("path", PAGES)
def test_public_pages_take_eight_queries_at_most(client, path, django_assert_max_num_queries):
    cohort = lgr6()
    for _ in range(4):
        a_published_finding(cohort)
    with django_assert_max_num_queries(8):
        client.get(path)


@pytest.mark.parametrize("path", PAGES)
def test_public_pages_load_nothing_from_elsewhere_and_little_of_our_own(client, path):
    a_published_finding(lgr6())
    html = text_of(client.get(path))
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    loaded = [node.get("href") for node in tree.iter("link") if node.get("rel") in {"stylesheet", "preload", "icon"}]
    loaded += [node.get("src") for node in tree.iter("script") if node.get("src")]
    loaded += [node.get("src") for node in tree.iter("img")]
    assert all(address.startswith("/static/") for address in loaded)

    def weight(ending):
        files = [Path(settings.BASE_DIR, address.removeprefix("/")) for address in loaded if address.endswith(ending)]
        return sum(len(gzip.compress(file.read_bytes())) for file in files)

    assert 0 < weight(".css") <= 30 * 1024
    assert weight(".js") <= 20 * 1024
    assert 0 < weight(".woff2") <= 120 * 1024


def test_the_pages_on_accessibility_and_privacy_name_whom_to_write_to(client):
    lgr6()
    for path in ["/accessibility/", "/privacy/"]:
        html = text_of(client.get(path))
        assert "Sam Contact (Research Manager)" in html
        assert "contact@sample.example" in html
        assert errors_in(html) == []
    assert "Culture24 runs the portal." in text_of(client.get("/privacy/"))


def test_robots_are_kept_out_of_what_is_not_for_them(client):
    lines = text_of(client.get("/robots.txt")).splitlines()
    for path in ["/accounts/", "/admin/", "/my/", "/cohorts/", "/invitations/", "/calendar/"]:
        assert f"Disallow: {path}" in lines
    assert "Sitemap: http://localhost:8000/sitemap.xml" in lines


def test_security_txt_names_a_contact_and_a_day_it_expires(client):
    a_cohort(contact_email="contact@sample.example")
    lines = text_of(client.get("/.well-known/security.txt")).splitlines()
    assert "Contact: mailto:contact@sample.example" in lines
    assert any(re.fullmatch(r"Expires: \d{4}-\d\d-\d\dT00:00:00Z", line) for line in lines)


def test_conventional_addresses_lead_on(client):
    assert client.get("/.well-known/change-password")["Location"] == "/accounts/password/change/"
    assert client.get("/favicon.ico")["Location"] == "/static/img/favicon.svg"


def test_an_unknown_address_answers_in_our_own_words(client):
    response = client.get("/no/such/page/")
    assert response.status_code == 404
    assert "There is <mark>no page</mark> at this address" in text_of(response)
    assert not response.cookies
    assert errors_in(text_of(response)) == []


@pytest.mark.parametrize("template", ["403.html", "429.html"])
def test_refusals_are_pages_that_say_what_to_do(template):
    html = render_to_string(template, request=RequestFactory().get("/"))
    assert "<h1>" in html
    assert errors_in(html) == []


def test_the_page_for_our_own_faults_needs_nothing_of_the_portal(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = defaults.server_error(RequestFactory().get("/"))
    html = text_of(response)
    assert response.status_code == 500
    assert "<mark>broke</mark> on our side" in html
    for address in re.findall(r'href="(/static/[^"]+)"', html):
        assert Path(settings.BASE_DIR, address.removeprefix("/")).exists()
    assert errors_in(html) == []


def test_the_announced_facts_name_sixteen_and_leave_two_open(client):
    call_command("load_lgr6", verbosity=0)
    html = text_of(client.get("/organisations/"))
    assert "16 organisations are named so far; 2 of the 18 announced are not yet named." in html
    assert "jointly Battersea Arts Centre and Wandsworth Museum" in html
    home = text_of(client.get("/"))
    assert "Four workshops, four phases of research" in home
    assert "Four full-day workshops at Battersea Arts Centre, and mentoring in virtual sessions." in home
    assert errors_in(home) == []
