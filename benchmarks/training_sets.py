"""A training set through Feast, beside a bare ASOF join that reads the same files to the same table."""

from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import duckdb
import numpy as np
import pandas as pd

from activity_log.settings import Settings, load_settings
from benchmarks.costs import watched_memory
from benchmarks.feature_rows import moments
from benchmarks.simulated import OPERATOR

REPEATS = 3


class Joined(NamedTuple):
    """What a training set took at best, and the bare join."""

    seconds: float
    bare_seconds: float
    peak_gigabytes: float


def measure_training_set(home: Path, examples: int) -> Joined:
    """Join so many examples of the churn model both ways, in turn; raise AssertionError unless they agree."""
    from feature_repo.services import CHURN, SERVICES
    from feature_repo.store import open_features

    settings = load_settings(home=home, database_url="", online_store="sqlite", engine="duckdb")
    asked, features = _examples(settings, examples), open_features(settings)
    bare = _bare_sql(settings, SERVICES[CHURN].features)
    ours_seconds, bare_seconds, peak = [], [], 0.0
    for _ in range(REPEATS):
        with watched_memory() as memory:
            started = perf_counter()
            ours = features.training_set(asked, CHURN)
            ours_seconds.append(perf_counter() - started)
        peak = max(peak, memory.peak)
        started = perf_counter()
        floor = _bare(bare, asked)
        bare_seconds.append(perf_counter() - started)
        _same(ours, floor)
        del ours, floor
    return Joined(min(ours_seconds), min(bare_seconds), peak / 1_024)


def _examples(settings: Settings, count: int) -> pd.DataFrame:
    """Return customers at random moments between the first and a month after the last."""
    draw, told = np.random.default_rng(7), moments()
    with duckdb.connect() as connection:
        files = settings.features_dir / "customer_booking" / OPERATOR / "*.parquet"
        customers = connection.sql(f"SELECT DISTINCT customer_id FROM '{files}' ORDER BY 1").fetchnumpy()
    span = int((told[-1] - told[0]).total_seconds()) + 30 * 86_400
    return pd.DataFrame(
        {
            "operator_id": OPERATOR,
            "customer_id": draw.choice(np.asarray(customers["customer_id"], dtype=object), count),
            "event_timestamp": pd.Timestamp(told[0]) + pd.to_timedelta(draw.integers(0, span, count), "s"),
            "churned": draw.random(count) < 0.3,
        }
    ).drop_duplicates(["customer_id", "event_timestamp"], ignore_index=True)


def _bare_sql(settings: Settings, features: tuple[str, ...]) -> str:
    views: dict[str, list[str]] = {}
    for feature in features:
        views.setdefault(feature.split(":")[0], []).append(feature.split(":")[1])
    columns = [f"{view}.{name}" for view, names in views.items() for name in names]
    joins = [
        f"ASOF LEFT JOIN '{settings.features_dir / view / OPERATOR / '*.parquet'}' AS {view} "
        f"ON asked.operator_id = {view}.operator_id AND asked.customer_id = {view}.customer_id "
        f"AND asked.event_timestamp >= {view}.event_timestamp"
        for view in views
    ]
    return f"SELECT asked.*, {', '.join(columns)} FROM asked {' '.join(joins)}"


def _bare(sql: str, asked: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.register("asked", asked)
        return connection.sql(sql).df()


def _same(ours: pd.DataFrame, floor: pd.DataFrame) -> None:
    keys = ["customer_id", "event_timestamp"]
    ours, floor = (one.sort_values(keys, ignore_index=True) for one in (ours, floor))
    for name in ours.columns:
        left, right = ours[name], floor[name]
        same = (left.isna() & right.isna()) | (left == right)
        assert same.all(), name
