"""What happened after a moment: the labels. The only place that looks at the future, and says how far."""

from datetime import datetime, timedelta

import ibis.expr.types as ir
from ibis import literal

from feature_repo.expressions.clocks import ROW, Facts


def no_booking_within(facts: Facts, as_of: ir.Table, horizon: timedelta, until: datetime) -> ir.Table:
    """Whether each customer booked nothing in [as_of, as_of + horizon), cancelled bookings aside.

    until: what is known now (exclusive); no `as_of` may be later than `until - horizon`. Returns operator_id,
    customer_id, as_of, churned (bool).
    """
    known = facts.bookings.filter(facts.bookings.recorded_at < literal(until))
    cancelled = facts.cancellations.filter(facts.cancellations.recorded_at < literal(until))
    kept = known.anti_join(cancelled, ["operator_id", "booking_id"])
    booked = as_of.semi_join(
        kept,
        [
            as_of.operator_id == kept.operator_id,
            as_of.customer_id == kept.customer_id,
            kept.occurred_at >= as_of.as_of,
            kept.occurred_at < as_of.as_of + literal(horizon),
        ],
    ).select(*ROW, booked=literal(True))
    joined = as_of.select(*ROW).left_join(booked, list(ROW))
    return joined.select(*ROW, churned=~joined.booked.fill_null(False))
