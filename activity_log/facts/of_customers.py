"""All facts of a few customers, read from the log by its indexes: as much as the full export knows of them."""

from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from activity_log import ledger, schema
from activity_log.bulk import batches
from activity_log.contracts.commerce import TourPublished
from activity_log.facts.flatten import GIVING_FACTS, FactRow, flatten
from activity_log.facts.tables import FACT_TABLES
from activity_log.merging import links_among
from activity_log.operators import Operator

_IDS_PER_QUERY = 500
_EVENTS_PER_QUERY = 2_000
_TOURS, _TRIPS = "tours", "trips"


def facts_of(
    connection: Connection, operator: Operator, customer_ids: Collection[str]
) -> dict[str, pa.Table]:
    """Return the fact tables, by name, with all that features of these customers are computed from.

    That is: the facts of these customers and of all who ever were one person with them; of each booking they come
    up in, all confirmations and cancellations, whoever made them; who was counted as whom among them and the people
    they travel with; and what was published of the tours they booked. Rows of others may come along, not all of
    theirs: compute nothing for others from them. Nothing is cut off at a moment.
    """
    return CustomerFacts(operator).of(connection, customer_ids)


class CustomerFacts:
    """Reads what `facts_of` does, again and again for one operator: what was published of tours is kept."""

    def __init__(self, operator: Operator):
        self._operator = operator
        self._tours = FACT_TABLES[_TOURS].empty_table()
        self._level = 0

    def of(self, connection: Connection, customer_ids: Collection[str]) -> dict[str, pa.Table]:
        """Return the facts of these customers, as `facts_of` does."""
        tables = _tables(fact_rows(connection, self._operator, set(customer_ids)))
        return tables | {_TOURS: self._published(connection, tables)}

    def tours(self, connection: Connection) -> pa.Table:
        """Return all that was published of tours so far: the fact table `tours`."""
        self._read_tours(connection)
        return self._tours

    def _published(self, connection: Connection, tables: dict[str, pa.Table]) -> pa.Table:
        tours = self.tours(connection)
        named = [column for table in tables.values() if "tour_id" in table.schema.names
                 for column in table["tour_id"].chunks]  # fmt: skip
        if not named:
            return tours.slice(0, 0)
        return tours.filter(pc.is_in(tours["tour_id"], pa.chunked_array(named)))

    def _read_tours(self, connection: Connection) -> None:
        """Add what was published since the last time."""
        operator_id = self._operator.operator_id
        last = ledger.last_seq(connection, operator_id)
        if last == self._level:
            return
        seqs = _published_after(connection, operator_id, self._level)
        fresh = _tables(rows_at(connection, self._operator, seqs))
        self._tours = pa.concat_tables([self._tours, fresh[_TOURS]])
        self._level = last


def booking_events(connection: Connection, operator_id: str, booking_ids: Collection[str]) -> set[int]:
    """Return the places in the log of all confirmations and cancellations of these bookings."""
    key = schema.event_key
    found: set[int] = set()
    for table in (schema.party_member, schema.cancellation):
        same = (key.c.operator_id == table.c.operator_id) & (key.c.event_id == table.c.event_id)
        query = select(key.c.seq).select_from(table.join(key, same)).where(table.c.operator_id == operator_id)
        for some in batches(booking_ids, _IDS_PER_QUERY):
            found.update(connection.execute(query.where(table.c.booking_id.in_(some))).scalars())
    return found


def fact_rows(connection: Connection, operator: Operator, customer_ids: set[str]) -> list[FactRow]:
    """Return what `facts_of` does as rows, without the tours."""
    operator_id = operator.operator_id
    people = customer_ids | linked(connection, operator_id, customer_ids)
    seqs = _touching(connection, operator_id, people)
    rows = rows_at(connection, operator, seqs)
    bookings = {row["booking_id"] for _, row in rows if "booking_id" in row}
    of_bookings = booking_events(connection, operator_id, bookings) - seqs
    rows += rows_at(connection, operator, of_bookings)
    company = {row["customer_id"] for table, row in rows if table == _TRIPS}
    return rows + rows_at(
        connection, operator, _link_events(connection, operator_id, company - people) - seqs
    )


def linked(connection: Connection, operator_id: str, customer_ids: Collection[str]) -> set[str]:
    """Return those of `customer_ids` who were ever merged, and all who ever were one person with them."""
    links = links_among(connection, operator_id, customer_ids)
    return {one for link in links for one in (link.surviving, link.merged)}


def rows_at(connection: Connection, operator: Operator, seqs: Iterable[int]) -> list[FactRow]:
    """Return the fact rows of the events of these places."""
    return [
        row
        for some in batches(sorted(seqs), _EVENTS_PER_QUERY)
        for event in ledger.read_some(connection, some)
        for row in flatten(operator, event)
    ]


def _link_events(connection: Connection, operator_id: str, customer_ids: Collection[str]) -> set[int]:
    key = schema.event_key
    ids = [link.event_id for link in links_among(connection, operator_id, customer_ids)]
    query = select(key.c.seq).where(key.c.operator_id == operator_id)
    return {
        seq
        for some in batches(ids, _IDS_PER_QUERY)
        for seq in connection.execute(query.where(key.c.event_id.in_(some))).scalars()
    }


def _touching(connection: Connection, operator_id: str, customer_ids: Collection[str]) -> set[int]:
    table = schema.touchpoint
    query = select(table.c.seq).where(table.c.operator_id == operator_id, table.c.type.in_(GIVING_FACTS))
    return {
        seq
        for some in batches(customer_ids, _IDS_PER_QUERY)
        for seq in connection.execute(query.where(table.c.customer_id.in_(some))).scalars()
    }


def _published_after(connection: Connection, operator_id: str, level: int) -> Sequence[int]:
    table = schema.event
    query = select(table.c.seq).where(
        table.c.operator_id == operator_id,
        table.c.seq > level,
        schema.IS_CATALOGUE_EVENT,
        table.c.type == TourPublished.__name__,
    )
    return connection.execute(query.order_by(table.c.seq)).scalars().all()


def _tables(rows: Iterable[FactRow]) -> dict[str, pa.Table]:
    by_table: dict[str, list[dict[str, object]]] = {name: [] for name in FACT_TABLES}
    for table, row in rows:
        by_table[table].append(row)
    return {
        name: pa.Table.from_pylist(by_table[name], schema=table_schema)
        for name, table_schema in FACT_TABLES.items()
    }
