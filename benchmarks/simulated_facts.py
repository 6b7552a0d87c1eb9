"""Facts of a simulated operator without a log: its events through the gate and straight into fact tables."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import NamedTuple

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from activity_log.facts.flatten import flatten
from activity_log.facts.tables import FACT_TABLES
from activity_log.gate import Accepted, Gate
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import connect_duckdb, identities_of
from simulator import Simulation, SimulationSpec, simulate

UNTIL = date(2026, 11, 1)
END = datetime(2026, 11, 1, tzinfo=UTC)
"""The end of all simulated worlds."""

READ = frozenset(
    {
        "PersonProfileUpdated", "PersonProfilesMerged", "BookingConfirmed", "BookingCancelled", "TourPublished",
        "DepartureScheduled",
    }
)  # fmt: skip
"""What recommenders are made of."""


class SimulatedFacts(NamedTuple):
    """An operator's facts, ready to be asked, and as tables by name."""

    operator: Operator
    connection: Backend
    facts: Facts
    tables: dict[str, pa.Table]


def simulated_facts(customers: int, seed: int, families: int = 12) -> SimulatedFacts:
    """Simulate five years of an operator; return its facts."""
    operator_id = f"operator-{customers}-{seed}"
    spec = SimulationSpec(
        operator_id=operator_id, seed=seed, customers=customers, until=UNTIL, families=families
    )
    operator = Operator(operator_id, operator_id, False, b"a key for benchmarks only")
    return opened(operator, tables_of(operator, simulate(spec)))


def opened(operator: Operator, tables: dict[str, pa.Table]) -> SimulatedFacts:
    """Open fact tables in a DuckDB of their own."""
    connection = connect_duckdb()
    names = [name for name in Facts.__dataclass_fields__ if name != "identities"]
    for name in names:
        connection.con.register(name, tables[name])
    merged = ibis.memtable(identities_of(operator.operator_id, tables["merges"]))
    facts = Facts(**{name: connection.table(name) for name in names}, identities=merged)
    return SimulatedFacts(operator, connection, facts, tables)


def tables_of(
    operator: Operator, simulation: Simulation, read: Collection[str] = READ
) -> dict[str, pa.Table]:
    """Return the fact tables of a simulation's events, of the types that are read."""
    gate = Gate({operator.operator_id}, END, keep_recorded_time=True)
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in FACT_TABLES}
    seen = set[str]()
    for seq, document in enumerate(simulation.events):
        event = gate.admit_document(document) if document["type"] in read else None
        if isinstance(event, Accepted) and event.event_id not in seen:
            seen.add(event.event_id)
            moments = (event.occurred_us, event.recorded_us)
            logged = LoggedEvent(
                seq, event.operator_id, event.event_id, event.event_type, *moments, event.payload
            )
            for fact in flatten(operator, logged):
                rows[fact.table].append(fact.row)
    return {name: pa.Table.from_pylist(rows[name], schema=schema) for name, schema in FACT_TABLES.items()}
