"""Feature rows on disk: complete, sorted, and the same whenever they are computed again."""

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from feature_repo.build import build_features, rows_path
from feature_repo.groups import GROUPS
from feature_repo.views import CREATED_TIMESTAMP, EVENT_TIMESTAMP
from tests.feature_repo.stories import Logged, LogOf, Story, utc

LONG_AGO, BEFORE_CARLA, JUNE_24 = utc("1999-01-01"), utc("2023-06-01"), utc("2024-06-01")
MOMENTS = [LONG_AGO, BEFORE_CARLA, JUNE_24]
CUSTOMERS: dict[datetime, list[str]] = {
    LONG_AGO: [],
    BEFORE_CARLA: ["anna", "bernd"],
    JUNE_24: ["anna", "bernd", "carla"],
}


@pytest.fixture(scope="module")
def logged(log_of: LogOf) -> Logged:
    story = Story()
    story.knows("anna", "bernd")
    story.knows("carla", when="2024-01-01")
    story.publishes("nordsee-24", "nordsee")
    for year in (2021, 2022, 2023, 2024):
        story.books(
            "anna", f"{year}-04-30T23:30:00", f"{year}-09-01", amount="0.10", travellers=["anna", "bernd"]
        )
    return log_of(story)


@pytest.fixture(scope="module")
def features_dir(logged: Logged, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("features")
    assert build_features(logged.files, folder, "reisen", MOMENTS) == 3
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def test_each_group_has_a_file_per_moment_with_everybody_in_it(logged: Logged, features_dir: Path):
    for group in GROUPS:
        for moment, people in CUSTOMERS.items():
            table = pq.read_table(rows_path(features_dir, group, "reisen", moment), partitioning=None)
            assert table["customer_id"].to_pylist() == sorted(
                logged.operator.pseudonym(who) for who in people
            )
            assert set(table[EVENT_TIMESTAMP].to_pylist()) <= {moment}
            assert set(table[CREATED_TIMESTAMP].to_pylist()) <= {moment}
            assert [
                name for name in table.column_names if name not in (EVENT_TIMESTAMP, CREATED_TIMESTAMP)
            ] == [
                "operator_id",
                "customer_id",
                *(feature.name for feature in group.features),
            ]


def test_building_again_gives_the_same_bytes(logged: Logged, features_dir: Path, tmp_path: Path):
    build_features(logged.files, tmp_path, "reisen", MOMENTS)
    assert contents(tmp_path) == contents(features_dir)


def test_a_day_is_one_of_utc_wherever_the_machine_stands():
    """Half past eleven of the last of April is the first of May in Auckland."""
    ask = """
from feature_repo.sources import connect_duckdb
print(connect_duckdb().raw_sql("SELECT CAST(TIMESTAMPTZ '2024-04-30 23:30:00+00' AS DATE)").fetchone()[0])
"""
    environment = {**os.environ, "TZ": "Pacific/Auckland"}
    run = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "2024-04-30"


def test_a_moment_built_alone_is_the_same_as_among_others(logged: Logged, features_dir: Path, tmp_path: Path):
    assert build_features(logged.files, tmp_path, "reisen", [BEFORE_CARLA]) == 2
    for path, content in contents(tmp_path).items():
        assert contents(features_dir)[path] == content
