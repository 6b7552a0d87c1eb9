"""`make bench`: measure, print a table, write `results.json` beside this file."""

import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, measure_all

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as home:
        figures = measure_all(Path(home))
    stamp = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    rows = [asdict(figure) | {"ratio": figure.ratio, "holds": figure.holds} | stamp for figure in figures]
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    Console().print(_table(figures))


def _table(figures: list[Figure]) -> Table:
    table = Table("figure", "unit", "value", "floor", "ratio", "bound", "holds")
    for figure in figures:
        numbers = (figure.value, figure.floor, figure.ratio)
        held = "-" if figure.holds is None else "yes" if figure.holds else "NO"
        bound = "-" if figure.bound is None else f"{figure.bound:g}"
        table.add_row(figure.name, figure.unit, *(f"{number:,.3g}" for number in numbers), bound, held)
    return table


if __name__ == "__main__":
    main()
