"""Who booked what, and who travels with whom."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event

from activity_log.booked import Companion, PartyMember, booked_trips, bookings_of, companions_of, party_of
from activity_log.database import SQLITE
from activity_log.travels import Travels
from tests.activity_log.logs import Log
from tests.activity_log.stories import Books, Event

BOOKS = Books()
MAY_25, MAY_26 = "2025-05-02", "2026-05-02"


def misses(booking: Event, person: str) -> Event:
    data = {"booking_id": booking["data"]["booking_id"], "person_profile_id": person}
    return BOOKS.event("BookingNoShow", "2026-05-20", data)


def again(booking: Event, id_: str, when: str, **changed: object) -> Event:
    return booking | {"id": id_, "time": f"{when}T09:00:00Z", "data": booking["data"] | changed}


@pytest.fixture
def nordsee(log: Log) -> str:
    """Anna books for Bernd and herself two years running; Carla, who is also carla2, joins once and cancels once."""
    return log.told(
        [
            BOOKS.books("anna", "nordsee-25", MAY_25, "bernd"),
            BOOKS.books("anna", "nordsee-26", MAY_26, "bernd", "carla2"),
            BOOKS.books("carla", "harz-26", "2026-03-01", "anna"),
            BOOKS.cancels("carla", "harz-26", "2026-03-01", "2026-03-05"),
            BOOKS.merges("carla", "carla2", "2026-05-10"),
        ]
    )


def trips(log: Log, operator_id: str, person: str, today: date | None = None) -> list[tuple[str, str]]:
    customer = log.customer(operator_id, person)
    with log.database.reading() as connection:
        return [(one.tour_id, one.state) for one in bookings_of(connection, operator_id, customer, today)]


def test_bookers_and_travellers_have_their_bookings(log: Log, nordsee: str):
    assert trips(log, nordsee, "anna") == [
        ("nordsee-25", "confirmed"),
        ("harz-26", "cancelled"),
        ("nordsee-26", "confirmed"),
    ]
    assert trips(log, nordsee, "bernd") == [("nordsee-25", "confirmed"), ("nordsee-26", "confirmed")]
    assert trips(log, nordsee, "stranger") == []
    assert trips(log, nordsee, "carla") == [("harz-26", "cancelled"), ("nordsee-26", "confirmed")]


def test_a_booking_says_what_was_confirmed(log: Log, nordsee: str):
    anna = log.customer(nordsee, "anna")
    with log.database.reading() as connection:
        first, *_ = booked_trips(connection, nordsee, anna)
    assert (first.customer_id, first.departure_date, first.amount, first.currency, first.sales_channel) == (
        anna, date(2026, 9, 1), Decimal("499.00"), "EUR", "phone"
    )  # fmt: skip
    assert first.confirmed_at.isoformat() == "2025-05-02T09:00:00+00:00"


def test_who_has_departed_has_travelled_from_the_next_day_on(log: Log, nordsee: str):
    assert {state for _, state in trips(log, nordsee, "bernd", date(2026, 9, 1))} == {"confirmed"}
    assert trips(log, nordsee, "anna", date(2026, 9, 2)) == [
        ("nordsee-25", "travelled"),
        ("harz-26", "cancelled"),
        ("nordsee-26", "travelled"),
    ]


def test_a_cancellation_that_arrives_first_waits_for_its_booking(log: Log):
    operator_id = log.told([BOOKS.cancels("anna", "harz-26", MAY_26, "2026-05-05")])
    assert trips(log, operator_id, "anna") == []
    log.tell(operator_id, [BOOKS.books("anna", "harz-26", MAY_26)])
    assert trips(log, operator_id, "anna") == [("harz-26", "cancelled")]


def test_the_party_is_that_of_the_newest_confirmation(log: Log):
    first = BOOKS.books("anna", "nordsee-26", MAY_26, "bernd")
    seats = [
        {"person_profile_id": "anna", "seat_position": "window", "boarding_point_id": "Bremen"},
        {"person_profile_id": "dora"},
        {},
    ]
    second = again(first, "second", "2026-05-04", travellers=seats)
    operator_id = log.told([second])
    log.tell(operator_id, [first, misses(first, "dora"), misses(first, "bernd")])
    anna, dora = (log.customer(operator_id, person) for person in ("anna", "dora"))
    with log.database.reading() as connection:
        party = party_of(connection, operator_id, first["data"]["booking_id"])
        assert party_of(connection, operator_id, "b-unknown") == []
    assert party == [
        PartyMember(1, anna, "window", "Bremen", no_show=False),
        PartyMember(2, dora, None, None, no_show=True),
        PartyMember(3, None, None, None, no_show=False),
    ]
    assert trips(log, operator_id, "bernd") == [], "he is no longer of the party"


def test_who_travels_with_whom(log: Log, nordsee: str):
    anna, bernd, carla = (log.customer(nordsee, person) for person in ("anna", "bernd", "carla"))
    with log.database.reading() as connection:
        assert companions_of(connection, nordsee, anna) == [Companion(bernd, 2), Companion(carla, 1)]
        assert companions_of(connection, nordsee, carla) == sorted(
            [Companion(anna, 1), Companion(bernd, 1)], key=lambda one: one.customer_id
        )
        assert companions_of(connection, nordsee, log.customer(nordsee, "stranger")) == []


@pytest.mark.parametrize(
    "read",
    [
        lambda connection, operator_id, anna: Travels.read(connection, operator_id, [anna]),
        lambda connection, operator_id, anna: companions_of(connection, operator_id, anna),
    ],
    ids=["travels", "companions"],
)
def test_what_one_person_booked_is_found_without_walking_all_seats(log: Log, nordsee: str, read):
    if log.database.engine.dialect.name != SQLITE:
        pytest.skip("it is SQLite that is led astray")
    anna, asked = log.customer(nordsee, "anna"), []
    with log.database.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
        read(connection, nordsee, anna)
        plans = [
            row.detail
            for statement, values in asked.copy()
            if "party_member" in statement
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert any("party_member" in step for step in plans)
    assert not [step for step in plans if step.startswith("SCAN party_member") or "customer_id>" in step]
