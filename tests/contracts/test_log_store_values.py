"""What a log store keeps is what was sent, to the last digit; what no store can hold is refused in both."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from activity_log import reading, schema
from activity_log.contracts.commerce import BookingConfirmed, DepartureScheduled
from activity_log.ingestion import Receipt, ingest_events
from activity_log.ledger import LoggedEvent
from activity_log.operators import find_operator
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW, Event
from tests.contracts.log_store import BOOKING, BOOKS, PROFILE, append, stored


def sent_and_read(log: Log, event: Event) -> LoggedEvent:
    operator_id = log.operator()
    assert append(log, operator_id, event) == Receipt(accepted=1)
    [read] = stored(log, operator_id)
    return read


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-05-01T23:59:59.999999Z", datetime(2026, 5, 1, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-03-29T02:30:00.000001+02:00", datetime(2026, 3, 29, 0, 30, 0, 1, tzinfo=UTC)),
        ("2025-12-31T23:30:00-01:00", datetime(2026, 1, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_moments_are_exact(log: Log, written: str, moment: datetime):
    read = sent_and_read(log, BOOKING | {"time": written, "recordedtime": written})
    assert (read.occurred_at, read.recorded_at) == (moment, moment)


@pytest.mark.parametrize(
    "amount", ["0.00", "0.10", "12.5", "999999999999.99", "1E+3", 7, 10.10, 123456789012.07]
)
def test_money_is_exact(log: Log, amount: Any):
    read = sent_and_read(log, BOOKING | {"data": BOOKING["data"] | {"total_amount": amount}})
    assert isinstance(read.payload, BookingConfirmed)
    assert read.payload.total_amount == Decimal(str(amount))
    with log.database.reading() as connection:
        kept = select(schema.booking.c.amount).where(schema.booking.c.operator_id == read.operator_id)
        assert connection.execute(kept).scalar() == Decimal(str(amount))


@pytest.mark.parametrize("day", ["0001-01-01", "1951-03-04", "2024-02-29", "9999-12-31"])
def test_days_are_exact(log: Log, day: str):
    departure = BOOKS.departs("nordsee-26", day, "2026-05-03", 46)
    read = sent_and_read(log, departure)
    assert isinstance(read.payload, DepartureScheduled)
    assert read.payload.departs_on.isoformat() == day
    with log.database.reading() as connection:
        kept = select(schema.departure.c.departs_on).where(schema.departure.c.operator_id == read.operator_id)
        assert connection.execute(kept).scalar_one().isoformat() == day


def test_long_ids_and_any_alphabet(log: Log):
    odd = "🚌Ωя中\u202e'\"\\%_\u0001\n\t"
    long = (odd * 20)[:199] + "x"
    data = BOOKING["data"] | {
        "booking_id": long,
        "booker_profile_id": long,
        "tour_id": long,
        "departure_id": long,
        "travellers": [{"person_profile_id": long, "seat_position": odd, "boarding_point_id": long}],
    }
    read = sent_and_read(log, BOOKING | {"id": long, "data": data})
    assert read.event_id == long
    assert read.payload.model_dump(mode="json", exclude_unset=True) == data
    told = PROFILE["data"] | {"person_profile_id": long, "given_name": odd, "dietary_needs": odd * 100}
    profile = sent_and_read(log, PROFILE | {"data": told})
    assert profile.payload.model_dump(mode="json", exclude_unset=True) == told


@pytest.mark.parametrize("event", [BOOKING, PROFILE, BOOKS.publishes("n-26", "2025-10-01", "Nordsee")])
def test_two_megabytes_are_no_trouble(log: Log, event: Event):
    attached = "ä" * 1_000_000
    read = sent_and_read(log, event | {"data": event["data"] | {"attached": attached}})
    assert read.payload.model_extra == {"attached": attached}


def test_a_thousand_seats_in_one_batch_of_one_person(log: Log, operator_id: str):
    events = [
        BOOKING | {"id": f"e{n}", "data": BOOKING["data"] | {"booking_id": f"b{n}"}} for n in range(1_000)
    ]
    assert append(log, operator_id, PROFILE, *events).accepted == 1_001
    anna = find_operator(log.database, operator_id).pseudonym("anna")
    with log.database.reading() as connection:
        assert len(reading.timeline(connection, operator_id, anna, limit=2_000)) == 1_001


# What no store can hold is refused in both, with one reason

TEXT_FIELDS = [
    (BOOKING, "data.booking_id"),
    (BOOKING, "data.currency"),
    (BOOKING, "data.sales_channel"),
    (BOOKING, "data.total_amount"),
    (BOOKING, "data.departure_date"),
    (BOOKING, "data.unheard_of"),
    (BOOKING, "id"),
    (BOOKING, "source"),
    (BOOKING, "type"),
    (BOOKING, "time"),
    (BOOKING, "operatorid"),
    (BOOKING, "unheard_of"),
    (PROFILE, "data.family_name"),
    (PROFILE, "data.email"),
]


@pytest.mark.parametrize(("event", "field"), TEXT_FIELDS)
def test_nul_is_refused_by_the_name_of_its_field(log: Log, operator_id: str, event: Event, field: str):
    name = field.removeprefix("data.")
    spoilt = event | {"operatorid": operator_id}
    into = spoilt if name == field else event["data"]
    value = f"{into.get(name, 'x')}\0"
    spoilt = spoilt | ({name: value} if into is spoilt else {"data": event["data"] | {name: value}})
    receipt = ingest_events(log.database, [json.dumps(spoilt).encode()], now=NOW)
    [put_aside] = receipt.quarantined
    assert put_aside.reason == f"{field}: the character NUL (\\u0000) cannot be stored; remove it"
    assert stored(log, operator_id) == []


@pytest.mark.parametrize(
    "data",
    [
        {"travellers": [{"seat_position": "\0"}]},
        {"travellers": [{"person_profile_id": "anna", "note": {"deep": ["\0"]}}]},
        {"extra": {"deep": [1, {"deeper": "a\0b"}]}},
        {"extra": {"a\0b": 1}},
        {"a\0b": 1},
    ],
)
def test_nul_is_found_at_any_depth(log: Log, operator_id: str, data: dict[str, Any]):
    receipt = append(log, operator_id, BOOKING | {"data": BOOKING["data"] | data})
    [put_aside] = receipt.quarantined
    assert put_aside.reason.startswith("data.")
    assert "the character NUL" in put_aside.reason


def test_a_backslash_before_u0000_is_text(log: Log):
    read = sent_and_read(log, BOOKING | {"data": BOOKING["data"] | {"sales_channel": "\\u0000"}})
    assert read.payload.sales_channel == "\\u0000"  # type: ignore[attr-defined]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(["family_name", "email", "dietary_needs", "unheard_of"]),
    value=st.text(st.characters(exclude_categories=()), max_size=20)
    | st.lists(
        st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=3), st.text(max_size=3))
    ),
)
def test_any_text_is_kept_as_it_is_or_refused(log: Log, field: str, value: Any):
    event = PROFILE | {"data": PROFILE["data"] | {field: value}}
    operator_id = log.operator()
    receipt = append(log, operator_id, event)
    events = stored(log, operator_id)
    if receipt.accepted:
        kept = events[0].payload.model_dump(mode="json")
        assert kept[field] == value
    else:
        assert [one.id for one in receipt.quarantined] == [PROFILE["id"]]
        assert events == []


@pytest.mark.parametrize("field", ["data.sales_channel", "id", "data.unheard_of", "type"])
def test_half_a_surrogate_pair_is_refused_and_its_bytes_are_kept(log: Log, operator_id: str, field: str):
    name = field.removeprefix("data.")
    event = BOOKING | {"operatorid": operator_id}
    spoilt = event | ({name: "\ud800"} if name == field else {"data": event["data"] | {name: "\ud800"}})
    raw = json.dumps(spoilt).encode()
    receipt = ingest_events(log.database, [raw], now=NOW)
    assert len(receipt.quarantined) == 1
    assert stored(log, operator_id) == []
