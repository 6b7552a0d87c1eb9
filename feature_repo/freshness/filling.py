"""The states of everybody at once, by a full build: a store that never followed the log is filled by it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from activity_log.database import Database
from activity_log.facts.export import FactFiles
from activity_log.operators import Operator
from activity_log.settings import Settings
from feature_repo.build import build_states
from feature_repo.engines.engine import engine_of
from feature_repo.recomputing import STATES
from feature_repo.state_view import STATE_VIEW

ROWS_AT_ONCE = 5_000

Fill = Callable[[Database, Operator, datetime], Iterator[pa.Table]]
"""Gives the states of all of an operator's customers as of a moment, as tables of STATES."""


def filling(settings: Settings) -> Fill:
    """Return how to compute everybody's states in an installation: by its engine, from its fact files."""
    return partial(_fill, settings)


def _fill(settings: Settings, database: Database, operator: Operator, as_of: datetime) -> Iterator[pa.Table]:
    files = FactFiles(settings.facts_dir, operator.operator_id)
    files.refresh(database, operator)
    settings.features_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".filling-", dir=settings.features_dir) as folder:
        build_states(files, Path(folder), operator.operator_id, as_of, engine_of(settings))
        for path in (Path(folder) / STATE_VIEW / operator.operator_id).glob("*.parquet"):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(ROWS_AT_ONCE):
                    rows = pa.Table.from_batches([batch])
                    moments = pa.repeat(pa.scalar(as_of, STATES.field("as_of").type), len(rows))
                    yield rows.append_column("as_of", moments).select(STATES.names).cast(STATES)
