from datetime import date, datetime
from decimal import Decimal

import pytest

from activity_log import ledger, reading, schema
from activity_log.database import Database
from activity_log.operators import Operator
from tests.activity_log.stories import Books, anna_and_bernd, send


@pytest.fixture
def told(database: Database, books: Books) -> Database:
    send(database, *anna_and_bernd(books))
    return database


def names(database: Database, query: str, limit: int = 20) -> list[str]:
    with database.reading() as connection:
        return [one.given_name for one in reading.search_profiles(connection, "reisen", query, limit)]


# Who somebody is


def test_a_profile_is_what_the_backoffice_knows_now(told: Database, reisen: Operator):
    anna = reisen.pseudonym("anna")
    with told.reading() as connection:
        profile = reading.find_profile(connection, "reisen", anna)
        assert reading.find_profile(connection, "reisen", reisen.pseudonym("stranger")) is None
        assert reading.find_profile(connection, "konkurrenz", anna) is None
    assert profile == reading.Profile(
        anna, "anna", "Anna", "Müller-Lüdenscheidt", None, "+49 421 5550101", None, None, None, "de", False
    )


def test_existing_are_those_with_a_profile(told: Database, reisen: Operator):
    anna, carla2 = reisen.pseudonym("anna"), reisen.pseudonym("carla2")
    asked = [anna, carla2, reisen.pseudonym("stranger"), "c-nobody", *(f"c-{n}" for n in range(1_200))]
    with told.reading() as connection:
        assert reading.existing_customers(connection, "reisen", asked) == {anna, carla2}
        assert reading.existing_customers(connection, "reisen", []) == set()


def test_all_customers_name_merged_people_once(told: Database, reisen: Operator):
    expected = sorted(reisen.pseudonym(person) for person in ("anna", "bernd", "carla"))
    with told.reading() as connection:
        assert reading.all_customers(connection, "reisen") == expected
        assert reading.all_customers(connection, "konkurrenz") == []


# Search


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("anna", ["Anna", "Bernd"]),  # Bernd Annaberg only begins like it
        ("ANNA müller", ["Anna"]),
        ("Müller-LÜDENSCHEIDT", ["Anna"]),
        ("müller-lüdenscheidt anna", ["Anna"]),
        ("Müller-Lüdenscheidt, Anna", ["Anna"]),
        ("  anna   müller ", ["Anna"]),
        ("scheidt", ["Anna"]),
        ("öztürk", ["Carla"]),
        ("O\u0308ZTU\u0308RK", ["Carla"]),  # typed on a Mac
        ("C_100%@EXAMPLE", ["Carla"]),
        ("carla", ["Carla"]),  # neither e-mail nor id of Karla (carla2) begins with a word "carla"
        ("0421 5550101", ["Anna"]),
        ("+49 421 / 555-0101", ["Anna"]),
        ("0049 (421) 5550101", ["Anna"]),
        ("5550101", ["Anna"]),
        ("0170 5550101", []),
        ("%", ["Carla"]),
        ("_", ["Carla"]),
        ("\\", []),
        ("", []),
        ("   ", []),
        ("x" * 100_000, []),
        ("carla2", ["Karla"]),
    ],
)
def test_who_could_be_meant(told: Database, query: str, found: list[str]):
    assert names(told, query) == found


def test_sharp_s_is_double_s(database: Database, books: Books):
    send(database, books.knows("emil", "Emil", "Strauß"))
    assert names(database, "STRAUSS") == names(database, "Strauß") == ["Emil"]


def test_a_number_stored_without_country_is_found_by_the_number_a_phone_shows(
    database: Database, books: Books
):
    send(database, books.knows("dora", "Dora", "Dorn", phone="0421-777 0202"))
    assert names(database, "+49 421 7770202") == ["Dora"]


def test_the_pseudonym_finds_its_customer_and_comes_first(database: Database, books: Books, reisen: Operator):
    anna = reisen.pseudonym("anna")
    send(database, books.knows("anna", "Zoe", "Zorn"), books.knows("b", "Anna", "Ahrens"))
    send(database, books.knows("c", "Anna", anna))
    assert names(database, anna) == ["Zoe", "Anna"]
    assert names(database, "anna") == ["Zoe", "Anna", "Anna"]
    assert names(database, "anna", limit=1) == ["Zoe"]


def test_the_search_finds_nobody_of_another_operator(told: Database):
    with told.reading() as connection:
        assert reading.search_profiles(connection, "konkurrenz", "anna") == []


# Timeline


def test_the_timeline_is_newest_first_and_names_the_role(told: Database, reisen: Operator):
    with told.reading() as connection:
        rows = reading.timeline(connection, "reisen", reisen.pseudonym("bernd"))
    assert [(row.event.event_type.name, row.event.occurred_at.year, row.role) for row in rows] == [
        ("BookingConfirmed", 2026, "traveller"),
        ("BookingConfirmed", 2025, "traveller"),
        ("BookingConfirmed", 2024, "traveller"),
        ("PersonProfileUpdated", 2020, "person"),
    ]


def test_pages_of_the_timeline_follow_each_other_without_gap(
    database: Database, books: Books, reisen: Operator
):
    anna = reisen.pseudonym("anna")
    same_moment = [books.books("anna", f"tour-{n}", "2026-05-02") for n in range(5)]
    send(database, *same_moment, books.books("anna", "early", "2026-05-01"))
    with database.reading() as connection:
        whole = reading.timeline(connection, "reisen", anna)
        paged, before = [], None
        for _ in range(4):
            page = reading.timeline(connection, "reisen", anna, before, limit=2)
            paged += page
            before = (page[-1].event.occurred_at, page[-1].event.seq) if page else before
    assert page == []
    assert paged == whole
    assert [row.event.seq for row in whole] == [5, 4, 3, 2, 1, 6]


