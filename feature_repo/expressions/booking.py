"""What a customer does as a booker: recency, frequency, monetary, rhythm and lead time."""

import ibis
import ibis.expr.types as ir

from feature_repo.expressions.clocks import (
    ROW,
    Facts,
    beside,
    days_before,
    kept_bookings,
    known,
    most_frequent,
)


def booking_behaviour(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Recency, frequency, monetary, habits and rhythm of each booker; see `groups` for each column."""
    bookings = _dated(kept_bookings(facts, as_of))
    table = beside(
        as_of,
        _totals(bookings),
        _rhythm(bookings),
        _cancellations(facts, as_of),
        most_frequent(bookings, "booking_month", "usual_booking_month"),
        most_frequent(bookings, "travel_month", "usual_travel_month"),
        most_frequent(bookings, "currency", "currency"),
    )
    counts = ("total_bookings", "bookings_365d", "bookings_730d", "cancelled_bookings", "upcoming_trips")
    sums = ("lifetime_revenue", "revenue_365d", "revenue_730d")
    return table.mutate(
        **{name: table[name].fill_null(0) for name in counts},
        **{name: table[name].fill_null(0.0) for name in sums},
        overdue_ratio=table.days_since_last_booking / table.median_booking_gap_days.nullif(0),
        months_from_usual=_months_apart(table.as_of.month(), table.usual_booking_month),
    )


def _dated(bookings: ir.Table) -> ir.Table:
    departure = bookings.departure_date.cast("timestamp")
    return bookings.mutate(
        age=days_before(bookings.as_of, bookings.occurred_at),
        lead_time=ibis.greatest((bookings.departure_date - bookings.occurred_at.date()).cast("int64"), 0),
        ahead=bookings.departure_date >= bookings.as_of.date(),
        days_since_departure=days_before(bookings.as_of, departure),
        booking_month=bookings.occurred_at.month().cast("int64"),
        travel_month=bookings.departure_date.month().cast("int64"),
    )


def _totals(bookings: ir.Table) -> ir.Table:
    def recent(days: int) -> ir.BooleanValue:
        return bookings.age <= days

    return bookings.group_by(list(ROW)).agg(
        total_bookings=bookings.count(),
        bookings_365d=bookings.count(where=recent(365)),
        bookings_730d=bookings.count(where=recent(730)),
        upcoming_trips=bookings.count(where=bookings.ahead),
        lifetime_revenue=bookings.amount.sum().cast("float64"),
        revenue_365d=bookings.amount.sum(where=recent(365)).cast("float64"),
        revenue_730d=bookings.amount.sum(where=recent(730)).cast("float64"),
        average_booking_value=bookings.amount.sum().cast("float64") / bookings.count(),
        average_party_size=bookings.party_size.sum() / bookings.count(),
        average_booking_lead_time=bookings.lead_time.sum() / bookings.count(),
        days_since_first_booking=bookings.age.max(),
        days_since_last_booking=bookings.age.min(),
        last_booking_at=bookings.occurred_at.max(),
        days_since_last_departure=bookings.days_since_departure.min(where=~bookings.ahead),
    )


def _rhythm(bookings: ir.Table) -> ir.Table:
    """Gaps between the days on which somebody books; two bookings on one day are one occasion."""
    occasions = bookings.group_by([*ROW, bookings.occurred_at.date().name("day")]).agg()
    window = ibis.window(group_by=list(ROW), order_by="day")
    day = occasions.day.cast("timestamp").epoch_seconds()
    gaps = occasions.mutate(gap=(day - day.lag().over(window)) / ibis.literal(86_400.0))
    return gaps.group_by(list(ROW)).agg(
        booking_days=gaps.count(),
        median_booking_gap_days=gaps.gap.median(),
        longest_booking_gap_days=gaps.gap.max(),
    )


def _cancellations(facts: Facts, as_of: ir.Table) -> ir.Table:
    cancellations = known(facts.cancellations, facts, as_of)
    return cancellations.group_by(list(ROW)).agg(
        cancelled_bookings=cancellations.booking_id.nunique(),
        days_since_last_cancellation=days_before(cancellations.as_of, cancellations.occurred_at).min(),
    )


def _months_apart(month: ir.IntegerValue, usual: ir.IntegerValue) -> ir.IntegerValue:
    """Months since the usual month, 0 to 11."""
    return (month - usual + 12) % 12
