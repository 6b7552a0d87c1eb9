"""What is typed in many ways is spelled in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.duplicates.spelling import folded_email, folded_name, folded_postcode, phone_number, sound


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Müller", "mueller"),
        ("MUELLER", "mueller"),
        ("Mu\u0308ller", "mueller"),
        ("Weiß", "weiss"),
        ("Dr. Anna-Maria", "anna maria"),
        ("von der Leyen", "leyen"),
        ("O'Brien", "obrien"),
        ("  Öztürk ", "oeztuerk"),
        ("Łukasz", "lukasz"),
        ("José", "jose"),
        ("Van", "van"),
        ("H.", "h"),
        ("", ""),
        ("?", ""),
    ],
)
def test_names_lose_umlauts_titles_and_signs(typed, folded):
    assert folded_name(typed) == folded


ONE_NUMBER = [
    "0171 1234567",
    "+49 171 1234567",
    "0049171/123 45 67",
    "+49 (0) 171-1234567",
    "Tel. 0171 1234567 (privat)",
]


def test_a_number_is_one_however_it_is_written():
    assert {phone_number(written, "DE") for written in ONE_NUMBER} == {491711234567}


def test_a_number_without_country_is_of_the_region():
    assert phone_number("0664 1234567", "AT") == phone_number("+43 664 1234567", "DE")


@pytest.mark.parametrize(
    "nothing", [None, "", "unbekannt", "0", "0000000", "110", "04215550101 / 0171 333444 0171 333445"]
)
def test_what_cannot_be_dialled_is_no_number(nothing):
    assert phone_number(nothing, "DE") is None


def test_an_address_is_one_in_capitals_and_its_user_without_signs():
    assert folded_email(" Anna.Mueller+reisen@Example.ORG ") == (
        "anna.mueller+reisen@example.org",
        "annamueller",
    )
    assert [folded_email(nothing) for nothing in (None, "", "keine", "@example.org", "anna@")] == [None] * 5


def test_postcodes_lose_spaces_and_the_german_country():
    assert [folded_postcode(typed) for typed in ("28195", "D-28195", "DE 28195", " 28 195")] == ["28195"] * 4
    assert folded_postcode("SW1A 1AA") == "SW1A1AA"
    assert folded_postcode(None) == ""


@pytest.mark.parametrize(
    ("alike", "code"),
    [
        (("meier", "mayer", "maier", "meyr"), "67"),
        (("schmidt", "schmitt", "schmid"), "862"),
        (("stephan", "stefan"), "8236"),
        (("wikipedia",), "3412"),
        (("breschnew",), "17863"),
        (("muellerluedenscheidt",), "65752682"),
    ],
)
def test_names_that_sound_alike_have_one_code(alike, code):
    assert {sound(name) for name in alike} == {code}


@given(st.text())
def test_anything_can_be_typed(typed):
    folded = folded_name(typed)
    assert folded_name(folded) == folded
    assert sound(folded).isdigit() or sound(folded) == ""
    folded_email(typed)
    folded_postcode(typed)
    phone_number(typed, "DE")
