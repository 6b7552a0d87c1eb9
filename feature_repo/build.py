"""Computing feature rows at moments, into the Parquet files that Feast reads."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import MOMENT
from feature_repo.definitions import FeatureGroup
from feature_repo.engines.engine import Start
from feature_repo.engines.on_duckdb import duckdb
from feature_repo.engines.plan import Plan
from feature_repo.expressions.clocks import ROW
from feature_repo.groups import GROUPS
from feature_repo.offline.rows import CREATED_TIMESTAMP, EVENT_TIMESTAMP
from feature_repo.state import pack
from feature_repo.state_view import STATE_ROWS, STATE_VIEW

ARROW_TYPES = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "string": pa.string(),
    "bool": pa.bool_(),
    "timestamp": MOMENT,
    "array<string>": pa.list_(pa.string()),
    "array<int64>": pa.list_(pa.int64()),
}
PACK_ROWS = 20_000
"""How many states are packed at once."""

_KEYS = tuple(name for name in ROW if name != "as_of")
_UTC = "timestamp('UTC', 6)"


def build_features(
    files: FactFiles,
    features_dir: Path,
    operator_id: str,
    moments: Sequence[datetime],
    progress: Callable[[int], object] = lambda _: None,
    engine: Start | None = None,
    groups: Sequence[FeatureGroup] = GROUPS,
) -> int:
    """Compute the features of an operator's customers at each moment; return how many there are at the last.

    One file per group and moment, replaced whole: building a moment again gives the same rows in the same order.
    progress is called with 1 after each file. engine: DuckDB unless another is given. groups: all, or fewer.
    """
    written = features_dir
    with _planned(files, features_dir, operator_id, engine) as (plan, scratch):
        selects = {
            group: plan.compile(_rows(group.expression(plan.facts, plan.as_of, plan.known)))
            for group in groups
        }
        for moment in moments:
            plan.move_to([moment])
            for group, select in selects.items():
                written = rows_path(features_dir, group, operator_id, moment)
                plan.write(select, scratch / "rows.parquet")
                _take_place(scratch / "rows.parquet", written)
                progress(1)
    return int(pq.read_metadata(written).num_rows)


def build_states(
    files: FactFiles, features_dir: Path, operator_id: str, moment: datetime, engine: Start | None = None
) -> int:
    """Compute the packed state of each of an operator's customers at a moment; return how many there are.

    One file, which takes the place of those of other moments: operator_id, customer_id, packed, event_timestamp and
    known_at (both the moment).
    """
    path = _moment_path(features_dir / STATE_VIEW / operator_id, moment)
    with _planned(files, features_dir, operator_id, engine) as (plan, scratch):
        plan.move_to([moment])
        parts = [scratch / f"{group.name}.parquet" for group in GROUPS]
        for group, part in zip(GROUPS, parts, strict=True):
            state = group.state(plan.facts, plan.as_of, plan.known)
            plan.write(plan.compile(state.order_by("customer_id")), part)
        customers = _pack_files(parts, scratch / "packed.parquet")
        _take_place(scratch / "packed.parquet", path)
    for other in path.parent.glob("*.parquet"):
        if other != path:
            other.unlink()
    return customers


def rows_path(features_dir: Path, group: FeatureGroup, operator_id: str, moment: datetime) -> Path:
    """Return the file of one group's rows at one moment."""
    return _moment_path(features_dir / group.name / operator_id, moment)


def write_empty_rows(features_dir: Path) -> None:
    """Give Feast a file per group to read the columns from, before anything is built."""
    for group in GROUPS:
        path = features_dir / group.name / "_schema" / "empty.parquet"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(_schema(group).empty_table(), path)


@contextmanager
def _planned(
    files: FactFiles, features_dir: Path, operator_id: str, engine: Start | None
) -> Iterator[tuple[Plan, Path]]:
    """Give a plan, and a folder on the disk of the features to write into."""
    features_dir.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix=".building-", dir=features_dir) as scratch,
        (engine or duckdb())(Path(scratch)) as started,
    ):
        yield Plan(started, files, operator_id), Path(scratch)


def _rows(features: ir.Table) -> ir.Table:
    """Return features with the columns and in the order that Feast reads them."""
    moment = features.as_of.cast(_UTC)
    clocks = {EVENT_TIMESTAMP: moment, CREATED_TIMESTAMP: moment}
    return features.order_by("customer_id").mutate(**clocks).drop("as_of")


def _schema(group: FeatureGroup) -> pa.Schema:
    keys = {name: pa.string() for name in _KEYS}
    clocks = {EVENT_TIMESTAMP: MOMENT, CREATED_TIMESTAMP: MOMENT}
    values = {feature.name: ARROW_TYPES[feature.dtype] for feature in group.features}
    return pa.schema(keys | values | clocks)


def _pack_files(parts: Sequence[Path], packed: Path) -> int:
    """Pack the states that lie in a file per group, all with the same customers in the same order."""
    customers = 0
    with pq.ParquetWriter(packed, STATE_ROWS) as writer:
        for slices in zip(*(_slices(part) for part in parts), strict=True):
            rows = pa.table({name: part[name] for part in slices for name in part.column_names})
            moment = rows["as_of"].cast(MOMENT)
            columns = [*(rows[name] for name in _KEYS), pack(rows), moment, moment]
            writer.write_table(pa.table(columns, schema=STATE_ROWS))
            customers += len(rows)
    return customers


def _slices(path: Path) -> Iterator[pa.Table]:
    """Yield the rows of a file, PACK_ROWS at a time, however the file is cut."""
    with pq.ParquetFile(path) as file:
        held = file.schema_arrow.empty_table()
        for batch in file.iter_batches(PACK_ROWS):
            held = pa.concat_tables([held, pa.Table.from_batches([batch])])
            while len(held) >= PACK_ROWS:
                yield held.slice(0, PACK_ROWS).combine_chunks()
                held = held.slice(PACK_ROWS)
        if len(held):
            yield held.combine_chunks()


def _moment_path(folder: Path, moment: datetime) -> Path:
    return folder / f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}.parquet"


def _take_place(written: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written.replace(path)
