"""What the API asks of every store: people spelled nearly so, members page by page, the trips of many at once."""

from datetime import date

from activity_log.booked import booked_trips
from activity_log.close_search import close_customers
from activity_log.operators import find_operator
from activity_log.segments.lists import define_list
from activity_log.segments.member_pages import members_after
from activity_log.segments.membership import Found, write_refresh
from activity_log.travels import Travels, travelling
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW
from tests.contracts.log_store import BOOKS, append

GUESTS = {"anna": "Müller", "bernd": "Hofmann", "carla": "Boehm", "dora": "100% Dorn"}


def known(log: Log, operator_id: str) -> dict[str, str]:
    """Everybody's customer_id."""
    append(log, operator_id, *(BOOKS.knows(who, who.title(), name) for who, name in GUESTS.items()))
    operator = find_operator(log.database, operator_id)
    return {who: operator.pseudonym(who) for who in GUESTS}


def test_people_spelled_nearly_so_are_found(log: Log, operator_id: str):
    ids = known(log, operator_id)
    with log.database.reading() as connection:
        for typed, meant in (
            ("Muller", "anna"),
            ("Hofmnan, Bernd", "bernd"),
            ("Böhm", "carla"),
            ("Dron", "dora"),
        ):
            assert close_customers(connection, operator_id, typed, 5) == [ids[meant]]
        assert close_customers(connection, operator_id, "100% Schulz", 5) == []


def test_members_follow_page_by_page(log: Log, operator_id: str):
    ids = sorted(known(log, operator_id).values())
    with log.database.writing() as connection:
        segment = define_list(connection, operator_id, "all", ("Alle", "All"), ids, NOW)
        write_refresh(connection, Found(segment, NOW, set(ids)), NOW)
    with log.database.reading() as connection:
        first = members_after(connection, operator_id, "all", None, 3)
        rest = members_after(connection, operator_id, "all", first[-1].customer_id, 3)
    assert [one.customer_id for one in (*first, *rest)] == ids
    assert {one.since for one in first} == {NOW}


def test_trips_of_many_are_those_of_each(log: Log, operator_id: str):
    ids = known(log, operator_id)
    append(
        log,
        operator_id,
        BOOKS.books("anna", "nordsee", "2026-05-02", "bernd"),
        BOOKS.books("anna", "harz", "2026-05-03"),
        BOOKS.cancels("anna", "harz", "2026-05-03", "2026-05-04"),
        BOOKS.books("carla", "harz", "2026-05-01", "anna"),
        BOOKS.merges("carla", "dora", "2026-06-01"),
    )
    with log.database.reading() as connection:
        together = Travels.read(connection, operator_id)
        assert len(together.of(ids["anna"])) == 2
        for one in (ids["anna"], ids["bernd"], ids["carla"]):
            alone = [trip.booking_id for trip in booked_trips(connection, operator_id, one)]
            assert [trip.booking_id for trip in together.of(one)] == alone
        assert together.companions(ids["anna"], 9) == sorted([ids["bernd"], ids["carla"]])
        day = booked_trips(connection, operator_id, ids["carla"])[0].departure_date
        assert travelling(connection, operator_id, day, day, {}) >= {ids["carla"], ids["anna"]}
        nobody = travelling(connection, operator_id, date(2031, 1, 1), date(2031, 1, 9), {})
        assert nobody == set()
