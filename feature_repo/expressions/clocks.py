"""The two clocks and the identity of people: which facts count for whom at which moment."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

ROW = ("operator_id", "customer_id", "as_of")
"""What identifies a feature row."""

SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True)
class Facts:
    """The fact tables of the log, and `identities`: who was counted as whom, from when to when.

    identities: operator_id, customer_id, canonical_id, valid_from (exclusive), valid_to (inclusive).
    """

    profiles: ir.Table
    bookings: ir.Table
    trips: ir.Table
    cancellations: ir.Table
    no_shows: ir.Table
    boardings: ir.Table
    extras: ir.Table
    abandonments: ir.Table
    messages: ir.Table
    conversations: ir.Table
    consents: ir.Table
    tours: ir.Table
    identities: ir.Table


def population(facts: Facts, moments: ir.Table) -> ir.Table:
    """Who is a customer at each moment: everybody with a known profile who was not merged into another.

    moments: as_of. Returns operator_id, customer_id, as_of.
    """
    profiles, merged = facts.profiles, facts.identities
    rows = moments.join(
        profiles, [profiles.occurred_at < moments.as_of, profiles.recorded_at < moments.as_of]
    )
    rows = rows.select(*ROW).distinct()
    return rows.anti_join(
        merged,
        [
            rows.operator_id == merged.operator_id,
            rows.customer_id == merged.customer_id,
            rows.as_of > merged.valid_from,
            rows.as_of <= merged.valid_to,
        ],
    )


def known(fact: ir.Table, facts: Facts, as_of: ir.Table) -> ir.Table:
    """Return the rows of a fact table that count for each row of `as_of`, with its customer_id and as_of.

    A row counts if it happened and was known before `as_of`, for the person and all merged into them.
    """
    members = _members(facts.identities, as_of)
    rows = fact.rename(fact_operator_id="operator_id", fact_customer_id="customer_id")
    joined = members.join(
        rows,
        [
            members.operator_id == rows.fact_operator_id,
            members.member_id == rows.fact_customer_id,
            rows.occurred_at < members.as_of,
            rows.recorded_at < members.as_of,
        ],
    )
    return joined.drop("fact_operator_id", "fact_customer_id", "member_id")


def kept_bookings(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Bookings of each booker, as last confirmed, that were not cancelled as far as was known."""
    return _kept(facts.bookings, facts, as_of)


def kept_trips(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Trips of each traveller whose booking, as last confirmed, was not cancelled as far as was known."""
    return _kept(facts.trips, facts, as_of)


def days_before(as_of: ir.TimestampValue, moment: ir.TimestampValue) -> ir.FloatingValue:
    """Days from `moment` to `as_of`, positive if `moment` is earlier."""
    seconds = as_of.epoch_seconds() - moment.epoch_seconds()
    return seconds / ibis.literal(SECONDS_PER_DAY)


def most_frequent(rows: ir.Table, value: str, name: str) -> ir.Table:
    """Return per feature row the non-null value seen most often, ties going to the alphabetically first."""
    counted = rows.filter(rows[value].notnull()).group_by([*ROW, value]).agg(seen=ibis._.count())
    order = [ibis.desc(counted.seen), counted[value]]
    ranked = counted.mutate(place=ibis.row_number().over(group_by=list(ROW), order_by=order))
    return ranked.filter(ranked.place == 0).select(*ROW, **{name: ranked[value]})


def latest(rows: ir.Table, name: str, value: str) -> ir.Table:
    """Return per feature row the non-null value of the latest fact, ties going to the greater event id."""
    told = rows.filter(rows[value].notnull())
    order = [ibis.desc(told.occurred_at), ibis.desc(told.event_id)]
    ranked = told.mutate(place=ibis.row_number().over(group_by=list(ROW), order_by=order))
    return ranked.filter(ranked.place == 0).select(*ROW, **{name: ranked[value]})


def beside(as_of: ir.Table, *parts: ir.Table) -> ir.Table:
    """Join the parts to `as_of`, keeping every row of it once."""
    result = as_of.select(*ROW)
    for part in parts:
        result = result.left_join(part, list(ROW)).drop(*[f"{key}_right" for key in ROW])
    return result


def _members(identities: ir.Table, as_of: ir.Table) -> ir.Table:
    themselves = as_of.select(*ROW, member_id=as_of.customer_id)
    joined = as_of.join(
        identities.select("operator_id", "canonical_id", "valid_from", "valid_to", member_id="customer_id"),
        [
            as_of.operator_id == identities.operator_id,
            as_of.customer_id == identities.canonical_id,
            as_of.as_of > identities.valid_from,
            as_of.as_of <= identities.valid_to,
        ],
    )
    return themselves.union(joined.select(*ROW, "member_id"))


def _kept(fact: ir.Table, facts: Facts, as_of: ir.Table) -> ir.Table:
    replaced = _replaced(facts.bookings)
    rows = known(fact, facts, as_of).anti_join(
        _cancelled(facts, as_of), ["operator_id", "booking_id", "as_of"]
    )
    return rows.anti_join(
        replaced,
        [
            rows.operator_id == replaced.operator_id,
            rows.event_id == replaced.event_id,
            rows.as_of > replaced.replaced_at,
        ],
    )


def _replaced(bookings: ir.Table) -> ir.Table:
    """Return the confirmations that a later one of the same booking replaced: operator_id, event_id, replaced_at.

    Later is what happened later, between equals the greater event id. It counts once it happened and was known.
    """
    again = bookings.view()
    later = (again.occurred_at > bookings.occurred_at) | (
        (again.occurred_at == bookings.occurred_at) & (again.event_id > bookings.event_id)
    )
    same = [bookings.operator_id == again.operator_id, bookings.booking_id == again.booking_id]
    pairs = bookings.join(again, [*same, later]).select(
        bookings.operator_id, bookings.event_id, known_at=ibis.greatest(again.occurred_at, again.recorded_at)
    )
    return pairs.group_by("operator_id", "event_id").agg(replaced_at=pairs.known_at.min())


def _cancelled(facts: Facts, as_of: ir.Table) -> ir.Table:
    moments = as_of.select("as_of").distinct()
    cancellations = facts.cancellations
    joined = moments.join(
        cancellations,
        [cancellations.occurred_at < moments.as_of, cancellations.recorded_at < moments.as_of],
    )
    return joined.select("operator_id", "booking_id", "as_of").distinct()
