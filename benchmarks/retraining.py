"""`busflow retrain` for a large operator, from its log to the gate: seconds, and the memory of all its processes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.costs import watched_memory
from benchmarks.figure import Bound, Figure
from benchmarks.ingestion import NOW
from benchmarks.retraining_facts import Size, large_operator
from benchmarks.simulated import OPERATOR
from benchmarks.sizes import Sizes

MOST_SECONDS, MOST_GIGABYTES = 240.0, 6.0

Step = tuple[str, Callable[[], list[Figure]]]


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        bench = _Bench(Path(folder))
        yield "an operator of a million bookings", lambda: bench.make(sizes.bookings)
        yield "retraining everything", bench.retrain


class _Bench:
    """What the steps leave to each other."""

    def __init__(self, home: Path):
        self._home = home

    def make(self, bookings: int) -> list[Figure]:
        self._size = large_operator(self._home, bookings)
        return []

    def retrain(self) -> list[Figure]:
        """Return time and memory of the whole command, starting Python included."""
        with watched_memory() as memory:
            started = perf_counter()
            told = retrained(self._home)
            seconds = perf_counter() - started
        missing = [task for task, entry in told.items() if not entry["trained"]]
        if missing:
            raise AssertionError(f"not trained: {', '.join(missing)}")
        return figures(self._size, seconds, memory.peak / 1_024)


def retrained(home: Path) -> dict[str, Any]:
    """Run the command in an installation, and return what it tells."""
    busflow = str(Path(sys.executable).with_name("busflow"))
    environment = os.environ | {
        "BUSFLOW_HOME": str(home),
        "BUSFLOW_DATABASE_URL": "",
        "MLFLOW_TRACKING_URI": "",
    }
    command = [busflow, "retrain", "--operator", OPERATOR, "--as-of", f"{NOW:%Y-%m-%d}", "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def figures(size: Size, seconds: float, gigabytes: float) -> list[Figure]:
    """Return the figures beside their bounds."""
    name = f"retraining for {size.customers:,} customers, {size.bookings:,} bookings, {size.tours:,} tours"
    return [
        Figure(name, "s", seconds, bound=MOST_SECONDS, direction=Bound.AT_MOST),
        Figure(f"{name}: memory", "GB", gigabytes, bound=MOST_GIGABYTES, direction=Bound.AT_MOST),
    ]
