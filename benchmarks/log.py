"""The figures of the activity log, in every store of this machine."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import appending, ingestion, service
from benchmarks.figure import Figure
from benchmarks.ingestion import Ingested
from benchmarks.simulated import simulated
from benchmarks.sizes import Sizes
from benchmarks.stores import Store, stores

Step = tuple[str, Callable[[], list[Figure]]]


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with tempfile.TemporaryDirectory(prefix="busflow-bench-") as folder:
        file = Path(folder) / "events.jsonl"
        yield f"simulating {sizes.events:,} events", lambda: _nothing(simulated(file, sizes.events))
        for store in stores():
            yield from _of_a_file(store, file, sizes)
        share = Path(folder) / "share.jsonl"
        each = sizes.long_log // appending.OPERATORS
        yield f"simulating {each:,} events", lambda: _nothing(simulated(share, each))
        for store in stores():
            for random_ids in (False, True):
                yield (
                    f"{store.name}: a log of {sizes.long_log:,} events",
                    partial(appending.measure, store, share, sizes, random_ids=random_ids),
                )


def _of_a_file(store: Store, file: Path, sizes: Sizes) -> Iterator[Step]:
    rates: list[float] = []

    def ingest() -> list[Figure]:
        ingested: Ingested = ingestion.measure(store, file)
        rates.append(ingested.rate)
        return ingested.figures

    yield f"{store.name}: taking in the file", ingest
    if rates:
        yield (
            f"{store.name}: the service",
            lambda: service.measure(store, file, rates[0], sizes.requests),
        )


def _nothing(_made: Path) -> list[Figure]:
    return []
