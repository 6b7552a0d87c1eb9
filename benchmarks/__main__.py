"""`make bench`: measure, print a table, write `results.json` beside this file.

Name subjects (`log`, `features`) to measure these only; the other figures of `results.json` stay then.
"""

import json
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import (
    brought_interactions,
    channel_figures,
    churn_figures,
    feature_store,
    features,
    freshness,
    log,
    monitoring,
    off_policy,
    recommender_day_one,
    recommender_operators,
    retraining,
    segments,
    serving,
    value_figures,
)
from benchmarks.figure import Figure
from benchmarks.sizes import Sizes

RESULTS = Path(__file__).with_name("results.json")
SUBJECTS = {
    "log": log.steps,
    "features": features.steps,
    "feature_store": feature_store.steps,
    "freshness": freshness.steps,
    "off_policy": off_policy.steps,
    "retraining": retraining.steps,
    "brought_interactions": brought_interactions.steps,
    "monitoring": monitoring.steps,
    "segments": segments.steps,
    "churn": churn_figures.steps,
    "value": value_figures.steps,
    "channel": channel_figures.steps,
    "serving": serving.steps,
    "recommender_operators": recommender_operators.steps,
    "recommender_day_one": recommender_day_one.steps,
}


def main(subjects: Sequence[str], results: Path = RESULTS) -> int:
    """Measure these subjects, or all; return how many steps failed. What fails is shown and the rest goes on."""
    sizes, figures, failed = Sizes(), list[Figure](), 0
    for subject in subjects or SUBJECTS:
        for name, measure in SUBJECTS[subject](sizes):
            print(f"{datetime.now(UTC):%H:%M:%S} {name}", flush=True)
            try:
                figures += measure()
            except Exception:  # noqa: BLE001 - the other figures are wanted all the same
                traceback.print_exc()
                failed += 1
    _write(results, figures, keep_others=bool(subjects))
    Console(width=160).print(_table(figures))
    return failed


def _write(results: Path, figures: list[Figure], *, keep_others: bool) -> None:
    stamp = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    rows = [figure.row() | stamp for figure in figures]
    measured = {(row["name"], row["store"]) for row in rows}
    earlier = json.loads(results.read_text()) if keep_others and results.exists() else []
    kept = [row for row in earlier if (row["name"], row.get("store", "")) not in measured]
    results.write_text(json.dumps([*kept, *rows], indent=1) + "\n")


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "store", "unit", "value", "floor", "ratio", "by CPU", "bound", "holds")
    for figure in figures:
        numbers = (figure.value, figure.floor, figure.ratio, figure.cpu_ratio)
        shown = ["-" if number is None else f"{number:,.3g}" for number in numbers]
        bound = "-" if figure.bound is None else f"{figure.direction.value} {figure.bound:g}"
        held = "-" if figure.holds is None else "yes" if figure.holds else "NO"
        table.add_row(figure.name, figure.store, figure.unit, *shown, bound, held)
    return table


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
