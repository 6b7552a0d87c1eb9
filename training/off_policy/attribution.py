"""From what was shown to what came of it: clicks and bookings, each counted for one suggestion, all from the log.

A booking counts for a suggestion if the customer who saw it booked a tour of its family within the window after it
was shown. Of several such suggestions the last one shown gets it, so that no booking counts twice. A click belongs to
the place that was clicked. Cancelled bookings do not count; people who are one person by now are one visitor.
"""

from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir
from ibis import literal
from ibis.backends.duckdb import Backend

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES
from feature_repo.expressions.clocks import Facts
from training.labels import by_person

PLACE = ("operator_id", "recommendation_id", "position")
"""What identifies a suggestion."""

ATTRIBUTION_WINDOW = timedelta(days=30)
"""How long after it was shown a suggestion may be what a booking or a click goes back to."""


def suggestions_of(connection: Backend, files: FactFiles) -> ir.Table:
    """Return the fact table of suggestions; files written before it had all its columns have nulls there."""
    schema = FACT_TABLES["suggestions"]
    stored = connection.read_parquet(files.paths("suggestions"), union_by_name=True)
    missing = {
        name: ibis.null(ibis.Schema.from_pyarrow(schema)[name])
        for name in schema.names
        if name not in stored.columns
    }
    return stored.mutate(**missing).select(*schema.names)


def outcomes(
    suggestions: ir.Table,
    facts: Facts,
    until: datetime,
    window: timedelta = ATTRIBUTION_WINDOW,
) -> ir.Table:
    """Return each suggestion shown once, with what came of it, as far as was known at `until` (exclusive).

    Columns: operator_id, recommendation_id, position, customer_id and person_id (null: nobody signed in), shown_at,
    tour_id, family_id, propensity, model, alternatives (null or empty: nothing was drawn), clicked (bool), bookings
    (int, 0 for visitors who did not sign in: nobody knows), booked_amount, and mature (bool): the window is over.
    """
    families = _families(facts, until)
    shown = _with_family(_shown(suggestions, until), families)
    seen = by_person(shown, facts, until)
    seen = seen.mutate(person_id=seen.customer_id.isnull().ifelse(ibis.null("string"), seen.person_id))
    clicks, booked = _clicks(suggestions, until), _booked(seen, facts, families, until, window)
    joined = seen.left_join(clicks, list(PLACE)).select(*seen.columns, "clicked_at")
    both = joined.left_join(booked, list(PLACE)).select(*joined.columns, "bookings", "booked_amount")
    clicked = both.clicked_at.notnull() & (both.clicked_at < both.shown_at + literal(window))
    return both.mutate(
        clicked=clicked.fill_null(False),
        bookings=both.bookings.fill_null(0),
        booked_amount=both.booked_amount.fill_null(0.0),
        mature=both.shown_at + literal(window) <= literal(until),
    ).drop("clicked_at")


def _shown(suggestions: ir.Table, until: datetime) -> ir.Table:
    known = suggestions.filter((suggestions.recorded_at < literal(until)) & ~suggestions.clicked)
    first = {"occurred_at": known.occurred_at, "event_id": known.event_id}
    about = ("customer_id", "tour_id", "propensity", "model", "alternatives")
    row = ibis.struct({**first, **{name: known[name] for name in about}})
    grouped = known.group_by(list(PLACE)).agg(first=row.argmin(ibis.struct(first)))
    return grouped.select(
        *PLACE, shown_at=grouped.first["occurred_at"], **{name: grouped.first[name] for name in about}
    )


def _clicks(suggestions: ir.Table, until: datetime) -> ir.Table:
    known = suggestions.filter((suggestions.recorded_at < literal(until)) & suggestions.clicked)
    return known.group_by(list(PLACE)).agg(clicked_at=known.occurred_at.min())


def _families(facts: Facts, until: datetime) -> ir.Table:
    """Return operator_id, tour_id, family_id as last published."""
    known = facts.tours.filter(facts.tours.recorded_at < literal(until))
    order = ibis.struct({"occurred_at": known.occurred_at, "event_id": known.event_id})
    return known.group_by("operator_id", "tour_id").agg(family_id=known.family_id.argmax(order))


def _with_family(rows: ir.Table, families: ir.Table) -> ir.Table:
    joined = rows.left_join(families, ["operator_id", "tour_id"])
    return joined.select(*rows.columns, family_id=joined.family_id.fill_null(joined.tour_id))


def _booked(seen: ir.Table, facts: Facts, families: ir.Table, until: datetime, window: timedelta) -> ir.Table:
    """Return PLACE, bookings and booked_amount of the suggestions that bookings go back to."""
    bookings = by_person(_with_family(_kept(facts, until), families), facts, until).view()
    led = seen.join(
        bookings,
        [
            seen.operator_id == bookings.operator_id,
            seen.person_id == bookings.person_id,
            seen.family_id == bookings.family_id,
            seen.shown_at <= bookings.booked_at,
            bookings.booked_at < seen.shown_at + literal(window),
        ],
    ).select(*PLACE, "shown_at", "booking_id", "amount")
    last = ibis.struct({"shown_at": led.shown_at, "id": led.recommendation_id, "position": led.position})
    place = ibis.struct({name: led[name] for name in PLACE[1:]})
    each = led.group_by("operator_id", "booking_id").agg(place=place.argmax(last), amount=led.amount.max())
    credited = each.select("operator_id", "amount", **{name: each.place[name] for name in PLACE[1:]})
    return credited.group_by(list(PLACE)).agg(
        bookings=credited.count(), booked_amount=credited.amount.cast("float64").sum()
    )


def _kept(facts: Facts, until: datetime) -> ir.Table:
    """Return bookings as first confirmed: operator_id, customer_id, booking_id, tour_id, amount, booked_at."""
    known = facts.bookings.filter(facts.bookings.recorded_at < literal(until))
    cancelled = facts.cancellations.filter(facts.cancellations.recorded_at < literal(until))
    kept = known.anti_join(cancelled, ["operator_id", "booking_id"])
    order = ibis.struct({"occurred_at": kept.occurred_at, "event_id": kept.event_id})
    return kept.group_by("operator_id", "booking_id").agg(
        customer_id=kept.customer_id.argmin(order),
        tour_id=kept.tour_id.argmin(order),
        amount=kept.amount.argmin(order),
        booked_at=kept.occurred_at.min(),
    )
