"""What a customer likes: the tour families booked or travelled, and what is booked already."""

import ibis
import ibis.expr.types as ir

from feature_repo.expressions.clocks import (
    ROW,
    Facts,
    beside,
    kept_bookings,
    kept_trips,
    most_frequent,
)


def taste(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Families with their counts, and departures still ahead; see `groups` for each column.

    A trip counts for everybody who booked it or travelled, once per booking.
    """
    trips = trips_with_family(facts, as_of)
    families = trips.group_by([*ROW, "family_id"]).agg(times=trips.booking_id.nunique())
    ahead = trips.filter(trips.departure_date >= trips.as_of.date())
    travelled = _with_family(kept_trips(facts, as_of), facts)
    return beside(
        as_of,
        families.group_by(list(ROW)).agg(
            family_ids=families.family_id.collect(order_by=families.family_id),
            family_counts=families.times.collect(order_by=families.family_id),
        ),
        ahead.group_by(list(ROW)).agg(
            upcoming_departure_ids=ahead.departure_id.collect(distinct=True, order_by=ahead.departure_id)
        ),
        most_frequent(travelled, "family_id", "favourite_family"),
    )


def trips_with_family(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Every kept booking of a customer, as booker or traveller, with the family of its tour.

    Returns operator_id, customer_id, as_of, booking_id, family_id, departure_id, departure_date, occurred_at.
    """
    columns = (*ROW, "booking_id", "tour_id", "departure_id", "departure_date", "occurred_at")
    booked = kept_bookings(facts, as_of).select(*columns)
    travelled = kept_trips(facts, as_of).select(*columns)
    return _with_family(booked.union(travelled, distinct=True), facts).drop("tour_id")


def _with_family(trips: ir.Table, facts: Facts) -> ir.Table:
    """Add family_id: the family of the tour as far as was known, else the tour itself."""
    families = _families_of_tours(facts.tours, trips.select("as_of").distinct())
    joined = trips.left_join(families, ["operator_id", "tour_id", "as_of"])
    return joined.select(*trips.columns, family_id=joined.family_id.fill_null(joined.tour_id))


def _families_of_tours(tours: ir.Table, moments: ir.Table) -> ir.Table:
    """Return operator_id, tour_id, as_of, family_id as last published before each moment."""
    published = moments.join(tours, [tours.occurred_at < moments.as_of, tours.recorded_at < moments.as_of])
    keys = ("operator_id", "tour_id", "as_of")
    order = [ibis.desc(published.occurred_at), ibis.desc(published.event_id)]
    ranked = published.mutate(place=ibis.row_number().over(group_by=list(keys), order_by=order))
    return ranked.filter(ranked.place == 0).select(*keys, "family_id")
