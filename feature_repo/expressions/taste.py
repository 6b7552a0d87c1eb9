"""What a customer likes: families, regions and themes booked or travelled, and what is booked already."""

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
from ibis import struct

from feature_repo.expressions.clocks import ROW, Facts, Known, most_frequent
from feature_repo.expressions.moving import Now, Value, day_of, listed


def trips_with_family(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Every kept booking of a customer, as booker or traveller, with the family of its tour; see `Known.taken`."""
    return Known.of(facts, as_of).taken


def likings(_facts: Facts, known: Known) -> tuple[ir.Table, ...]:
    """Return how often each family, region and theme was taken, and whether the same again.

    A trip counts for everybody who booked it or travelled, once per booking.
    """
    trips = known.taken
    travelled = known.trips.select(*ROW, "booking_id", "family_id").distinct()  # some are named on two seats
    return (
        _counts(trips, "family_id", "family"),
        _counts(trips, "region", "region"),
        _counts(trips, "theme", "theme"),
        _repetition(trips),
        _length(trips),
        most_frequent(travelled, "family_id", "favourite_family", share="favourite_family_share"),
        most_frequent(trips, "region", "favourite_region"),
        most_frequent(trips, "theme", "favourite_theme"),
    )


def departures(_facts: Facts, known: Known) -> ir.Table:
    """Return the departures booked or travelled, with departure_day counted from 1970."""
    return known.taken.mutate(departure_day=day_of(known.taken.departure_date))


def departure_windows(rows: Any, now: Now) -> Mapping[str, Value]:
    """List what is booked and still ahead."""
    return {"upcoming_departure_ids": listed(rows.departure_id, rows.departure_day >= now.day)}


def departures_ahead(rows: ir.Table, now: Now) -> ir.BooleanValue:
    """Return which departures are still ahead."""
    return rows.departure_day >= now.day


def _counts(trips: ir.Table, column: str, name: str) -> ir.Table:
    """Return the values of a column, alphabetically, and in the same order how many bookings have them."""
    told = trips.filter(trips[column].notnull())
    times = told.group_by([*ROW, column]).agg(times=told.booking_id.nunique())
    pairs = struct({"value": times[column], "times": times.times})
    counted = times.group_by(list(ROW)).agg(pairs=pairs.collect())
    pairs = counted.pairs.sort()
    return counted.select(
        *ROW,
        **{
            f"{name}_ids": pairs.map(lambda pair: pair.value),
            f"{name}_counts": pairs.map(lambda pair: pair.times),
        },
    )


def _repetition(trips: ir.Table) -> ir.Table:
    """Return how often somebody took a family again; the propensity is the mean of a Beta(1, 1) updated by that."""
    each = trips.select(*ROW, "booking_id", "family_id").distinct()
    counted = each.group_by(list(ROW)).agg(taken=each.count(), different_families=each.family_id.nunique())
    again, choices = counted.taken - counted.different_families, counted.taken - 1
    return counted.select(
        *ROW,
        "different_families",
        repeat_share=again / choices.nullif(0),
        repeat_propensity=(again + 1) / (choices + 2),
    )


def _length(trips: ir.Table) -> ir.Table:
    each = trips.select(*ROW, "booking_id", "nights").distinct()
    return each.group_by(list(ROW)).agg(
        average_nights=each.nights.sum() / each.nights.count().nullif(0),
        longest_nights=each.nights.max().cast("int64"),
    )
