"""What counts as bought: the edges of the horizon, corrected amounts, bookings given back, people who became one."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from activity_log.facts.tables import FACT_TABLES, MOMENT
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import IDENTITIES, connect_duckdb
from training.value_labels import value_within

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=100)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
BEFORE = AS_OF - DAY


def booking(occurred_at, amount="100.00", booking_id="b1", who="anna"):
    return {
        "operator_id": "o",
        "customer_id": who,
        "occurred_at": occurred_at,
        "recorded_at": occurred_at,
        "event_id": f"{booking_id} {occurred_at}",
        "booking_id": booking_id,
        "amount": Decimal(amount),
    }


def bought(bookings, cancellations=(), merges=()):
    rows = {"bookings": list(bookings), "cancellations": list(cancellations)}
    names = [field.name for field in fields(Facts) if field.name != "identities"]
    tables = {name: pa.Table.from_pylist(rows.get(name, []), schema=FACT_TABLES[name]) for name in names}
    facts = Facts(
        **{name: ibis.memtable(table) for name, table in tables.items()},
        identities=ibis.memtable(pa.Table.from_pylist(list(merges), schema=IDENTITIES)),
    )
    keys = pa.schema({"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MOMENT})
    row = {"operator_id": "o", "customer_id": "anna", "as_of": AS_OF}
    as_of = ibis.memtable(pa.Table.from_pylist([row], schema=keys))
    labels = connect_duckdb().to_pyarrow(value_within(facts, as_of, HORIZON, NOW))
    row = labels.to_pylist()[0]
    return row["kept_bookings"], row["kept_spend"]


@pytest.mark.parametrize(
    ("occurred_at", "expected"),
    [
        (AS_OF - timedelta(microseconds=1), (0, 0.0)),
        (AS_OF, (1, 100.0)),
        (AS_OF + HORIZON - timedelta(microseconds=1), (1, 100.0)),
        (AS_OF + HORIZON, (0, 0.0)),
    ],
)
def test_the_horizon_begins_with_its_moment_and_ends_before_its_end(occurred_at, expected):
    assert bought([booking(occurred_at)]) == expected


def test_anna_s_two_bookings_are_added_up_and_bernd_s_is_his():
    two = [booking(AS_OF + DAY, "349.50"), booking(AS_OF + 9 * DAY, "120.00", "b2")]
    assert bought([*two, booking(AS_OF + DAY, "999.00", "b3", who="bernd")]) == (2, 469.5)


def test_a_corrected_booking_counts_when_it_was_first_made_and_costs_what_was_said_last():
    said = [booking(AS_OF + DAY, "400.00"), booking(AS_OF + 3 * DAY, "80.00")]
    assert bought(said) == (1, 80.0)
    assert bought([booking(BEFORE), *said]) == (0, 0.0)


def test_a_booking_given_back_was_none():
    row = booking(AS_OF + DAY)
    stamp = {name: row[name] for name in ("operator_id", "customer_id", "booking_id")}
    gone = stamp | {"occurred_at": AS_OF + 5 * DAY, "recorded_at": AS_OF + 5 * DAY, "event_id": "e"}
    assert bought([row], [gone]) == (0, 0.0)


def test_what_the_other_half_booked_counts_once_they_are_one():
    merge = {
        "operator_id": "o",
        "customer_id": "anni",
        "canonical_id": "anna",
        "valid_from": AS_OF + 20 * DAY,
        "valid_to": datetime(9999, 1, 1, tzinfo=UTC),
    }
    assert bought([booking(AS_OF + DAY, who="anni")], merges=[merge]) == (1, 100.0)
