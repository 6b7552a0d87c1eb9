"""What a customer does as a booker: recency, frequency, monetary, rhythm, lead time and price."""

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from feature_repo.expressions.clocks import ROW, Facts, Known, most_frequent
from feature_repo.expressions.moving import (
    SECONDS_PER_DAY,
    Now,
    Value,
    count,
    day_of,
    largest,
    months_since,
    ratio,
    total,
)

DAYS_OF_A_YEAR = 365
LEAST_WINDOW_DAYS = 30
"""The expected rebooking window is at least so many days to either side."""

MEMORY_DAYS = 730


def bookings(_facts: Facts, known: Known) -> ir.Table:
    """Return the kept bookings of each booker, with days counted from 1970, and months."""
    rows = known.bookings
    return rows.mutate(
        money=rows.amount.cast("float64"),
        departure_day=day_of(rows.departure_date),
        booking_day=day_of(rows.occurred_at.date()),
        booking_month=rows.occurred_at.month().cast("int64"),
        travel_month=rows.departure_date.month().cast("int64"),
    )


def settled_bookings(rows: ir.Table) -> Mapping[str, ir.Value]:
    """Add up all bookings; nothing of this moves between two events."""
    lead_time = (rows.departure_day - rows.booking_day).clip(lower=0)
    return {
        "total_bookings": rows.count(),
        "lifetime_revenue": rows.amount.sum().cast("float64"),
        "average_booking_value": rows.amount.sum().cast("float64") / rows.count(),
        "highest_booking_value": rows.amount.max().cast("float64"),
        "average_price_per_seat": rows.amount.sum().cast("float64") / rows.party_size.sum().nullif(0),
        "average_party_size": rows.party_size.sum() / rows.count(),
        "largest_party_size": rows.party_size.max().cast("int64"),
        "average_booking_lead_time": lead_time.sum() / lead_time.count().nullif(0),
        "shortest_booking_lead_time": lead_time.min(),
        "different_booking_months": rows.booking_month.nunique(),
        "last_booking_at": rows.occurred_at.max(),
        "first_booked": rows["at"].min(),
        "last_booked": rows["at"].max(),
    }


def booking_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """Count and add up the bookings of windows of time, and see which trips are ahead."""
    ahead = rows.departure_day >= now.day
    recent = {days: now.within(days, rows.at) for days in (90, DAYS_OF_A_YEAR, MEMORY_DAYS)}
    return {
        **{f"bookings_{days}d": count(where) for days, where in recent.items()},
        **{f"revenue_{days}d": total(rows.money, where) for days, where in recent.items()},
        "upcoming_trips": count(ahead),
        "departed_day": largest(rows.departure_day, ~ahead),
    }


def booking_habits(facts: Facts, known: Known) -> tuple[ir.Table, ...]:
    """Return rhythm, cancellations, and what most bookings have in common."""
    rows = bookings(facts, known)
    return (
        _rhythm(rows),
        _cancellations(facts, known),
        _nightly_price(rows),
        most_frequent(rows, "booking_month", "usual_booking_month", share="usual_booking_month_share"),
        most_frequent(rows, "travel_month", "usual_travel_month"),
        most_frequent(rows, "currency", "currency"),
        most_frequent(rows, "sales_channel", "usual_sales_channel"),
    )


def booking_moving(values: Any, now: Now) -> Mapping[str, Value]:
    """Ages, and how far the customer is in a calendar of their own."""
    since_last = now.days_since(values.last_booked)
    window_opens = values.rebooking_expected - values.rebooking_window_days * SECONDS_PER_DAY
    return {
        "days_since_first_booking": now.days_since(values.first_booked),
        "days_since_last_booking": since_last,
        "days_since_last_departure": now.days_since(values.departed_day * SECONDS_PER_DAY),
        "overdue_ratio": since_last / values.median_booking_gap_days,
        "months_from_usual": months_since(now.month, values.usual_booking_month),
        "days_to_rebooking_window": -now.days_since(window_opens),
        "days_since_last_cancellation": now.days_since(values.last_cancelled),
        "cancellation_rate": ratio(
            values.cancelled_bookings, values.cancelled_bookings + values.total_bookings
        ),
    }


def _rhythm(rows: ir.Table) -> ir.Table:
    """Gaps between the days on which somebody books; two bookings on one day are one occasion.

    The next booking is expected a median gap after the last one, or a year after an only one, give or take half the
    difference between the longest and the shortest gap.
    """
    occasions = rows.group_by([*ROW, "booking_day"]).agg()
    window = ibis.window(group_by=list(ROW), order_by="booking_day")
    gaps = occasions.mutate(gap=occasions.booking_day - occasions.booking_day.lag().over(window))
    rhythm = gaps.group_by(list(ROW)).agg(
        booking_days=gaps.count(),
        last_day=gaps.booking_day.max(),
        median_booking_gap_days=gaps.gap.median().cast("float64"),
        longest_booking_gap_days=gaps.gap.max().cast("float64"),
        spread=(gaps.gap.max() - gaps.gap.min()).cast("float64") / 2.0,
    )
    gap = rhythm.median_booking_gap_days.fill_null(float(DAYS_OF_A_YEAR))
    return rhythm.mutate(
        rebooking_expected=(rhythm.last_day + gap) * SECONDS_PER_DAY,
        rebooking_window_days=ibis.greatest(rhythm.spread.fill_null(0.0), float(LEAST_WINDOW_DAYS)),
    ).drop("last_day", "spread")


def _cancellations(facts: Facts, known: Known) -> ir.Table:
    rows = known.rows(facts.cancellations)
    return rows.group_by(list(ROW)).agg(
        cancelled_bookings=rows.booking_id.nunique(), last_cancelled=rows["at"].max()
    )


def _nightly_price(rows: ir.Table) -> ir.Table:
    nights = rows.nights * rows.party_size
    return rows.group_by(list(ROW)).agg(
        average_price_per_night=rows.amount.sum(where=nights > 0).cast("float64")
        / nights.sum(where=nights > 0).nullif(0)
    )
