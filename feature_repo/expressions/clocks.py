"""The two clocks and the identity of people: which facts count for whom at which moment."""

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from activity_log.facts.identities import END_OF_TIME
from feature_repo.expressions.moving import seconds_of

Rest = Callable[[str, ir.Table], ir.Table]
"""Computes an expression and gives the table that holds it, under a name; or gives it back as it is."""

ROW = ("operator_id", "customer_id", "as_of")
"""What identifies a feature row."""


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


@dataclass(frozen=True)
class Known:
    """What many features start from, for each row of `as_of`; an engine may compute it once and keep it for all.

    All have operator_id, customer_id, as_of. members: member_id, everybody who counts as the customer then.
    bookings: kept bookings of the booker; trips: kept trips of the traveller; both with the facts' columns, `at`
    (when it happened, seconds since 1970), and family_id, region, theme and nights of the tour. taken: each booking
    of either kind once: booking_id, departure_id, departure_date, occurred_at, family_id, region, theme, nights.
    """

    members: ir.Table
    bookings: ir.Table
    trips: ir.Table
    taken: ir.Table

    @classmethod
    def of(cls, facts: Facts, as_of: ir.Table, rest: Rest = lambda _name, table: table) -> "Known":
        """Return it as expressions. rest: gives a table that holds what an expression of that name says."""
        members = rest("members", members_of(facts.identities, as_of))
        ends = rest("ends", _ends(facts))
        tours = rest("published", _published(facts.tours))
        bookings = rest("kept_bookings", _with_tour(_kept(facts.bookings, ends, members), tours))
        trips = rest("kept_trips", _with_tour(_kept(facts.trips, ends, members), tours))
        return cls(members, bookings, trips, rest("taken", _taken(bookings, trips)))

    def rows(self, fact: ir.Table) -> ir.Table:
        """Return the rows of a fact table that count for each row of `as_of`, with its customer_id and as_of.

        A row counts if it happened and was known before `as_of`, for the person and all merged into them. `at` is
        when it happened, in seconds since 1970.
        """
        return _counting(fact.mutate(known_at=_known_at(fact)), self.members)


def counted_as(rows: ir.Table, column: str, facts: Facts) -> ir.Table:
    """Replace the customers of a column by whom they count as at the row's `as_of`."""
    merged = facts.identities.select(
        "canonical_id", "valid_from", "valid_to", merged_operator_id="operator_id", merged_id="customer_id"
    )
    joined = rows.left_join(
        merged,
        [
            rows.operator_id == merged.merged_operator_id,
            rows[column] == merged.merged_id,
            rows.as_of > merged.valid_from,
            rows.as_of <= merged.valid_to,
        ],
    )
    return joined.select(
        *[name for name in rows.columns if name != column],
        **{column: joined.canonical_id.fill_null(joined[column])},
    )


def most_frequent(rows: ir.Table, value: str, name: str, share: str = "") -> ir.Table:
    """Return per feature row the non-null value seen most often, ties going to the first in order.

    share: a column for the share (0-1) of rows with that value among those that have one.
    """
    told = rows.filter(rows[value].notnull())
    counted = told.group_by([*ROW, value]).agg(seen=told.count())
    order = ibis.struct({"less": -counted.seen, "value": counted[value]})
    shares = {share: counted.seen.max() / counted.seen.sum()} if share else {}
    return counted.group_by(list(ROW)).agg(**{name: counted[value].argmin(order)}, **shares)


def latest(rows: ir.Table, name: str, value: str) -> ir.Table:
    """Return per feature row the non-null value of the latest fact, ties going to the greater event id."""
    told = rows.filter(rows[value].notnull())
    order = ibis.struct({"occurred_at": told.occurred_at, "event_id": told.event_id})
    return told.group_by(list(ROW)).agg(**{name: told[value].argmax(order)})


def beside(as_of: ir.Table, *parts: ir.Table) -> ir.Table:
    """Join the parts to `as_of`, keeping every row of it once."""
    result = as_of.select(*ROW)
    for part in parts:
        result = result.left_join(part, list(ROW)).drop(*[f"{key}_right" for key in ROW])
    return result


