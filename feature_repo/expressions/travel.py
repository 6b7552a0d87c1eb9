"""What a customer does as a traveller: trips, seat, stop, no-shows, lateness of our coaches, extras."""

import ibis.expr.types as ir

from feature_repo.expressions.clocks import ROW, Facts, beside, days_before, kept_trips, known, most_frequent

LATE_MINUTES = 15
"""From how many minutes on a boarding counts as late."""


def travel_behaviour(facts: Facts, as_of: ir.Table) -> ir.Table:
    """Trips and habits of each traveller; see `groups` for each column."""
    trips = kept_trips(facts, as_of)
    table = beside(
        as_of,
        trips.group_by(list(ROW)).agg(total_trips=trips.booking_id.nunique()),
        most_frequent(trips, "seat_position", "preferred_seat_position"),
        most_frequent(trips, "boarding_point_id", "preferred_boarding_point"),
        _no_shows(facts, as_of),
        _boardings(facts, as_of),
        _extras(facts, as_of),
    )
    counts = ("total_trips", "no_show_count", "late_boardings_365d")
    sums = ("onboard_spend", "ancillary_spend")
    return table.mutate(
        **{name: table[name].fill_null(0) for name in counts},
        **{name: table[name].fill_null(0.0) for name in sums},
    )


def _no_shows(facts: Facts, as_of: ir.Table) -> ir.Table:
    no_shows = known(facts.no_shows, facts, as_of)
    return no_shows.group_by(list(ROW)).agg(
        no_show_count=no_shows.booking_id.nunique(),
        days_since_last_no_show=days_before(no_shows.as_of, no_shows.occurred_at).min(),
    )


def _boardings(facts: Facts, as_of: ir.Table) -> ir.Table:
    boardings = known(facts.boardings, facts, as_of)
    recent = days_before(boardings.as_of, boardings.occurred_at) <= 365
    return boardings.group_by(list(ROW)).agg(
        late_boardings_365d=boardings.count(where=recent & (boardings.minutes_late >= LATE_MINUTES)),
        worst_lateness_365d=boardings.minutes_late.max(where=recent).cast("int64"),
    )


def _extras(facts: Facts, as_of: ir.Table) -> ir.Table:
    extras = known(facts.extras, facts, as_of)
    return extras.group_by(list(ROW)).agg(
        onboard_spend=extras.amount.sum(where=extras.kind == "onboard").cast("float64"),
        ancillary_spend=extras.amount.sum(where=extras.kind == "ancillary").cast("float64"),
    )
