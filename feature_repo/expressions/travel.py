"""What a customer does as a traveller: trips, company, seat, stop, no-shows, lateness of our coaches, extras."""

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir

from feature_repo.expressions.clocks import ROW, Facts, Known, counted_as, most_frequent
from feature_repo.expressions.moving import Now, Value, count, largest, ratio, total

LATE_MINUTES = 15
"""From how many minutes on a boarding counts as late."""

YEAR = 365


def habits_of_travel(facts: Facts, known: Known) -> tuple[ir.Table, ...]:
    """Return trips, company, no-shows, and the seat and stop of most trips."""
    trips = known.trips
    return (
        _trips(trips, known.bookings),
        _company(trips, facts),
        most_frequent(trips, "seat_position", "preferred_seat_position", share="seat_position_share"),
        most_frequent(trips, "boarding_point_id", "preferred_boarding_point", share="boarding_point_share"),
        _no_shows(facts, known),
    )


def boardings(facts: Facts, known: Known) -> ir.Table:
    """Return the boardings of each traveller."""
    rows = known.rows(facts.boardings)
    return rows.mutate(minutes_late=rows.minutes_late.cast("float64"))


def boarding_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """Lateness within the last year."""
    recent = now.within(YEAR, rows.at)
    return {
        "late_boardings_365d": count(recent & (rows.minutes_late >= LATE_MINUTES)),
        "worst_lateness_365d": largest(rows.minutes_late, recent),
    }


def extras(facts: Facts, known: Known) -> ir.Table:
    """Return what each traveller bought beside trips; money is an amount, onboard whether it was on the coach."""
    rows = known.rows(facts.extras)
    return rows.mutate(money=rows.amount.cast("float64"), onboard=(rows.kind == "onboard").cast("float64"))


def settled_extras(rows: ir.Table) -> Mapping[str, ir.Value]:
    """Purchases of a lifetime."""
    onboard, ancillary = rows.kind == "onboard", rows.kind == "ancillary"
    return {
        "onboard_spend": rows.amount.sum(where=onboard).cast("float64"),
        "ancillary_spend": rows.amount.sum(where=ancillary).cast("float64"),
        "onboard_purchases": rows.count(where=onboard),
        "ancillary_purchases": rows.count(where=ancillary),
    }


def extra_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """Purchases of the last year."""
    recent = now.within(YEAR, rows.at)
    return {
        "onboard_spend_365d": total(rows.money, recent & (rows.onboard == 1)),
        "ancillary_spend_365d": total(rows.money, recent & (rows.onboard == 0)),
    }


def within_a_year(rows: ir.Table, now: Now) -> ir.BooleanValue:
    """Return which rows happened within the last year."""
    return now.within(YEAR, rows["at"])


def travel_moving(values: Any, now: Now) -> Mapping[str, Value]:
    """Ages and shares."""
    return {
        "days_since_last_no_show": now.days_since(values.last_missed),
        "no_show_rate": ratio(values.no_show_count, values.total_trips),
    }


def _trips(trips: ir.Table, bookings: ir.Table) -> ir.Table:
    """Count trips; whoever was merged into the traveller by then booked as the traveller."""
    booked = bookings.select(*ROW, "booking_id", booked_by="event_id")
    trips = trips.left_join(booked, [*ROW, "booking_id"])
    season = (trips.departure_date.month() % 12 // 3).cast("int64")
    own = trips.booking_id.nunique(where=trips.booked_by.notnull())
    return trips.group_by(list(ROW)).agg(
        total_trips=trips.booking_id.nunique(),
        trips_as_booker=own,
        booker_share=own / trips.booking_id.nunique(),
        seasons_travelled=season.nunique(),
    )


def _company(trips: ir.Table, facts: Facts) -> ir.Table:
    """Count who else was named on the same bookings, people who are one by then once."""
    others = facts.trips.select("operator_id", "event_id", companion_id="customer_id")
    together = trips.select(*ROW, "event_id").distinct().join(others, ["operator_id", "event_id"])
    met = counted_as(together, "companion_id", facts)
    met = met.filter(met.companion_id != met.customer_id)
    pairs = met.select(*ROW, "event_id", "companion_id").distinct()
    return pairs.group_by(list(ROW)).agg(
        companions=pairs.companion_id.nunique(), trips_in_company=pairs.event_id.nunique()
    )


def _no_shows(facts: Facts, known: Known) -> ir.Table:
    rows = known.rows(facts.no_shows)
    return rows.group_by(list(ROW)).agg(no_show_count=rows.booking_id.nunique(), last_missed=rows["at"].max())