def members_of(identities: ir.Table, as_of: ir.Table) -> ir.Table:
    """Return operator_id, customer_id, as_of, member_id: the customers of `as_of` and all who count as them then."""
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


def _known_at(fact: ir.Table) -> ir.TimestampValue:
    return ibis.greatest(fact.occurred_at, fact.recorded_at)


def _counting(dated: ir.Table, members: ir.Table) -> ir.Table:
    """Join facts with a column known_at, before which they do not count, to those they count for."""
    rows = dated.rename(fact_operator_id="operator_id", fact_customer_id="customer_id")
    joined = members.join(
        rows,
        [
            members.operator_id == rows.fact_operator_id,
            members.member_id == rows.fact_customer_id,
            rows.known_at < members.as_of,
        ],
    )
    counting = joined.drop("fact_operator_id", "fact_customer_id", "member_id", "known_at")
    return counting.mutate(at=seconds_of(counting.occurred_at))


def _kept(fact: ir.Table, ends: ir.Table, members: ir.Table) -> ir.Table:
    """Return bookings or trips as last confirmed, and not cancelled, as far as was known."""
    dated = fact.mutate(known_at=_known_at(fact))
    ending = dated.left_join(ends, ["operator_id", "event_id"]).select(*dated.columns, "ends_at")
    rows = _counting(ending, members)
    return rows.filter(rows.ends_at.isnull() | (rows.as_of <= rows.ends_at)).drop("ends_at")


def _ends(facts: Facts) -> ir.Table:
    """Return which confirmations cease to count: operator_id, event_id, ends_at (they count up to it, inclusive).

    One ends once a later confirmation of the same booking, or a cancellation, happened and was known.
    """
    cancellations = facts.cancellations
    cancelled = cancellations.group_by("operator_id", "booking_id").agg(
        cancelled_at=_known_at(cancellations).min()
    )
    replaced = _replaced(facts.bookings, ("operator_id", "booking_id"))
    both = replaced.left_join(cancelled, ["operator_id", "booking_id"])
    ended = both.select("operator_id", "event_id", ends_at=ibis.least(both.replaced_at, both.cancelled_at))
    return ended.filter(ended.ends_at.notnull())


def _published(tours: ir.Table) -> ir.Table:
    """Return what was said of tours, from known_at (exclusive) to ends_at (inclusive)."""
    dated = _replaced(tours, ("operator_id", "tour_id"))
    about = ("operator_id", "tour_id", "family_id", "region", "theme", "nights", "known_at")
    return dated.select(*about, ends_at=dated.replaced_at.fill_null(ibis.literal(END_OF_TIME)))


def _replaced(facts: ir.Table, subject: tuple[str, ...]) -> ir.Table:
    """Add known_at, and replaced_at: when a later fact of the same subject was known; null: never.

    Later is what happened later, between equals the greater event id.
    """
    dated = facts.mutate(known_at=_known_at(facts))
    later = ibis.window(group_by=list(subject), order_by=[dated.occurred_at, dated.event_id], rows=(1, None))
    return dated.mutate(replaced_at=dated.known_at.min().over(later))


def _with_tour(rows: ir.Table, published: ir.Table) -> ir.Table:
    """Add family_id, region, theme and nights of the tour, as far as was known.

    A tour nobody had published is a family of its own; the rest is null then.
    """
    joined = rows.left_join(
        published,
        [
            rows.operator_id == published.operator_id,
            rows.tour_id == published.tour_id,
            rows.as_of > published.known_at,
            rows.as_of <= published.ends_at,
        ],
    )
    about = {name: joined[name] for name in ("region", "theme", "nights")}
    return joined.select(*rows.columns, family_id=joined.family_id.fill_null(joined.tour_id), **about)


def _taken(bookings: ir.Table, trips: ir.Table) -> ir.Table:
    about = ("departure_id", "departure_date", "occurred_at", "family_id", "region", "theme", "nights")
    columns = (*ROW, "booking_id", *about)
    return bookings.select(*columns).union(trips.select(*columns), distinct=True)
