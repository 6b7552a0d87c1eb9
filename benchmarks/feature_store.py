"""The figures of the feature store: training sets, materialising, and reading one customer's vector."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from activity_log.settings import Settings, load_settings
from benchmarks.feature_rows import MOMENTS, fill
from benchmarks.figure import Bound, Figure
from benchmarks.online_store import Costs, Reads, measure_materialising, measure_reading, online_stores
from benchmarks.sizes import Sizes
from benchmarks.training_sets import Joined, measure_training_set

EXAMPLES = 500_000

Step = tuple[str, Callable[[], list[Figure]]]
Result = TypeVar("Result")


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        settings = load_settings(home=Path(folder), database_url="", online_store="sqlite", engine="duckdb")
        yield "feature rows and states of many customers", partial(_fill, settings, sizes)
        yield "a training set", partial(_training_set, settings, sizes)
        for store, url in online_stores():
            online = settings.model_copy(update={"online_store": url})
            yield f"materialising and reading, {store}", partial(_online, online, store, sizes)


def _fill(settings: Settings, sizes: Sizes) -> list[Figure]:
    fill(settings, sizes.customers)
    return []


def _training_set(settings: Settings, sizes: Sizes) -> list[Figure]:
    joined: Joined = _in_a_process_of_its_own(measure_training_set, settings.home, EXAMPLES)
    name = f"training set of {EXAMPLES:,} over {sizes.customers * MOMENTS:,} rows per view"
    floor = "a bare ASOF join of the same files to the same table"
    return [
        Figure(name, "s", joined.seconds, joined.bare_seconds, floor, bound=4, direction=Bound.AT_MOST),
        Figure(f"{name}: memory", "GB", joined.peak_gigabytes, bound=4, direction=Bound.AT_MOST),
    ]


def _online(settings: Settings, store: str, sizes: Sizes) -> list[Figure]:
    written: Costs = _in_a_process_of_its_own(measure_materialising, settings.home, settings.online_store)
    read: Reads = _in_a_process_of_its_own(
        measure_reading, settings.home, settings.online_store, sizes.requests
    )
    name = f"materialising {sizes.customers:,} customers"
    rate, bare = sizes.customers / written.seconds, sizes.customers / written.bare_seconds
    at_most = {"direction": Bound.AT_MOST, "store": store}
    return [
        Figure(name, "s", written.seconds, bound=10, **at_most),
        Figure(f"{name}: rate", "customers/s", rate, bare, "a bare bulk write of the same bytes", store=store),
        Figure(f"{name}: memory", "GB", written.peak_gigabytes, bound=1, **at_most),
        Figure(
            "one customer's churn vector", "µs", read.vector, read.bare, "a bare read of the same bytes",
            bound=5, **at_most,
        ),
        Figure("one customer's churn features by name", "µs", read.named, read.bare, "likewise", store=store),
    ]  # fmt: skip


def _in_a_process_of_its_own(work: Callable[..., Result], *given: object) -> Result:
    """Return what the work returns; its memory is its own, and goes with it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()
