"""What happened after a moment: the labels. The only place that looks at the future, and says how far."""

from datetime import datetime, timedelta

import ibis.expr.types as ir
from ibis import literal

from feature_repo.expressions.clocks import ROW, Facts
from feature_repo.expressions.moving import SECONDS_PER_DAY


def no_booking_within(facts: Facts, as_of: ir.Table, horizon: timedelta, until: datetime) -> ir.Table:
    """Whether each customer booked nothing in [as_of, as_of + horizon), cancelled bookings aside.

    A booking counts when it was first confirmed, for everybody who is one person with its booker by now.
    until: what is known now (exclusive); no `as_of` may be later than `until - horizon`. Returns operator_id,
    customer_id, as_of, churned (bool).
    """
    kept = by_person(_first_confirmed(facts, until), facts, until)
    asked = by_person(as_of.select(*ROW), facts, until).view()  # Ibis would join into the join that made it
    booked = asked.semi_join(
        kept,
        [
            asked.operator_id == kept.operator_id,
            asked.person_id == kept.person_id,
            kept.occurred_at >= asked.as_of,
            kept.occurred_at < asked.as_of + literal(horizon),
        ],
    ).select(*ROW, booked=literal(True))
    joined = as_of.select(*ROW).left_join(booked, list(ROW))
    return joined.select(*ROW, churned=~joined.booked.fill_null(False))


def _first_confirmed(facts: Facts, until: datetime) -> ir.Table:
    known = facts.bookings.filter(facts.bookings.recorded_at < literal(until))
    cancelled = facts.cancellations.filter(facts.cancellations.recorded_at < literal(until))
    kept = known.anti_join(cancelled, ["operator_id", "booking_id"])
    keys = ("operator_id", "customer_id", "booking_id")
    return kept.group_by(list(keys)).agg(occurred_at=kept.occurred_at.min())


def by_person(rows: ir.Table, facts: Facts, until: datetime) -> ir.Table:
    """Add person_id: whom the row's customer counts as at `until`."""
    merged = facts.identities.filter(
        (facts.identities.valid_from < literal(until)) & (facts.identities.valid_to >= literal(until))
    )
    joined = rows.left_join(merged, ["operator_id", "customer_id"])
    return joined.select(*rows.columns, person_id=joined.canonical_id.fill_null(joined.customer_id))


def next_booking(facts: Facts, as_of: ir.Table, until: datetime) -> ir.Table:
    """How long each customer took to book again, cancelled bookings aside; see `no_booking_within`.

    until: what is known now (exclusive). Returns operator_id, customer_id, as_of, days_to_next_booking (null: no
    booking in [as_of, until)) and days_known (days from as_of to `until`): the outcome of every horizon up to that.
    """
    kept = by_person(_first_confirmed(facts, until), facts, until)
    asked = by_person(as_of.select(*ROW), facts, until).view()
    later = asked.join(
        kept,
        [
            asked.operator_id == kept.operator_id,
            asked.person_id == kept.person_id,
            kept.occurred_at >= asked.as_of,
            kept.occurred_at < literal(until),
        ],
    ).select(*ROW, next_at=kept.occurred_at)
    first = later.group_by(list(ROW)).agg(next_at=later.next_at.min())
    joined = as_of.select(*ROW).left_join(first, list(ROW)).select(*ROW, "next_at")
    since = joined.as_of.epoch_seconds()
    return joined.select(
        *ROW,
        days_to_next_booking=(joined.next_at.epoch_seconds() - since) / SECONDS_PER_DAY,
        days_known=(literal(until).epoch_seconds() - since) / SECONDS_PER_DAY,
    )
