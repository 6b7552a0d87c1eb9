"""A small simulated operator, made on the fly and always the same: what the documentation draws."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from activity_log.database import open_log
from activity_log.facts.export import FactFiles
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from feature_repo.build import build_features, rows_path
from feature_repo.definitions import FeatureGroup
from simulator import SimulationSpec, simulate, write

EXAMPLE = "example"
EXAMPLE_CUSTOMERS = 400
EXAMPLE_NOW = datetime(2026, 11, 1, tzinfo=UTC)


@contextmanager
def example_rows() -> Iterator[Callable[[FeatureGroup], pa.Table]]:
    """Give each group's rows at EXAMPLE_NOW."""
    with TemporaryDirectory(prefix="busflow-example-") as folder:
        home = Path(folder)
        build_features(_files(home), home, EXAMPLE, [EXAMPLE_NOW])
        yield lambda group: pq.read_table(rows_path(home, group, EXAMPLE, EXAMPLE_NOW), partitioning=None)


def _files(home: Path) -> FactFiles:
    spec = SimulationSpec(operator_id=EXAMPLE, customers=EXAMPLE_CUSTOMERS, until=EXAMPLE_NOW.date())
    write(simulate(spec), home / "events.jsonl", home / "truth.json")
    settings = load_settings(home=home, database_url="", master_key=None, master_key_file=None)
    files = FactFiles(home / "facts", EXAMPLE)
    with closing(open_log(settings)) as database:
        operator = register_operator(database, EXAMPLE, now=EXAMPLE_NOW)
        ingest_file(database, home / "events.jsonl", now=EXAMPLE_NOW)
        files.refresh(database, operator)
    return files
