"""What customers booked and paid after a moment: the labels of value. As `labels`, this looks at the future."""

from datetime import datetime, timedelta

import ibis.expr.types as ir
from ibis import literal

from feature_repo.expressions.clocks import ROW, Facts
from training.labels import by_person

KEPT_BOOKINGS, KEPT_SPEND = "kept_bookings", "kept_spend"


def value_within(facts: Facts, as_of: ir.Table, horizon: timedelta, until: datetime) -> ir.Table:
    """How often each customer booked in [as_of, as_of + horizon), and for how much, cancelled bookings aside.

    A booking counts when it was first confirmed, with the amount last confirmed, for everybody who is one person
    with its booker by now. until: what is known now (exclusive); no `as_of` may be later than `until - horizon`.
    Returns operator_id, customer_id, as_of, kept_bookings (0 for none), kept_spend (in the data's money).
    """
    kept = by_person(_kept(facts, until), facts, until)
    asked = by_person(as_of.select(*ROW), facts, until).view()  # as in no_booking_within
    within = asked.join(
        kept,
        [
            asked.operator_id == kept.operator_id,
            asked.person_id == kept.person_id,
            kept.occurred_at >= asked.as_of,
            kept.occurred_at < asked.as_of + literal(horizon),
        ],
    )
    bought = within.group_by(list(ROW)).agg(bookings=within.count(), spend=within.amount.sum())
    joined = as_of.select(*ROW).left_join(bought, list(ROW))
    return joined.select(
        *ROW,
        kept_bookings=joined.bookings.fill_null(0).cast("int64"),
        kept_spend=joined.spend.cast("float64").fill_null(0.0),
    )


def _kept(facts: Facts, until: datetime) -> ir.Table:
    known = facts.bookings.filter(facts.bookings.recorded_at < literal(until))
    cancelled = facts.cancellations.filter(facts.cancellations.recorded_at < literal(until))
    kept = known.anti_join(cancelled, ["operator_id", "booking_id"])
    return kept.group_by("operator_id", "customer_id", "booking_id").agg(
        occurred_at=kept.occurred_at.min(),
        amount=kept.amount.last(order_by=[kept.occurred_at, kept.event_id]),
    )