def test_merged_people_have_one_timeline(told: Database, reisen: Operator):
    carla, carla2 = reisen.pseudonym("carla"), reisen.pseudonym("carla2")
    with told.reading() as connection:
        told_once = [reading.timeline(connection, "reisen", one) for one in (carla, carla2)]
        assert reading.canonical_customer(connection, "reisen", carla2) == carla
        assert reading.canonical_customer(connection, "reisen", carla) == carla
        assert reading.canonical_customer(connection, "reisen", "c-nobody") == "c-nobody"
    assert told_once[0] == told_once[1]
    assert [row.event.event_type.name for row in told_once[0]] == [
        "PersonProfilesMerged",
        "BookingCancelled",
        "BookingConfirmed",
        "PersonProfileUpdated",
        "PersonProfileUpdated",
    ]


def test_who_booked_as_one_of_two_merged_and_travelled_as_the_other_is_the_booker(
    database: Database, books: Books, reisen: Operator
):
    send(
        database,
        books.books("carla", "harz", "2026-01-01", "carla2"),
        books.merges("carla2", "carla", "2026-02-01"),
    )
    with database.reading() as connection:
        rows = reading.timeline(connection, "reisen", reisen.pseudonym("carla"))
    assert [(row.event.event_type.name, row.role) for row in rows] == [
        ("PersonProfilesMerged", "person"),
        ("BookingConfirmed", "booker"),
    ]


@pytest.mark.parametrize(
    ("merges", "survivor"),
    [
        ([("b", "a", "2026-01-01"), ("c", "b", "2026-01-02")], "c"),
        ([("b", "a", "2026-01-02"), ("c", "b", "2026-01-01")], "c"),
        ([("b", "a", "2026-01-01"), ("c", "a", "2026-01-02")], "c"),
        ([("b", "a", "2026-01-01"), ("b", "c", "2026-01-02")], "b"),
        ([("b", "a", "2026-01-01"), ("a", "b", "2026-01-02"), ("b", "c", "2026-01-03")], "b"),
        ([("c", "c", "2026-01-01"), ("c", "a", "2026-01-02"), ("a", "b", "2026-01-03")], "c"),
    ],
    ids=["chain", "chain, late link", "merged twice", "two into one", "circle", "itself"],
)
def test_chains_and_circles_of_merges_end_in_one_survivor(
    database: Database, books: Books, reisen: Operator, merges: list[tuple[str, str, str]], survivor: str
):
    for surviving, merged, when in merges:  # recorded at once, so that they take effect as they arrive
        send(database, books.merges(surviving, merged, when), now=datetime.fromisoformat(f"{when}T12:00Z"))
    people = [reisen.pseudonym(person) for person in "abc"]
    with database.reading() as connection:
        counted_as = {reading.canonical_customer(connection, "reisen", one) for one in people}
        timelines = [reading.timeline(connection, "reisen", one) for one in people]
    assert counted_as == {reisen.pseudonym(survivor)}
    assert timelines[0] == timelines[1] == timelines[2]
    assert len(timelines[0]) == len(merges)


# Catalogue


def test_the_catalogue_is_what_was_published_last(told: Database):
    with told.reading() as connection:
        catalogue = reading.catalogue(connection, "reisen")
    tour = catalogue.tours["nordsee-26"]
    assert (tour.name.de, tour.name.in_language("en")) == ("Nordsee für Genießer",) * 2
    assert (tour.family_id, tour.nights, tour.price_from) == ("nordsee", 4, Decimal("429.00"))
    [departure] = catalogue.departures
    assert departure.departs_on == date(2026, 9, 1)
    assert departure.boarding_point_ids == frozenset({"Bremen", "Oldenburg"})
    assert (departure.seats_left, departure.seats_total, departure.price) == (46, 48, Decimal("399.00"))


def test_the_level_changes_with_every_catalogue_event_and_with_no_other(database: Database, books: Books):
    def level(operator_id: str = "reisen") -> int:
        with database.reading() as connection:
            return reading.catalogue_level(connection, operator_id)

    assert level() == 0
    levels = []
    for event in (
        books.publishes("nordsee-26", "2025-10-01", "Nordsee"),
        books.departs("nordsee-26", "2026-09-01", "2025-10-02", 48),
        books.departs("nordsee-26", "2026-09-01", "2026-05-03", 46, "DepartureUpdated"),
    ):
        send(database, event)
        send(database, books.books("anna", "nordsee-26", "2026-05-02") | {"id": f"b{event['id']}"})
        levels.append(level())
    assert levels == [1, 3, 5]
    assert level("konkurrenz") == 0
    with database.reading() as connection:
        assert ledger.last_seq(connection, "reisen") == 6


def test_the_level_is_one_look_up(database: Database):
    query = f"SELECT max(seq) FROM event WHERE operator_id = 'reisen' AND {schema.IS_CATALOGUE_EVENT}"
    with database.reading() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert [row[3] for row in plan] == ["SEARCH event USING INDEX ix_event_catalogue (operator_id=?)"]


def test_a_family_holds_its_tours_of_all_seasons(told: Database, books: Books):
    send(
        told,
        books.publishes("nordsee-25", "2024-10-01", "Nordsee 2025"),
        books.publishes("harz-26", "2025-10-01", "Harz"),
    )
    with told.reading() as connection:
        families = reading.catalogue(connection, "reisen").families()
    assert {name: [tour.tour_id for tour in family.tours] for name, family in families.items()} == {
        "harz": ["harz-26"],
        "nordsee": ["nordsee-25", "nordsee-26"],
    }
