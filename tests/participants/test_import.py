from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from correspondence.models import Letter
from participants.invitations import Outcome, Refused, import_csv, invite
from participants.models import Invitation
from tests.factories import NOW, a_cohort, a_membership, a_participant, staff

pytestmark = pytest.mark.django_db

HEADER = "email,name,organisation,role,affiliation\n"


@pytest.fixture
def museum():
    return a_membership(name="Sample Museum")


def read(text, cohort, commit=False):
    content = text if isinstance(text, bytes) else text.encode()
    return import_csv(BytesIO(content), cohort, staff(), NOW, commit)


def told(rows):
    return [(row.line, row.outcome, row.reason) for row in rows]


def test_the_preview_says_what_will_happen_and_changes_nothing(museum):
    a_participant(museum, email="pat@sample.example")
    invite("open@sample.example", "", museum.cohort, museum, "", staff(), NOW - timedelta(days=1))
    Letter.objects.all().delete()
    rows = read(
        HEADER
        + "new@sample.example,Nia,Sample Museum,participant,\n"
        + "mo@sample.example,Mo,,mentor,Sample Partner\n"
        + "PAT@sample.example,Pat,sample museum,,\n"
        + "open@sample.example,,Sample Museum,,\n",
        museum.cohort,
    )
    assert told(rows) == [
        (2, Outcome.INVITE, ""),
        (3, Outcome.INVITE, ""),
        (4, Outcome.SEATED, ""),
        (5, Outcome.INVITED, "Open until 27 May 2018."),
    ]
    assert Invitation.objects.count() == 1
    assert not Letter.objects.exists()


def test_bad_rows_are_named_with_their_reason_and_the_good_ones_go(museum):
    file = (
        HEADER
        + "new@sample.example,Nia,Sample Museum,,\n"
        + "not an address,X,Sample Museum,,\n"
        + "a@sample.example,X,Unknown House,,\n"
        + "b@sample.example,X,Sample Museum,queen,\n"
        + "NEW@sample.example,Again,Sample Museum,,\n"
        + "c@sample.example,X\x00Y,Sample Museum,,\n"
        + ",X,Sample Museum,,\n"
        + "d@sample.example,X,,,\n"
        + f"e@sample.example,{'x' * 121},Sample Museum,,\n"
    )
    rows = read(file, museum.cohort, commit=True)
    assert told(rows) == [
        (2, Outcome.INVITE, ""),
        (3, Outcome.BAD, "“not an address” is not an e-mail address."),
        (4, Outcome.BAD, f"“Unknown House” is not an organisation of {museum.cohort}."),
        (5, Outcome.BAD, "The role “queen” is not known: use participant or mentor."),
        (6, Outcome.BAD, "Stands in line 2 already."),
        (7, Outcome.BAD, "Has a character that cannot be used."),
        (8, Outcome.BAD, "The address is missing."),
        (9, Outcome.BAD, "The organisation is missing."),
        (10, Outcome.BAD, "The name is longer than 120 characters."),
    ]
    assert list(Invitation.objects.values_list("email", "name")) == [("new@sample.example", "Nia")]
    assert Letter.objects.filter(kind="invitation").count() == 1


def test_the_same_file_again_invites_nobody_twice(museum):
    file = HEADER + "new@sample.example,Nia,Sample Museum,,\nmo@sample.example,Mo,,mentor,\n"
    read(file, museum.cohort, commit=True)
    rows = read(file, museum.cohort, commit=True)
    assert {row.outcome for row in rows} == {Outcome.INVITED}
    assert Letter.objects.filter(kind="invitation").count() == 2


def test_an_expired_invitation_in_the_file_is_renewed(museum):
    invite("old@sample.example", "", museum.cohort, museum, "", staff(), NOW - timedelta(days=30))
    rows = read(HEADER + "old@sample.example,,Sample Museum,,\n", museum.cohort, commit=True)
    assert told(rows) == [(2, Outcome.INVITE, "An earlier invitation has expired: it is renewed.")]
    assert Invitation.objects.get().renewals == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfemail;name;organisation\r\nz\xc3\xb4e@sample.example;Zo\xc3\xab;Sample Museum\r\n",
        "Organisation , EMAIL,name\nSample Museum,zoe@sample.example,Zoë\n".encode(),
        'email,name,organisation\n\nzoe@sample.example,"Zoë",Sample Museum\n'.encode(),
    ],
    ids=["semicolons, BOM and CRLF", "other order and capitals", "empty lines and quotes"],
)
def test_files_as_spreadsheets_write_them_are_read(museum, content):
    content = content.replace(b"z\xc3\xb4e@", b"zoe@")
    (row,) = read(content, museum.cohort)
    assert (row.outcome, row.email, row.name) == (Outcome.INVITE, "zoe@sample.example", "Zoë")


def test_a_name_that_looks_like_a_formula_stays_text(museum):
    name = '=HYPERLINK("http://x")'
    (row,) = read(f"email;name;organisation\nf@sample.example;{name};Sample Museum\n", museum.cohort, commit=True)
    assert row.reason == "The name looks like a formula; it is kept as text."
    assert Invitation.objects.get().name == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"name,organisation\nx,y\n", "email is missing"),
        (b"email,organisation,shoe size\n", "“shoe size” is not known"),
        (b"email,organisation\n\xff\xfe,x\n", "not in UTF-8"),
        (b"email,organisation\n" + b"x" * (1024 * 1024), "larger than 1 MB"),
        (b"email,organisation\n" + b"a@sample.example,x\n" * 1001, "more than 1000 rows"),
        (b'email,organisation\n"' + b"x" * 200_000 + b'",y\n', "breaks off"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(museum, content, words):
    with pytest.raises(Refused, match=words):
        read(content, museum.cohort, commit=True)
    assert not Invitation.objects.exists()


def test_organisations_of_another_cohort_are_unknown(museum):
    (row,) = read("email,organisation\nx@sample.example,Sample Museum\n", a_cohort())
    assert row.outcome == Outcome.BAD


def test_a_preview_of_thirty_rows_takes_as_many_queries_as_one_of_three(museum):
    def queries(number):
        file = HEADER + "".join(f"p{i}@sample.example,,Sample Museum,,\n" for i in range(number))
        by = staff()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            import_csv(BytesIO(file.encode()), museum.cohort, by, NOW, commit=False)
        return len(captured)

    assert queries(30) == queries(3)
