"""Whose features an event can change."""

from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.attribution import touches
from activity_log.bulk import batches
from activity_log.contracts.backoffice import PersonErasureRequested
from activity_log.facts.flatten import FactRow, flatten
from activity_log.facts.of_customers import booking_events, fact_rows, linked, rows_at
from activity_log.facts.tables import FACT_TABLES
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator

_OF_A_PARTY = frozenset({"bookings", "trips", "cancellations"})
_ABOUT_A_TOUR = [name for name in FACT_TABLES["tours"].names if name not in FACT_TABLES["profiles"].names]
_SUGGESTIONS = "suggestions"
_IDS_PER_QUERY = 500


def touched_by(
    connection: Connection, operator: Operator, events: Sequence[LoggedEvent], tours: pa.Table
) -> set[str]:
    """Return the customers whose features these events can change, whether they have a profile or not.

    Those the events name; of a booking confirmed anew or cancelled, everybody who was ever of its party; of people
    merged or parted, all who travel with them; of a tour about which something new was said, who booked it or
    travels on it; and all who ever were one person with any of these. tours: the fact table, these events' included.
    """
    rows = [row for event in events for row in flatten(operator, event)]
    read = [row for row in rows if row.table != _SUGGESTIONS]  # no feature reads what was suggested
    customers = _named(read) | _erased(operator, events)
    bookings = {row["booking_id"] for table, row in rows if table in _OF_A_PARTY}
    customers |= _named(
        rows_at(connection, operator, booking_events(connection, operator.operator_id, bookings))
    )
    regrouped = _named(row for row in rows if row.table == "merges")
    if regrouped:
        customers |= _named(fact_rows(connection, operator, regrouped))
    published = {row["tour_id"] for table, row in rows if table == "tours"}
    customers |= _on_tours(connection, operator.operator_id, _told_anew(published, tours))
    return customers | linked(connection, operator.operator_id, customers)


def _named(rows: Iterable[FactRow]) -> set[str]:
    named = {row.get(column) for _, row in rows for column in ("customer_id", "merged_customer_id")}
    return {one for one in named if one is not None}


def _erased(operator: Operator, events: Iterable[LoggedEvent]) -> set[str]:
    return {
        operator.pseudonym(touch.person_profile_id)
        for event in events
        if isinstance(event.payload, PersonErasureRequested)
        for touch in touches(event.payload)
    }


def _told_anew(tour_ids: Collection[str], tours: pa.Table) -> set[str]:
    """Leave out tours that were published before and always said the same."""
    if not tour_ids:
        return set()
    told = tours.filter(pc.is_in(tours["tour_id"], pa.array(sorted(tour_ids)))).select(_ABOUT_A_TOUR)
    times = told.group_by("tour_id").aggregate([([], "count_all")])
    ways = told.group_by(_ABOUT_A_TOUR).aggregate([]).group_by("tour_id").aggregate([([], "count_all")])
    often = dict(zip(times["tour_id"].to_pylist(), times["count_all"].to_pylist(), strict=True))
    differing = dict(zip(ways["tour_id"].to_pylist(), ways["count_all"].to_pylist(), strict=True))
    return {one for one in tour_ids if often.get(one, 1) == 1 or differing[one] > 1}


def _on_tours(connection: Connection, operator_id: str, tour_ids: Collection[str]) -> set[str]:
    booking, member = schema.booking, schema.party_member
    same = (member.c.operator_id == booking.c.operator_id) & (member.c.booking_id == booking.c.booking_id)
    travellers = select(booking.c.customer_id, member.c.customer_id).select_from(booking.join(member, same))
    found: set[str | None] = set()
    for some in batches(tour_ids, _IDS_PER_QUERY):
        of_tours = (booking.c.operator_id == operator_id, booking.c.tour_id.in_(some))
        for pair in connection.execute(travellers.where(*of_tours)):
            found.update(pair)
    return {one for one in found if one is not None}
