"""A sample of an operator's customers has the same features as they have among everybody."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from activity_log.database import open_log
from activity_log.facts.tables import FACT_TABLES
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import load_settings
from feature_repo.build import rows_path
from feature_repo.groups import GROUPS
from simulator import SimulationSpec, simulate, write
from training.sampling import customers_of
from training.workbench import Workbench

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
MOST = 60


def features_of(bench: Workbench) -> pd.DataFrame:
    bench.build([AS_OF])
    of_groups = [pd.read_parquet(rows_path(bench.features_dir, group, "klein", AS_OF)) for group in GROUPS]
    return pd.concat([rows.set_index("customer_id") for rows in of_groups], axis=1)


def test_features_of_a_sample_are_those_of_the_same_customers_among_all(tmp_path: Path):
    """Companions, who is merged, and cancellations included: the simulated world has them all."""
    home = tmp_path / "klein"
    home.mkdir()
    simulation = simulate(SimulationSpec(operator_id="klein", customers=200, years=4, until=AS_OF.date()))
    write(simulation, home / "events.jsonl", home / "truth.json")
    with closing(open_log(load_settings(home=home))) as database:
        register_operator(database, "klein", now=AS_OF)
        ingest_file(database, home / "events.jsonl", now=AS_OF)
        bench = Workbench.open(load_settings(home=home), database, "klein")
        sample = bench.sampled(MOST)
        everybody, some = features_of(bench), features_of(sample)
    assert 0.5 * MOST < len(some) <= MOST < len(everybody)
    pd.testing.assert_frame_equal(some, everybody.loc[some.index])
    assert some["companions"].max() > 0
    assert some["cancelled_bookings"].max() > 0
    sizes = {table: [_size(one, table) for one in (bench, sample)] for table in FACT_TABLES}
    assert all(of_some < of_all for of_all, of_some in (sizes["bookings"], sizes["trips"], sizes["messages"]))
    assert customers_of(sample.files) >= MOST
    shutil.rmtree(home)


def _size(bench: Workbench, table: str) -> int:
    return sum(len(pd.read_parquet(path)) for path in bench.files.paths(table))
