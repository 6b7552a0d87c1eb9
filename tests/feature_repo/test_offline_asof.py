"""Point-in-time joins by ASOF: the same answers as Feast's own DuckDB store, in the order asked."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import FeatureStore, FeatureView, Field, FileSource
from feast.repo_config import RepoConfig
from feast.types import Int64, String
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activity_log.facts.tables import MOMENT
from feature_repo.entities import CUSTOMER, OPERATOR
from feature_repo.offline import asof, point_in_time
from feature_repo.offline.point_in_time import RowsReplacedError
from tests.feature_repo.stories import utc

T0 = utc("2024-01-01")
DAY = timedelta(days=1)
ROWS = pa.schema(
    {
        "operator_id": pa.string(),
        "customer_id": pa.string(),
        "event_timestamp": MOMENT,
        "known_at": MOMENT,
        "trips": pa.int64(),
    }
)
ASOF, STOCK = "feature_repo.offline.asof.AsofDuckDBOfflineStore", "duckdb"


class Row(NamedTuple):
    """Of a customer: what was counted at a moment, and when that became known. Days since T0."""

    customer: str
    at: float
    known: float
    trips: int
    operator: str = "reisen"


class Example(NamedTuple):
    customer: str
    at: float
    operator: str = "reisen"


class Bench:
    """A view of one feature, joined by both stores."""

    def __init__(self, home: Path):
        self.rows = home / "rows"
        self._stores = {
            kind: self._open(home / str(number), kind) for number, kind in enumerate((ASOF, STOCK))
        }

    def _open(self, home: Path, offline: str) -> FeatureStore:
        home.mkdir(parents=True)
        config = RepoConfig(
            project="test",
            provider="local",
            registry=str(home / "registry.db"),
            offline_store={"type": offline},
            online_store=None,
            entity_key_serialization_version=3,
        )
        store = FeatureStore(config=config)
        source = FileSource(
            name="rows",
            path=str(self.rows / "*.parquet"),
            timestamp_field="event_timestamp",
            created_timestamp_column="known_at",
        )
        fields = {"operator_id": String, "customer_id": String, "trips": Int64}
        view = FeatureView(
            name="travel",
            entities=[OPERATOR, CUSTOMER],
            ttl=timedelta(0),
            schema=[Field(name=name, dtype=dtype) for name, dtype in fields.items()],
            source=source,
            online=False,
        )
        store.apply([OPERATOR, CUSTOMER, view])
        return store

    def write(self, *files: list[Row]) -> None:
        self.rows.mkdir(exist_ok=True)
        for old in self.rows.iterdir():
            old.unlink()
        for number, rows in enumerate(files):
            values = [
                {
                    "operator_id": row.operator,
                    "customer_id": row.customer,
                    "event_timestamp": T0 + row.at * DAY,
                    "known_at": T0 + row.known * DAY,
                    "trips": row.trips,
                }
                for row in rows
            ]
            pq.write_table(pa.Table.from_pylist(values, ROWS), self.rows / f"{number}.parquet")

    def join(self, examples: list[Example], kind: str = ASOF, known: bool = True) -> list[int | None]:
        frame = pd.DataFrame(
            {
                "customer_id": [one.customer for one in examples],
                "operator_id": [one.operator for one in examples],
                "event_timestamp": pd.Series([T0 + one.at * DAY for one in examples], dtype=MICROSECONDS),
                "place": range(len(examples)),
            }
        )
        ibis.set_backend(ibis.duckdb.connect())
        job = self._stores[kind].get_historical_features(
            frame, ["travel:trips"], filter_by_created_timestamp=known
        )
        joined = job.to_df()
        if kind == ASOF and known:
            assert joined["place"].tolist() == list(range(len(examples)))
        assert list(joined.columns) == [*frame.columns, "trips"]
        ordered = joined.sort_values("place")["trips"]
        return [None if pd.isna(value) else int(value) for value in ordered]


MICROSECONDS = pd.DatetimeTZDtype("us", "UTC")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("asof"))


def test_the_latest_row_known_at_the_moment_counts_and_the_moment_itself_is_in_time(bench: Bench):
    bench.write([Row("anna", 1, 1, 10), Row("anna", 2, 2, 20)], [Row("anna", 3, 3, 30)])
    asked = [Example("anna", day) for day in (2.5, 0.5, 3, 1, 99)]
    assert bench.join(asked) == [20, None, 30, 10, 30]


def test_a_row_known_too_late_is_passed_over_for_an_earlier_one(bench: Bench):
    """The row of day 2 became known on day 5: a leak until then."""
    bench.write([Row("anna", 1, 1, 10), Row("anna", 2, 5, 999)])
    assert bench.join([Example("anna", day) for day in (2, 4, 5)]) == [10, 10, 999]


def test_what_becomes_known_late_never_replaces_what_describes_a_later_moment(bench: Bench):
    bench.write([Row("anna", 1, 9, 10), Row("anna", 2, 2, 20), Row("anna", 3, 8, 30)])
    assert bench.join([Example("anna", day) for day in (7, 8, 9)]) == [20, 30, 30]


def test_of_two_rows_of_one_moment_the_one_known_last_counts(bench: Bench):
    bench.write([Row("anna", 5, 3, 1), Row("anna", 5, 4, 2), Row("anna", 5, 7, 3)])
    assert bench.join([Example("anna", day) for day in (4, 5, 6, 7)]) == [None, 2, 2, 3]


def test_operators_and_customers_are_told_apart_and_unknown_ones_have_nothing(bench: Bench):
    bench.write([Row("anna", 1, 1, 10), Row("anna", 1, 1, 70, "konkurrenz")], [Row("bernd", 1, 1, 20)])
    asked = [Example("bernd", 2), Example("anna", 2, "konkurrenz"), Example("anna", 2), Example("nobody", 2)]
    assert bench.join(asked) == [20, 70, 10, None]
    assert bench.join([Example("anna", 2, "x"), Example("bernd", 2, "konkurrenz")]) == [None, None]


def test_examples_asked_twice_are_answered_twice(bench: Bench):
    bench.write([Row("anna", 1, 1, 10)])
    assert bench.join([Example("anna", 2), Example("anna", 2), Example("anna", 3)]) == [10, 10, 10]


def test_views_without_rows_give_nulls(bench: Bench):
    bench.write([])
    assert bench.join([Example("anna", 2)]) == [None]


def test_an_installation_far_from_utc_joins_alike(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    bench.write([Row("anna", 1, 1, 10), Row("anna", 1.2, 1.2, 20)])
    assert bench.join([Example("anna", 1.1)]) == [10]


def test_rows_that_are_built_anew_meanwhile_are_not_mixed(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.write([Row("anna", 1, 1, 10), Row("bernd", 1, 1, 20)])
    matching: Callable[..., list[int]] = point_in_time._match

    def rebuilt(*given: object) -> list[int]:
        used = matching(*given)
        bench.write([Row("bernd", 1, 1, 20), Row("anna", 1, 1, 10)])
        return used

    monkeypatch.setattr(point_in_time, "_match", rebuilt)
    with pytest.raises(RowsReplacedError, match="start it again"):
        bench.join([Example("anna", 2)])


def test_without_the_known_at_filter_feast_answers_itself(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    bench.write([Row("anna", 1, 1, 10), Row("anna", 2, 5, 20)])
    monkeypatch.setattr(asof, "AsofJob", None)
    assert bench.join([Example("anna", 3)], known=False) == [20]


people = st.sampled_from(["anna", "bernd"])
days = st.integers(0, 6)
rows = st.builds(
    lambda who, at, known, operator: Row(who, at, known, 100 * at + 10 * known + len(who + operator), operator),
    people, days, days, st.sampled_from(["reisen", "konkurrenz"]),
)  # fmt: skip
examples = st.lists(st.builds(Example, people, days, st.sampled_from(["reisen", "konkurrenz"])), min_size=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(st.lists(rows, max_size=12), min_size=1, max_size=3), asked=examples)
def test_the_answers_are_those_of_feast_late_rows_and_duplicates_included(
    bench: Bench, files: list[list[Row]], asked: list[Example]
):
    bench.write(*files)
    assert bench.join(asked) == bench.join(asked, STOCK)
