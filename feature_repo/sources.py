"""Opening the fact files of an operator as Ibis tables on DuckDB."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from activity_log.facts.export import FactFiles
from activity_log.facts.identities import IdentityLink, identities
from activity_log.facts.tables import MOMENT
from feature_repo.expressions.clocks import Facts

IDENTITIES = pa.schema(
    {
        "operator_id": pa.string(),
        "customer_id": pa.string(),
        "canonical_id": pa.string(),
        "valid_from": MOMENT,
        "valid_to": MOMENT,
    }
)


def connect_duckdb() -> Backend:
    """Open an in-memory DuckDB whose dates are UTC dates, whatever the machine's zone."""
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone='UTC'")
    return connection


def open_facts(connection: Backend, files: FactFiles, operator_id: str) -> Facts:
    """Return the operator's fact tables. The files must have been refreshed at least once."""
    names = [field.name for field in fields(Facts) if field.name != "identities"]
    tables = {name: connection.read_parquet(files.paths(name)) for name in names}
    return Facts(**tables, identities=ibis.memtable(identities_of_files(files, operator_id)))


def identities_of_files(files: FactFiles, operator_id: str) -> pa.Table:
    """Return who was counted as whom; columns as in IDENTITIES."""
    merges = [pq.read_table(path, partitioning=None) for path in files.paths("merges")]
    return identities_of(operator_id, pa.concat_tables(merges))


def moments_table(moments: Iterable[datetime]) -> ir.Table:
    """Return a table with the column as_of (UTC), each moment once."""
    column = pa.array(sorted(set(moments)), type=MOMENT)
    return ibis.memtable(pa.table({"as_of": column}))


def identities_of(operator_id: str, merges: pa.Table) -> pa.Table:
    """Fold the fact table of merges and unmerges into who was counted as whom; columns as in IDENTITIES."""
    folded = identities(
        IdentityLink(
            kind=row["kind"],
            surviving=row["customer_id"],
            merged=row["merged_customer_id"],
            occurred_at=row["occurred_at"],
            effective_at=max(row["occurred_at"], row["recorded_at"]),
            event_id=row["event_id"],
        )
        for row in merges.to_pylist()
    )
    return pa.Table.from_pylist(
        [{"operator_id": operator_id, **vars(identity)} for identity in folded], schema=IDENTITIES
    )
