"""Training sets by Spark in local mode: the same rows as DuckDB's, the known-at filter on."""

import os
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activity_log.settings import load_settings
from feature_repo.build import build_features, rows_path
from feature_repo.groups import TRAVEL
from feature_repo.offline.rows import CREATED_TIMESTAMP, EVENT_TIMESTAMP
from feature_repo.services import CHURN, SERVICES
from feature_repo.store import CustomerFeatures, open_features
from tests.feature_repo.stories import Story, log_stories, utc

pytestmark = pytest.mark.slow
MAY, JUNE = utc("2024-05-01"), utc("2024-06-01")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def customers(empty_log: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """An installation with Anna, who books, and Bernd, of whom a row is planted that became known late."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("pyspark", reason="PySpark is in the group `scale`")
    home = tmp_path_factory.mktemp("spark") / "shop"
    story = Story()
    story.knows("anna", "bernd")
    story.publishes("nordsee-24", "nordsee")
    for day in ("2023-04-01", "2024-04-01", "2024-05-20"):
        story.books(
            "anna", day, "2024-09-01", travellers=[("anna", "aisle", "Kiel"), ("bernd", "window", None)]
        )
    (logged,) = log_stories(empty_log, home, story)
    settings = load_settings(home=home)
    build_features(logged.files, settings.features_dir, "reisen", [MAY, JUNE])
    who = [logged.operator.pseudonym(person) for person in ("anna", "bernd")]
    _plant(rows_path(settings.features_dir, TRAVEL, "reisen", JUNE), who[1])
    return home, who


def _plant(path: Path, customer: str) -> None:
    """A row of Bernd that describes the day after June's, and became known three days later."""
    (row,) = [row for row in pq.read_table(path).to_pylist() if row["customer_id"] == customer]
    row |= {"total_trips": 999, EVENT_TIMESTAMP: JUNE + DAY, CREATED_TIMESTAMP: JUNE + 4 * DAY}
    pq.write_table(pa.Table.from_pylist([row], pq.read_schema(path)), path.with_name("planted.parquet"))


def examples(who: list[str]) -> pd.DataFrame:
    asked = [
        (who[1], JUNE + 2 * DAY), (who[0], JUNE), (who[0], MAY - DAY), ("nobody", JUNE), (who[0], JUNE - DAY),
        (who[1], JUNE + 5 * DAY),
    ]  # fmt: skip
    return pd.DataFrame(
        {
            "operator_id": "reisen",
            "customer_id": [customer for customer, _ in asked],
            "event_timestamp": pd.Series(
                [moment for _, moment in asked], dtype=pd.DatetimeTZDtype("us", "UTC")
            ),
            "churned": [True, False, True, False, True, False],
        }
    )


def opened(home: Path, engine: str) -> CustomerFeatures:
    return open_features(load_settings(home=home, engine=engine, spark_master="local[1]"))


def test_spark_joins_the_training_set_that_duckdb_joins(customers: tuple[Path, list[str]]):
    home, who = customers
    asked = examples(who)
    ours = opened(home, "duckdb").training_set(asked, CHURN)
    theirs = opened(home, "spark").training_set(asked, CHURN)
    assert ours["total_trips"].fillna(-1).tolist() == [3, 3, -1, -1, 2, 999]
    assert theirs["churned"].tolist() == asked["churned"].tolist()
    for name in ("customer_id", *SERVICES[CHURN].names):
        assert [_plain(value) for value in theirs[name]] == [_plain(value) for value in ours[name]], name


def _plain(value: object) -> object:
    return None if pd.isna(value) else value  # type: ignore[call-overload]
