"""Bookings as the screen shows them: Anna books the Nordsee for Bernd and herself; Carla takes both to the Harz."""

from datetime import date
from decimal import Decimal

import pytest

from activity_log.errors import UnknownCustomerError
from serving.bookings import travel_record
from serving.crm.records import NamedPerson, TravelRecord
from tests.activity_log.logs import Log
from tests.activity_log.stories import Books, Event

BOOKS = Books()
TODAY = date(2026, 6, 1)


def books(who: str, tour: str, when: str, departs: str, *others: str | None, amount: str = "499.00") -> Event:
    """A booking, everybody boarding in Bremen; None: a companion nobody named."""
    event = BOOKS.books(who, tour, when, amount=amount)
    seats = [
        {"boarding_point_id": "bremen"} | ({"person_profile_id": one} if one else {})
        for one in (who, *others)
    ]
    return event | {"data": event["data"] | {"departure_date": departs, "travellers": seats}}


@pytest.fixture
def operator_id(log: Log) -> str:
    return log.told(
        [
            BOOKS.knows("anna", "Anna", "Arndt"),
            BOOKS.knows("bernd", "Bernd", "Brandt"),
            BOOKS.knows("carla", "Carla", "Claus"),
            BOOKS.publishes("nordsee-25", "2024-10-01", "Nordsee 2025"),
            books("anna", "nordsee-25", "2025-01-02", "2025-05-08", "bernd", None),
            books("anna", "nordsee-26", "2026-01-02", "2026-05-08", "bernd"),
            BOOKS.cancels("anna", "nordsee-26", "2026-01-02", "2026-02-01"),
            books("carla", "harz-26", "2026-03-01", "2026-06-01", "anna", "bernd", amount="900.00"),
            books("anna", "ostsee-26", "2026-04-01", "2026-09-01", "bernd", "stranger"),
        ]
    )


def record(log: Log, operator_id: str, person: str, language: str = "de") -> TravelRecord:
    with log.database.reading() as connection:
        customer = log.customer(operator_id, person)
        return travel_record(connection, operator_id, customer, language, TODAY)


def named(log: Log, operator_id: str, person: str, name: str) -> NamedPerson:
    return NamedPerson(log.customer(operator_id, person), name)


def test_the_latest_departure_comes_first_with_its_state(log: Log, operator_id: str):
    told = [(one.tour_name, one.departs_on, one.state) for one in record(log, operator_id, "anna").bookings]
    assert told == [
        ("Ostsee 26", date(2026, 9, 1), "confirmed"),
        ("Harz 26", date(2026, 6, 1), "confirmed"),
        ("Nordsee 26", date(2026, 5, 8), "cancelled"),
        ("Nordsee 2025", date(2025, 5, 8), "travelled"),
    ]


def test_the_next_trip_is_the_soonest_ahead_and_may_leave_today(log: Log, operator_id: str):
    trip = record(log, operator_id, "anna").next_trip
    assert trip is not None
    assert (trip.tour_name, trip.boarding_point, trip.party_size) == ("Harz 26", "bremen", 3)
    assert trip.companions == (
        named(log, operator_id, "carla", "Carla Claus"), named(log, operator_id, "bernd", "Bernd Brandt"),
    )  # fmt: skip


def test_whose_booking_it_is(log: Log, operator_id: str):
    ostsee, harz, *_ = record(log, operator_id, "anna").bookings
    assert (ostsee.is_own, ostsee.booker, ostsee.amount) == (True, None, Decimal("499.00"))
    assert (harz.is_own, harz.booker) == (False, named(log, operator_id, "carla", "Carla Claus"))


def test_unnamed_seats_count_and_strangers_have_no_name(log: Log, operator_id: str):
    ostsee, *_, nordsee = record(log, operator_id, "anna").bookings
    assert nordsee.party_size == 3
    assert nordsee.companions == (named(log, operator_id, "bernd", "Bernd Brandt"),)
    assert (ostsee.party_size, len(ostsee.companions)) == (3, 1)


def test_who_travels_along_without_cancelled_trips(log: Log, operator_id: str):
    told = [(one.name, one.trips) for one in record(log, operator_id, "anna").companions]
    assert told == [("Bernd Brandt", 3), ("Carla Claus", 1)]
    assert [(one.name, one.trips) for one in record(log, operator_id, "bernd").companions] == [
        ("Anna Arndt", 3),
        ("Carla Claus", 1),
    ]


def test_of_a_known_tour_the_nights_are_told(log: Log, operator_id: str):
    *_, nordsee = record(log, operator_id, "bernd", "en").bookings
    assert (nordsee.tour_name, nordsee.nights) == ("Nordsee 2025", 4)  # it has no English name
    assert record(log, operator_id, "bernd").bookings[0].nights is None


def test_a_merged_companion_is_one_person_under_the_name_that_stays(log: Log, operator_id: str):
    log.tell(
        operator_id,
        [BOOKS.knows("bernd2", "Bernhard", "Brandt"), BOOKS.merges("bernd2", "bernd", "2026-05-01")],
    )
    anna = record(log, operator_id, "anna")
    assert [one.name for one in anna.companions] == ["Bernhard Brandt", "Carla Claus"]
    assert anna.bookings[0].companions == (named(log, operator_id, "bernd2", "Bernhard Brandt"),)
    assert len(record(log, operator_id, "bernd").bookings) == 4


def test_who_never_booked_has_nothing_and_who_is_unknown_is_named(log: Log, operator_id: str):
    log.tell(operator_id, [BOOKS.knows("dora", "Dora", "Dahl")])
    assert record(log, operator_id, "dora") == TravelRecord([], [], None)
    with pytest.raises(UnknownCustomerError):
        record(log, operator_id, "stranger")


def test_another_operators_bookings_are_nobodys(log: Log, operator_id: str):
    other = log.told([BOOKS.knows("anna", "Anna", "Fremd")])
    assert record(log, other, "anna") == TravelRecord([], [], None)
