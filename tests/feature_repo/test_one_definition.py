"""One definition of each feature, and four ways to compute it: they agree.

(a) training sets at many past moments, (b) a full build at one, (c) a few customers from the log, (d) Spark; and what
is read from a packed state at a later moment is (b) of that moment.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activity_log.facts.of_customers import facts_of
from feature_repo.build import build_features, build_states, rows_path
from feature_repo.engines.engine import Start
from feature_repo.expressions.clocks import Known, population
from feature_repo.groups import GROUPS
from feature_repo.offline.rows import EVENT_TIMESTAMP
from feature_repo.reading import Reading
from feature_repo.recomputing import Recomputing
from feature_repo.sources import connect_duckdb, moments_table, open_facts
from feature_repo.state_view import PACKED, STATE_VIEW
from tests.feature_repo.operators_to_compare import Compared, retail_operator, simulated_operator

Rows = dict[str, dict[str, Any]]
"""Features by customer_id."""

FEATURES = {feature.name: feature for group in GROUPS for feature in group.features}
EXACT = {name for name, feature in FEATURES.items() if feature.dtype != "float64"}

LATER = [timedelta(seconds=1), *(timedelta(days=days) for days in (1, 89, 364, 365, 366, 1_100))]


@pytest.fixture(scope="module", params=[simulated_operator, retail_operator], ids=["simulated", "real sales"])
def compared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    make: Callable[[Path], Compared] = request.param
    return make(tmp_path_factory.mktemp("compared"))


@pytest.fixture(scope="module")
def built(compared: Compared, tmp_path_factory: pytest.TempPathFactory) -> dict[datetime, Rows]:
    """(b): full builds, one moment after the other; also long after the last event."""
    moments = [*compared.moments, *(compared.moments[-1] + later for later in LATER)]
    return build(compared, tmp_path_factory.mktemp("built"), moments)


def build(
    compared: Compared, folder: Path, moments: Sequence[datetime], engine: Start | None = None
) -> dict[datetime, Rows]:
    operator_id = compared.operator.operator_id
    build_features(compared.files, folder, operator_id, moments, engine=engine)
    found: dict[datetime, Rows] = {moment: {} for moment in moments}
    for moment, group in product(moments, GROUPS):
        table = pq.read_table(rows_path(folder, group, operator_id, moment), partitioning=None)
        assert set(table[EVENT_TIMESTAMP].to_pylist()) == {moment}
        gather(found[moment], table)
    return found


def gather(found: Rows, table: pa.Table) -> None:
    for row in table.to_pylist():
        found.setdefault(row["customer_id"], {}).update(
            {name: value for name, value in row.items() if name in FEATURES}
        )


def agree(ours: Rows, theirs: Rows) -> None:
    """Counts, dates and texts to the bit; sums and means to 1e-9."""
    assert theirs
    assert ours.keys() == theirs.keys()
    for customer, row in theirs.items():
        assert ours[customer].keys() == row.keys() == FEATURES.keys()
        for name, value in row.items():
            mine = ours[customer][name]
            if name in EXACT or value is None or mine is None:
                assert plain(mine) == plain(value), (customer, name)
            else:
                assert mine == pytest.approx(value, rel=1e-9, abs=1e-12), (customer, name)


def plain(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def test_training_sets_of_many_moments_are_the_builds_of_each(
    compared: Compared, built: dict[datetime, Rows]
):
    """(a) and (b): all moments in one statement, without anything kept, or one after the other."""
    connection = connect_duckdb()
    facts = open_facts(connection, compared.files, compared.operator.operator_id)
    as_of = ibis.memtable(connection.to_pyarrow(population(facts, moments_table(compared.moments))))
    at: dict[datetime, Rows] = {moment: {} for moment in compared.moments}
    for group in GROUPS:
        table = connection.to_pyarrow(group.expression(facts, as_of, Known.of(facts, as_of)))
        moments = [plain(moment) for moment in table["as_of"].to_pylist()]
        for moment in compared.moments:
            gather(at[moment], table.filter(pa.array([one == moment for one in moments])))
    for moment in compared.moments:
        agree(at[moment], built[moment])


def test_a_few_customers_of_the_log_get_what_the_build_gives_them(
    compared: Compared, built: dict[datetime, Rows]
):
    """(c)"""
    moment = compared.moments[-1]
    some = sorted(built[moment])[::7]
    with closing(compared.log()) as log, log.reading() as connection:
        facts = facts_of(connection, compared.operator, some)
    found: Rows = {}
    for table in Recomputing().features(facts, some, moment).values():
        gather(found, table)
    agree(found, {customer: built[moment][customer] for customer in some})


@pytest.mark.slow
def test_spark_computes_the_same(
    compared: Compared, built: dict[datetime, Rows], spark: Start, tmp_path: Path
):
    """(d), with a moment between two seconds."""
    moment = compared.moments[-2]
    agree(build(compared, tmp_path, [moment], spark)[moment], built[moment])


def test_a_state_read_later_says_what_a_build_of_then_would(
    compared: Compared, built: dict[datetime, Rows], tmp_path: Path
):
    """Right at the moment of reading, though nothing was written since, for years."""
    written = compared.moments[-1]
    build_states(compared.files, tmp_path, compared.operator.operator_id, written)
    (path,) = (tmp_path / STATE_VIEW).rglob("*.parquet")
    states, reading = pq.read_table(path, partitioning=None), Reading(tuple(FEATURES))
    packed = dict(zip(states["customer_id"].to_pylist(), states[PACKED].to_pylist(), strict=True))
    for then in (written, *(written + later for later in LATER)):
        agree({customer: reading.row(state, then) for customer, state in packed.items()}, built[then])


@pytest.fixture(scope="session")
def spark() -> Iterator[Start]:
    """A Spark of this machine, for all tests: it takes ten seconds to start."""
    try:
        from feature_repo.engines.on_spark import NoSparkError, spark, spark_session

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of PySpark's gateway
            session = spark_session("local[2]")
    except NoSparkError as missing:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(missing))
    yield spark("local[2]")
    session.stop()
