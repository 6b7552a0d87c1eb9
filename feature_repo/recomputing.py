"""The features of a few customers at one moment, from their facts: the same expressions, compiled once."""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cached_property

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from activity_log.facts.tables import FACT_TABLES, MOMENT
from feature_repo.expressions.clocks import Facts, Known, population
from feature_repo.groups import GROUPS
from feature_repo.sources import IDENTITIES, connect_duckdb, identities_of
from feature_repo.state import customer_state, pack

AS_OF = pa.schema({"operator_id": pa.string(), "customer_id": pa.string(), "as_of": MOMENT})
STATES = AS_OF.append(pa.field("packed", pa.binary()))
MOMENTS = pa.schema({"as_of": MOMENT})

BY_WHAT_IS_THERE = "statistics_propagation,compressed_materialization"
"""What DuckDB leaves out of a plan because of the rows of the moment; our plans are kept for other rows."""


class Recomputing:
    """Computes what a full build would, for some customers of one operator.

    Compiling the expressions takes seconds, computing milliseconds: keep one. Use it from one thread at a time.
    """

    def __init__(self) -> None:
        self._connection = connect_duckdb()
        self._connection.raw_sql("SET threads = 1")
        self._connection.raw_sql(f"SET disabled_optimizers = '{BY_WHAT_IS_THERE}'")
        self._fact_names = [field.name for field in fields(Facts)]
        schemas = {name: FACT_TABLES.get(name, IDENTITIES) for name in self._fact_names}
        for name, schema in {**schemas, "as_of": AS_OF, "moments": MOMENTS}.items():
            self._connection.con.register("filling", schema.empty_table())
            self._connection.raw_sql(f"CREATE TABLE {name} AS SELECT * FROM filling")
        self._facts = Facts(**{name: self._connection.table(name) for name in self._fact_names})
        self._as_of = self._connection.table("as_of")
        self._kept: dict[str, str] = {}
        self._known = Known.of(self._facts, self._as_of, rest=self._keep)

    def features(
        self, facts: Mapping[str, pa.Table], customers: Collection[str], as_of: datetime
    ) -> dict[str, pa.Table]:
        """Return per group the rows of those customers who exist at `as_of`, in the order of their ids.

        facts: as `activity_log.facts.of_customers` returns them for these customers.
        """
        self._fill_facts(facts)
        self._fill_customers(customers, as_of)
        return {name: self._run(sql) for name, sql in self._groups.items()}

    def states(self, facts: Mapping[str, pa.Table], customers: Collection[str], as_of: datetime) -> pa.Table:
        """Return the packed states of those customers who exist at `as_of`; columns as in STATES.

        facts: as for `features`.
        """
        self._fill_facts(facts)
        self._fill_customers(customers, as_of)
        rows = self._run(self._state)
        if not len(rows):
            return STATES.empty_table()
        keys = rows.select(AS_OF.names).cast(AS_OF)
        return keys.append_column(STATES.field("packed"), pack(rows))

    def _fill_facts(self, facts: Mapping[str, pa.Table]) -> None:
        merges = facts["merges"]
        operator_id = merges["operator_id"][0].as_py() if len(merges) else ""
        tables = {**facts, "identities": identities_of(operator_id, merges)}
        for name in self._fact_names:
            self._fill(name, tables[name])

    def _fill_customers(self, customers: Collection[str], as_of: datetime) -> None:
        self._fill("moments", pa.table({"as_of": [as_of]}, schema=MOMENTS))
        everybody = self._run(self._population)
        asked = pc.is_in(everybody["customer_id"], pa.array(sorted(customers), pa.string()))
        self._fill("as_of", everybody.filter(asked))
        for name, insert in self._kept.items():
            self._connection.raw_sql(f"TRUNCATE {name}; {insert}")

    def _fill(self, table: str, rows: pa.Table) -> None:
        self._connection.con.register("filling", rows)
        self._connection.raw_sql(f"TRUNCATE {table}; INSERT INTO {table} BY NAME SELECT * FROM filling")

    def _run(self, sql: str) -> pa.Table:
        return self._connection.con.execute(sql).fetch_arrow_table()

    def _keep(self, name: str, table: ir.Table) -> ir.Table:
        """Keep what many expressions start from in a table of its own, computed once for all of them."""
        kept = self._connection.create_table(name, table)
        self._kept[name] = self._prepared(f"keep_{name}", table, f"INSERT INTO {name} BY NAME ")
        return kept

    def _prepared(self, name: str, table: ir.Table, before: str = "") -> str:
        """Prepare a statement: planning one anew would take longer than running it."""
        self._connection.raw_sql(f"PREPARE {name} AS {before}{self._connection.compile(table)}")
        return f"EXECUTE {name}"

    @cached_property
    def _population(self) -> str:
        return self._prepared("everybody", population(self._facts, self._connection.table("moments")))

    @cached_property
    def _state(self) -> str:
        return self._prepared("states", customer_state(self._facts, self._as_of, self._known))

    @cached_property
    def _groups(self) -> dict[str, str]:
        rows = {
            group.name: group.expression(self._facts, self._as_of, self._known).order_by("customer_id")
            for group in GROUPS
        }
        return {name: self._prepared(name, table) for name, table in rows.items()}
