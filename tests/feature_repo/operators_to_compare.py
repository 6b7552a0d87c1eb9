"""Operators whose features are computed in every way there is: a simulated one, and one of real sales."""

import os
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from activity_log.database import Database, open_log
from activity_log.facts.export import FactFiles
from activity_log.importing.spec import TableSpec
from activity_log.importing.table import import_table
from activity_log.ingest_file import ingest_file
from activity_log.operators import Operator, register_operator
from activity_log.settings import Settings, load_settings
from simulator import SimulationSpec, simulate, write

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REAL_DATA = Path(os.environ.get("BUSFLOW_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
"""Where data sets lie that are too large, or not ours, to come with the code."""

SALES = REAL_DATA / "online_retail_ii" / "lines_all.parquet"
RETAIL = TableSpec(
    customer="customer_id",
    booking="invoice",
    item="item_id",
    quantity="quantity",
    description="description",
    cancellation_prefix="C",
    currency="GBP",
)
SOME_CUSTOMERS = 150


@dataclass(frozen=True)
class Compared:
    """An operator's log and facts. moments: at which features are asked for; nothing happens after the last."""

    settings: Settings
    operator: Operator
    files: FactFiles
    moments: tuple[datetime, ...]

    def log(self) -> Database:
        return open_log(self.settings)


def simulated_operator(home: Path) -> Compared:
    """150 customers and five years."""
    simulation = simulate(SimulationSpec(customers=SOME_CUSTOMERS, until=date(2026, 11, 1)))
    write(simulation, home / "events.jsonl", home / "truth.json")
    settings = load_settings(home=home)
    with closing(open_log(settings)) as database:
        operator = register_operator(database, "nordlicht", now=NOW)
        ingest_file(database, home / "events.jsonl", now=NOW)
        files = _facts(settings, database, operator)
    moments = (
        datetime(2023, 2, 28, 23, 59, 59, tzinfo=UTC),
        datetime(2025, 5, 1, 12, 0, 0, 500_000, tzinfo=UTC),
    )
    return Compared(settings, operator, files, (*moments, NOW))


def retail_operator(home: Path) -> Compared:
    """The purchases of some customers of Online Retail II, 2009 to 2011. Skips where the file is absent."""
    if not SALES.exists():
        pytest.skip(f"real sales are not here: {SALES}")
    lines = pq.read_table(SALES)
    some = pc.unique(lines["customer_id"].drop_null()).slice(0, SOME_CUSTOMERS)
    pq.write_table(lines.filter(pc.is_in(lines["customer_id"], some)), home / "lines.parquet")
    settings = load_settings(home=home)
    with closing(open_log(settings)) as database:
        operator = register_operator(database, "retail", now=NOW)
        import_table(database, operator, home / "lines.parquet", RETAIL, now=NOW)
        files = _facts(settings, database, operator)
    return Compared(
        settings, operator, files, (datetime(2011, 1, 1, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC))
    )


def _facts(settings: Settings, database: Database, operator: Operator) -> FactFiles:
    files = FactFiles(settings.facts_dir, operator.operator_id)
    files.refresh(database, operator)
    return files
