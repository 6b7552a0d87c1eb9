"""Engines: chosen by the settings, bounded in memory, and clear about what is missing."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activity_log.facts.tables import MOMENT
from activity_log.settings import load_settings
from feature_repo.engines.engine import engine_of
from feature_repo.engines.on_duckdb import DuckDBEngine, duckdb
from feature_repo.engines.on_spark import NoSparkError
from tests.feature_repo.stories import utc


def test_the_settings_choose_engine_and_memory(tmp_path: Path):
    settings = load_settings(home=tmp_path, engine="duckdb", engine_memory="123MB")
    with engine_of(settings)(tmp_path) as engine:
        engine.write("SELECT current_setting('memory_limit') AS memory", tmp_path / "told.parquet")
        assert isinstance(engine, DuckDBEngine)
    assert pq.read_table(tmp_path / "told.parquet")["memory"].to_pylist() == ["117.3 MiB"]


def test_what_does_not_fit_memory_goes_to_the_folder_given(tmp_path: Path):
    with duckdb("100MB")(tmp_path) as engine:
        engine.keep("many", "SELECT range AS number, md5(range::VARCHAR) AS text FROM range(4_000_000)")
        assert any(tmp_path.iterdir()), "160 MB lie somewhere"
        engine.write("SELECT count(text) AS texts FROM many", tmp_path / "counted.parquet")
    assert pq.read_table(tmp_path / "counted.parquet")["texts"].to_pylist() == [4_000_000]


def test_moments_held_are_days_of_utc_and_are_replaced(tmp_path: Path):
    last_day = pa.table({"as_of": pa.array([utc("2024-04-30T23:30:00")], type=MOMENT)})
    with duckdb()(tmp_path) as engine:
        engine.hold("moments", pa.table({"as_of": pa.array([utc("1999-01-01")], type=MOMENT)}))
        engine.hold("moments", last_day)
        engine.write("SELECT as_of::DATE AS day FROM moments", tmp_path / "days.parquet")
    assert [str(day) for day in pq.read_table(tmp_path / "days.parquet")["day"].to_pylist()] == ["2024-04-30"]


def test_spark_that_is_not_installed_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    settings = load_settings(home=tmp_path, engine="spark")
    with pytest.raises(NoSparkError, match="uv sync --group scale"), engine_of(settings)(tmp_path):
        pass
