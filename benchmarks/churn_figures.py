"""The figures of churn: on real sales beside the simple rules, on simulated operators beside the planted truth."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.churn_worlds import HORIZON_DAYS, World, simulated_world
from benchmarks.figure import Bound, Figure
from benchmarks.sizes import Sizes
from models.churn import HIGH_FROM
from training.baselines import DAY_LIMITS
from training.churn import MOMENT
from training.churn_report import MODEL
from training.metrics import expected_calibration_error

SALES = Path("../shared/data/online_retail_ii/invoices.parquet")
CUTOFF, SALES_HORIZON = datetime(2011, 6, 9, tzinfo=UTC), 180
SEEDS = (7, 8)

Step = tuple[str, Callable[[], list[Figure]]]


class Goal(NamedTuple):
    """A metric on real sales, how far it shall go, and whether more is better."""

    metric: str
    bound: float
    direction: Bound


GOALS = (
    Goal("auc", 0.810, Bound.AT_LEAST),
    Goal("brier", 0.179, Bound.AT_MOST),
    Goal("ece", 0.02, Bound.AT_MOST),
)


def steps(_sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name."""
    if SALES.exists():
        yield "churn on real sales", _on_sales
    yield "churn of simulated operators", partial(_on_simulated, SEEDS)


def kept_sales(folder: Path) -> Path:
    """Write the invoices that were not cancelled into the folder; return the file."""
    invoices, path = pd.read_parquet(SALES), folder / "sales.parquet"
    invoices[~invoices["is_cancellation"]].to_parquet(path)
    return path


def _on_sales() -> list[Figure]:
    from training.own_churn import evaluate_churn

    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        models = evaluate_churn(kept_sales(Path(folder)), CUTOFF, SALES_HORIZON)["models"]
    figures = []
    for goal in GOALS:
        rules = {
            name: metrics[goal.metric] for name, metrics in models.items() if name not in (MODEL, "base_rate")
        }
        best = (max if goal.direction is Bound.AT_LEAST else min)(rules, key=lambda name: rules[name])
        name, value = f"churn on real sales: {goal.metric}", models[MODEL][goal.metric]
        figures += [
            Figure(name, "", value, bound=goal.bound, direction=goal.direction),
            Figure(
                f"{name} beside the best rule's",
                "",
                value,
                rules[best],
                best,
                bound=1,
                direction=goal.direction,
            ),
        ]
    return figures


def _on_simulated(seeds: tuple[int, ...]) -> list[Figure]:
    worlds = [simulated_world(seed) for seed in seeds]
    rows = pd.concat([world.rows for world in worlds], ignore_index=True)
    return [*_against_truth(rows), *_by_month(rows), *_loyal(worlds)]


def _against_truth(rows: pd.DataFrame) -> list[Figure]:
    """Compare with the planted chances at the quarters when these were noted."""
    noted = rows[rows["hazard"].notna()]
    labels = noted["churned"].to_numpy()
    ours, planted = roc_auc_score(labels, noted["probability"]), roc_auc_score(labels, noted["hazard"])
    return [
        Figure("churn, simulated: AUC", "", ours, planted, "AUC of the planted hazard"),
        Figure(
            "churn, simulated: AUC below the planted hazard's", "", planted - ours, bound=0.02,
            direction=Bound.AT_MOST,
        ),
    ]  # fmt: skip


def _by_month(rows: pd.DataFrame) -> list[Figure]:
    """Return the calibration error of each calendar month, beside what chance alone gives with perfect forecasts."""
    figures = []
    for month, part in rows.groupby(rows[MOMENT].dt.month):
        told = part["probability"].to_numpy()
        error = expected_calibration_error(part["churned"].to_numpy(np.int64), told)
        chance = _error_by_chance(told)
        name = f"churn, simulated: calibration error in month {month:02d}"
        figures += [
            Figure(name, "", error, bound=0.03, direction=Bound.AT_MOST),
            Figure(f"{name} beside chance alone", "", error, chance, "forecasts that are exactly true"),
        ]
    return figures


def _error_by_chance(told: np.ndarray) -> float:
    generator = np.random.default_rng(1)
    drawn = [(generator.uniform(size=len(told)) < told).astype(np.int64) for _ in range(20)]
    return float(np.mean([expected_calibration_error(labels, told) for labels in drawn]))


def _loyal(worlds: list[World]) -> list[Figure]:
    """How many of the loyal once-a-year travellers are flagged high before their rebooking window closes."""
    loyal = pd.concat([world.rows[world.rows["loyal"]] for world in worlds])
    waiting = loyal[loyal["window_closes"] >= loyal[MOMENT].dt.date]
    ours = float((waiting["probability"] >= HIGH_FROM).mean())
    rule = float((waiting["days_since_last_booking"] > DAY_LIMITS[1]).mean())
    name = "churn, simulated: loyal once-a-year travellers flagged high too early"
    return [
        Figure(name, "share", ours, bound=0.05, direction=Bound.AT_MOST),
        Figure(f"{name} beside the 90/180-day rule", "share", ours, rule, "the 90/180-day rule"),
    ]


__all__ = ["HORIZON_DAYS", "steps"]
