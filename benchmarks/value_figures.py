"""The figures of value on real sales: beside BG/NBD with Gamma-Gamma and beside the simple rules."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.churn_figures import CUTOFF, SALES, SALES_HORIZON, kept_sales
from benchmarks.figure import Bound, Figure
from benchmarks.sizes import Sizes
from models.likely_range import COVERAGE
from training.own_value import NAMES
from training.value_rules import LAST_PERIOD, MEAN_RATE

RULES = (MEAN_RATE, LAST_PERIOD)
PURCHASES = NAMES["purchases"]
LESS_IS_BETTER = ("count_deviance", "rmse_count", "mae_spend")
MOST_OFF, MOST_COVERAGE_GAP = 0.15, 0.1


def steps(_sizes: Sizes) -> Iterator[tuple[str, Callable[[], list[Figure]]]]:
    """Yield what there is to measure, by name."""
    if SALES.exists():
        yield "value on real sales", on_sales


def on_sales() -> list[Figure]:
    """Measure the model that would go live, chosen before the cutoff."""
    from training.own_value import evaluate_value

    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        found = evaluate_value(kept_sales(Path(folder)), CUTOFF, SALES_HORIZON)
    models, live = found["models"], found["models"][found["champion"]]
    figures = [_beside_rules(metric, live, models) for metric in LESS_IS_BETTER]
    figures += [
        Figure(f"value on real sales: {metric} beside BG/NBD and Gamma-Gamma", "", live[metric],
               models[PURCHASES][metric], PURCHASES, bound=1, direction=Bound.AT_MOST)
        for metric in LESS_IS_BETTER
    ]  # fmt: skip
    spearman, off = live["spearman_spend"], live["total_count_error"]
    rule = models[LAST_PERIOD]["spearman_spend"]
    return [
        *figures,
        Figure("value on real sales: spearman_spend", "", spearman, rule, LAST_PERIOD, bound=1),
        Figure("value on real sales: total_count_error", "share", off, bound=MOST_OFF, direction=Bound.AT_MOST),
        *(_coverage(what, live[f"{what}_coverage"]) for what in ("bookings", "spend")),
    ]  # fmt: skip


def _beside_rules(metric: str, live: dict[str, float], models: dict[str, Any]) -> Figure:
    best = min(RULES, key=lambda name: models[name][metric])
    name = f"value on real sales: {metric}"
    return Figure(name, "", live[metric], models[best][metric], best, bound=1, direction=Bound.AT_MOST)


def _coverage(what: str, share: float) -> Figure:
    """Return how many fall into the range: at least COVERAGE less a gap; whole bookings cover more."""
    name = f"value on real sales: {what} within the 80 % range"
    return Figure(name, "share", share, bound=COVERAGE - MOST_COVERAGE_GAP)
