"""Computing feature rows at moments, into the Parquet files that Feast reads."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import MOMENT
from feature_repo.expressions.clocks import ROW, population
from feature_repo.groups import GROUPS, FeatureGroup
from feature_repo.sources import connect_duckdb, moments_table, open_facts
from feature_repo.views import CREATED_TIMESTAMP, EVENT_TIMESTAMP

ARROW_TYPES = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "timestamp": MOMENT,
    "array<string>": pa.list_(pa.string()),
    "array<int64>": pa.list_(pa.int64()),
}


def build_features(
    files: FactFiles,
    features_dir: Path,
    operator_id: str,
    moments: Sequence[datetime],
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Compute all features of an operator's customers at each moment; return how many there are at the last.

    One file per group and moment, replaced whole: building a moment again gives the same file. progress is
    called with 1 after each group.
    """
    connection = connect_duckdb()
    facts = open_facts(connection, files, operator_id)
    as_of = connection.to_pyarrow(population(facts, moments_table(moments)))
    for group in GROUPS:
        rows = connection.to_pyarrow(group.expression(facts, ibis.memtable(as_of)).order_by("customer_id"))
        for moment in moments:
            at_moment = rows.filter(pc.equal(rows["as_of"], pa.scalar(moment, MOMENT)))
            _write(_feast_rows(at_moment, group), rows_path(features_dir, group, operator_id, moment))
        progress(1)
    return int(pc.sum(pc.equal(as_of["as_of"], pa.scalar(moments[-1], MOMENT))).as_py() or 0)


def rows_path(features_dir: Path, group: FeatureGroup, operator_id: str, moment: datetime) -> Path:
    """Return the file of one group's rows at one moment."""
    return features_dir / group.name / operator_id / f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}.parquet"


def write_empty_rows(features_dir: Path) -> None:
    """Give Feast a file per group to read the columns from, before anything is built."""
    for group in GROUPS:
        path = features_dir / group.name / "_schema" / "empty.parquet"
        if not path.exists():
            _write(_schema(group).empty_table(), path)


def _feast_rows(rows: pa.Table, group: FeatureGroup) -> pa.Table:
    renamed = rows.append_column(EVENT_TIMESTAMP, rows["as_of"]).append_column(
        CREATED_TIMESTAMP, rows["as_of"]
    )
    schema = _schema(group)
    return renamed.select(schema.names).cast(schema)


def _schema(group: FeatureGroup) -> pa.Schema:
    keys = {name: pa.string() for name in ROW if name != "as_of"}
    clocks = {EVENT_TIMESTAMP: MOMENT, CREATED_TIMESTAMP: MOMENT}
    values = {feature.name: ARROW_TYPES[feature.dtype] for feature in group.features}
    return pa.schema(keys | values | clocks)


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(table, partial)
    partial.replace(path)
