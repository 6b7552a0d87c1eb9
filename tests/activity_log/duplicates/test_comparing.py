"""How far names and days agree, and that it makes no difference who is asked first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.duplicates.comparing import Agreement, birth_dates, family_names, given_names
from activity_log.duplicates.short_forms import SHORT_FORMS, is_short_form
from activity_log.duplicates.spelling import folded_name

NAMES = st.text("abeimnrst ", min_size=1, max_size=12).map(folded_name).filter(bool)


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        ("Hans", "Johannes", Agreement.SHORT_FORM),
        ("Gabi", "Gaby", Agreement.SHORT_FORM),
        ("Uli", "Ulrike", Agreement.SHORT_FORM),
        ("Ulrich", "Ulrike", Agreement.DIFFERENT),
        ("H.", "Hannelore", Agreement.INITIAL),
        ("H.", "Bernd", Agreement.OTHER_INITIAL),
        ("Karl-Heinz", "Heinz", Agreement.PART),
        ("Hans Peter", "Hanspeter", Agreement.PART),
        ("Anna M.", "Anna Maria", Agreement.PART),
        ("Hans Peter", "Hans Jürgen", Agreement.DIFFERENT),
        ("Hannelore", "Hanelore", Agreement.SIMILAR),
        ("Stefan", "Stephan", Agreement.SIMILAR),
        ("Claudia", "Klaudia", Agreement.SIMILAR),
        ("Peter", "Petra", Agreement.DIFFERENT),
        ("Martin", "Martina", Agreement.DIFFERENT),
        ("Andreas", "Andrea", Agreement.DIFFERENT),
        ("Christian", "Christiane", Agreement.DIFFERENT),
        ("Ute", "Uta", Agreement.DIFFERENT),
        ("Anna", "Bernd", Agreement.DIFFERENT),
    ],
)
def test_given_names(one, other, agreement):
    assert given_names(folded_name(one), folded_name(other)) == agreement
    assert given_names(folded_name(other), folded_name(one)) == agreement


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        ("Müller", "Müller-Lüdenscheidt", Agreement.PART),
        ("Müller", "Muller", Agreement.SIMILAR),
        ("Meier", "Mayer", Agreement.SIMILAR),
        ("Schmidt", "Schmitt", Agreement.SIMILAR),
        ("Hoffmann", "Hofmann", Agreement.SIMILAR),
        ("Brinkmann", "Birnkmann", Agreement.SIMILAR),
        ("Koch", "Bach", Agreement.DIFFERENT),
        ("Lang", "Jung", Agreement.DIFFERENT),
        ("Böhm", "Boehme", Agreement.SIMILAR),
        ("Kaiser", "König", Agreement.DIFFERENT),
        ("M.", "Müller", Agreement.INITIAL),
    ],
)
def test_family_names(one, other, agreement):
    assert family_names(folded_name(one), folded_name(other)) == agreement
    assert family_names(folded_name(other), folded_name(one)) == agreement


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        (1950_04_03, 1950_03_04, Agreement.SWAPPED),
        (1950_04_03, 1951_03_04, Agreement.DIFFERENT),
        (1950_04_03, 1960_04_03, Agreement.SIMILAR),
        (1956_04_03, 1965_04_03, Agreement.SIMILAR),
        (1950_04_13, 1950_04_14, Agreement.SIMILAR),
        (1950_04_03, 1978_11_21, Agreement.DIFFERENT),
    ],
)
def test_days_of_birth(one, other, agreement):
    assert birth_dates(one, other) == birth_dates(other, one) == agreement


@given(NAMES, NAMES)
def test_it_makes_no_difference_who_is_asked_first(one, other):
    assert given_names(one, other) == given_names(other, one)
    assert family_names(one, other) == family_names(other, one)


def test_short_forms_are_folded_and_never_their_own_full_name():
    for short, full in SHORT_FORMS.items():
        assert folded_name(short) == short
        assert short not in full
        assert all(folded_name(one) == one and is_short_form(one, short) for one in full)
