"""What counts as staying away: the edges of the horizon, and bookings that were given back."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from activity_log.facts.tables import FACT_TABLES, MOMENT
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import IDENTITIES, connect_duckdb
from training.labels import next_booking, no_booking_within

AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=100)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def booking(occurred_at, recorded_at=None, who="anna"):
    return {
        "operator_id": "o",
        "customer_id": who,
        "occurred_at": occurred_at,
        "recorded_at": recorded_at or occurred_at,
        "event_id": f"{who} {occurred_at}",
        "booking_id": "b1",
        "amount": Decimal("100.00"),
    }


def cancellation(recorded_at):
    stamp = {
        "operator_id": "o",
        "customer_id": "anna",
        "occurred_at": recorded_at,
        "recorded_at": recorded_at,
    }
    return stamp | {"event_id": "e2", "booking_id": "b1"}


def asked(bookings, cancellations=(), merges=()):
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
    return facts, as_of


def churned(bookings, cancellations=(), merges=()):
    facts, as_of = asked(bookings, cancellations, merges)
    labels = connect_duckdb().to_pyarrow(no_booking_within(facts, as_of, HORIZON, NOW))
    return labels.to_pylist()[0]["churned"]


def days_to_next(bookings, cancellations=(), merges=()):
    facts, as_of = asked(bookings, cancellations, merges)
    (row,) = connect_duckdb().to_pyarrow(next_booking(facts, as_of, NOW)).to_pylist()
    assert row["days_known"] == 365.0
    return row["days_to_next_booking"]


@pytest.mark.parametrize(
    ("occurred_at", "stays_away"),
    [
        (AS_OF - timedelta(microseconds=1), True),
        (AS_OF, False),
        (AS_OF + HORIZON - timedelta(microseconds=1), False),
        (AS_OF + HORIZON, True),
    ],
)
def test_the_horizon_begins_at_the_moment_and_ends_before_its_end(occurred_at, stays_away):
    assert churned([booking(occurred_at)]) is stays_away


def test_who_books_nothing_stays_away():
    assert churned([]) is True


def test_a_booking_given_back_is_none():
    inside = AS_OF + timedelta(days=10)
    assert churned([booking(inside)], [cancellation(inside + timedelta(days=30))]) is True


def test_what_is_not_known_yet_does_not_count():
    inside = AS_OF + timedelta(days=10)
    assert churned([booking(inside, recorded_at=NOW)]) is True
    assert churned([booking(inside)], [cancellation(NOW)]) is False


def merge(gone, stayed, since):
    forever = datetime(9999, 1, 1, tzinfo=UTC)
    stamp = {"valid_from": since, "valid_to": forever}
    return {"operator_id": "o", "customer_id": gone, "canonical_id": stayed} | stamp


def test_a_booking_confirmed_again_within_the_horizon_is_not_a_new_one():
    before, inside = AS_OF - timedelta(days=10), AS_OF + timedelta(days=10)
    assert churned([booking(before), booking(inside)]) is True
    assert churned([booking(inside), booking(inside + HORIZON)]) is False


@pytest.mark.parametrize("since", [AS_OF - timedelta(days=10), AS_OF + timedelta(days=300)])
@pytest.mark.parametrize(("gone", "stayed"), [("anna", "anne"), ("anne", "anna")])
def test_who_books_on_under_another_profile_of_theirs_stays(gone, stayed, since):
    """Anna and Anne are one person, as we know by now; she books as Anne."""
    bookings = [booking(AS_OF + timedelta(days=10), who="anne")]
    assert churned(bookings) is True
    assert churned(bookings, merges=[merge(gone, stayed, since)]) is False
    assert churned(bookings, merges=[merge(gone, stayed, since=NOW)]) is True


def test_the_next_booking_is_the_first_after_the_moment_that_was_kept():
    day = timedelta(days=1)
    assert days_to_next([booking(AS_OF - day), booking(AS_OF + 12 * day, who="bernd")]) is None
    assert days_to_next([booking(AS_OF)]) == 0.0
    later = booking(AS_OF + 40 * day) | {"booking_id": "b2"}
    assert days_to_next([later, booking(AS_OF + 12 * day)]) == 12.0
    assert days_to_next([later, booking(AS_OF + 12 * day)], [cancellation(AS_OF + 13 * day)]) == 40.0
    merged = [merge("anna", "anne", AS_OF + 300 * day)]
    assert days_to_next([booking(AS_OF + 3 * day, who="anne")], merges=merged) == 3.0
    assert days_to_next([booking(NOW)]) is None
