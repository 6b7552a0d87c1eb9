"""Typos are forgiven: one in a word, two in a long one; and nobody is found who is somebody else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from activity_log.close_search import _patterns, close_customers
from activity_log.database import Database
from activity_log.operators import Operator
from tests.activity_log.stories import Books, send

PEOPLE = {
    "anna": ("Anna", "Müller", "anna.mueller@example.org", "+49 421 5550101"),
    "bernd": ("Bernd", "Hofmann-Schneider", "bernd@example.org", None),
    "carla": ("Carla", "Boehm", None, "0170 7654321"),
    "dora": ("Dóra", "Szabó", None, None),
    "emil": ("Emil", "Meier", None, None),
}


@pytest.fixture
def told(database: Database, books: Books) -> Database:
    for person, (given_name, family_name, email, phone) in PEOPLE.items():
        contact = {"email": email} if email else {}
        send(database, books.knows(person, given_name, family_name, phone=phone, **contact))
    return database


def found(database: Database, reisen: Operator, query: str) -> list[str]:
    whose = {reisen.pseudonym(person): person for person in PEOPLE}
    with database.reading() as connection:
        return [whose[one] for one in close_customers(connection, "reisen", query, 20)]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Mueller", "anna"),
        ("Muller", "anna"),
        ("Mülller", "anna"),
        ("Mülelr", "anna"),
        ("Ana Müler", "anna"),
        ("Müler, Anna", "anna"),
        ("anna.muelle@exmaple.org", "anna"),
        ("Hoffmann", "bernd"),
        ("Hofman", "bernd"),
        ("Ohfmann", "bernd"),
        ("Shcneidre", "bernd"),
        ("Böhm", "carla"),
        ("Behm", "carla"),
        ("Carla Behm", "carla"),
        ("Szabo", "dora"),
        ("Dura Szabo", "dora"),
        ("Maier", "emil"),
        ("Meyer", "emil"),
        ("Meire", "emil"),
        ("0421 5550102", "anna"),
        ("+49 421 5550110", "anna"),
        ("0170 7654312", "carla"),
    ],
)
def test_a_typo_is_forgiven(told: Database, reisen: Operator, typed: str, meant: str):
    assert found(told, reisen, typed)[:1] == [meant]


STRANGERS = ["Schulz", "Anna Schulz", "Muxxer", "12345", "Em", "", "  ", "%", "___", "\\\\\\\\"]


@pytest.mark.parametrize("typed", STRANGERS)
def test_nobody_else_is_found(told: Database, reisen: Operator, typed: str):
    assert found(told, reisen, typed) == []


def test_fewest_mistakes_come_first(told: Database, books: Books, reisen: Operator):
    send(told, books.knows("fritz", "Fritz", "Mayer"), books.knows("gerd", "Gerd", "Meierle"))
    whose = {reisen.pseudonym(person): person for person in ("fritz", "gerd", "emil")}
    with told.reading() as connection:
        close = close_customers(connection, "reisen", "Meier", 20)
    assert [whose[one] for one in close] == [
        "emil",
        "gerd",
    ]  # the whole word, its beginning; Mayer is two away


def test_nobody_of_another_operator_is_found(told: Database):
    with told.reading() as connection:
        assert close_customers(connection, "konkurrenz", "Muller", 20) == []


LETTERS = st.text(alphabet="abcdeklmrsz", min_size=4, max_size=14)


@st.composite
def one_mistake(draw):
    word = draw(LETTERS)
    place = draw(st.integers(0, len(word) - 1))
    other = draw(st.sampled_from("abxy"))
    after = place + 1
    changes = (
        word[:place] + word[after:],
        word[:place] + other + word[place:],
        word[:place] + other + word[after:],
        word[:place] + word[place:after + 1][::-1] + word[after + 1:],
    )  # fmt: skip
    return word, draw(st.sampled_from(changes))


@settings(deadline=None)
@given(one_mistake())
def test_no_single_mistake_escapes_the_patterns(pair):
    """The store must not sort out who is one mistake away."""
    word, stored = pair
    with create_engine("sqlite://").connect() as connection:
        fits = [
            connection.execute(text("SELECT :s LIKE :p"), {"s": stored, "p": f"%{pattern}%"}).scalar()
            for pattern in _patterns(word, 1)
        ]
    assert any(fits)
