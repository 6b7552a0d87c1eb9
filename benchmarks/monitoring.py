"""Whether monitoring finds decay and leaves luck alone, with operators of whom it is known which it is.

Each operator's churn scores are right and calibrated at first (AUC about .82). In a healthy one that stays so; in a
decayed one customers follow them only a third as closely from the fourth month on.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from benchmarks.figure import Bound, Figure
from benchmarks.sizes import Sizes
from training.monitoring.decay import Promise, alarms
from training.monitoring.judging import figures_of

OPERATORS = 60
DECAY_FROM = 3
NEVER = 99
PROMISED: Mapping[str, Mapping[str, Promise]] = {"3": {"auc": Promise(0.82, 0.79, 0.85)}}


def scored_operator(
    seed: int, customers: int = 600, months: int = 6, weaker_from: int = NEVER, more_from: int = NEVER
) -> pd.DataFrame:
    """Return churn predictions and outcomes of the first months of 2026, as `judging.figures_of` takes them.

    weaker_from: the month from which customers follow their scores only a third as closely. more_from: from which
    more stay away than predicted.
    """
    generator = np.random.default_rng(seed)
    liking = generator.normal(size=customers)
    names = [f"c{number}" for number in range(customers)]
    parts = []
    for month in range(months):
        log_odds = -0.4 + 1.6 * (liking + 0.2 * generator.normal(size=customers))
        true = log_odds * (0.35 if month >= weaker_from else 1.0) + (1.2 if month >= more_from else 0.0)
        parts.append(
            pd.DataFrame(
                {
                    "version": "3",
                    "as_of": pd.Timestamp(datetime(2026, 1 + month, 1, tzinfo=UTC)),
                    "customer_id": names,
                    "churn_probability": 1 / (1 + np.exp(-log_odds)),
                    "churned": generator.random(customers) < 1 / (1 + np.exp(-true)),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def accused(rows: pd.DataFrame) -> set[tuple[str, str]]:
    """Return month and metric of every alarm."""
    return {(alarm.month, alarm.metric) for alarm in alarms(figures_of("churn", rows), PROMISED)}


def steps(_sizes: Sizes) -> list[tuple[str, Callable[[], list[Figure]]]]:
    """Return what `python -m benchmarks monitoring` measures."""
    return [(f"monitoring of {OPERATORS} healthy and {OPERATORS} decayed operators", _figures)]


def _figures() -> list[Figure]:
    sizes = [150 + 25 * number for number in range(OPERATORS)]
    healthy = [bool(accused(scored_operator(seed, size))) for seed, size in enumerate(sizes)]
    decayed = [
        bool({"auc"} & {metric for _, metric in accused(scored_operator(seed, size, weaker_from=DECAY_FROM))})
        for seed, size in enumerate(sizes)
    ]
    about = f"operators of {sizes[0]} to {sizes[-1]:,} customers"
    return [
        Figure(
            f"monitoring: false alarms, {about}",
            "share",
            float(np.mean(healthy)),
            bound=0.05,
            direction=Bound.AT_MOST,
        ),
        Figure(f"monitoring: planted decay found, {about}", "share", float(np.mean(decayed)), bound=0.9),
    ]
