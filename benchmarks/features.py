"""The figures of the features, on a simulated operator of 5,000 customers and five years."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from activity_log.database import open_log
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.settings import Settings, load_settings
from benchmarks.figure import Figure
from benchmarks.ingestion import NOW
from benchmarks.simulated import EVENTS_PER_CUSTOMER, OPERATOR, simulated
from benchmarks.sizes import Sizes

CUSTOMERS = 5_000
REPEATS = 5

Step = tuple[str, Callable[[], list[Figure]]]


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with TemporaryDirectory(prefix="busflow-bench-") as home:
        settings = load_settings(home=Path(home), database_url="")
        yield "an operator to learn features of", partial(_fill, settings, sizes)
        yield "features", partial(_measure, settings)


def _fill(settings: Settings, sizes: Sizes) -> list[Figure]:
    events = min(CUSTOMERS * EVENTS_PER_CUSTOMER, sizes.events)
    with closing(open_log(settings)) as database:
        register_operator(database, OPERATOR, now=NOW)
        ingest_file(database, simulated(settings.home / "events.jsonl", events), now=NOW)
    return []


def _measure(settings: Settings) -> list[Figure]:
    return [_feature_build(settings), _online_read(settings)]


def _feature_build(settings: Settings) -> Figure:
    """Return customers per second of a full build of all features, beside a count of their bookings."""
    from feature_repo.build import build_features
    from training.workbench import Workbench

    bench = Workbench.open(settings, open_log(settings), OPERATOR)
    customers = 0

    def build() -> None:
        nonlocal customers
        customers = build_features(bench.files, settings.features_dir, OPERATOR, [NOW])

    ours = _seconds(build)
    bookings = bench.facts.bookings
    floor = _seconds(lambda: bench.frame(bookings.group_by("customer_id").agg(n=bookings.count())))
    bench.features.materialise(NOW)
    return Figure(
        "full feature build", "customers/s", customers / ours, customers / floor, "a count of their bookings"
    )


def _online_read(settings: Settings) -> Figure:
    """Return reads per second of one customer's churn features, beside a bare read of the store."""
    from feature_repo.services import CHURN
    from training.workbench import Workbench

    bench = Workbench.open(settings, open_log(settings), OPERATOR)
    customer_id = str(bench.frame(bench.facts.profiles.select("customer_id").limit(1)).iloc[0, 0])
    ours = min(
        _seconds(lambda: bench.features.online(CHURN, OPERATOR, [customer_id])) for _ in range(REPEATS)
    )
    query = "SELECT value FROM busflow_customer_booking LIMIT 30"
    with closing(sqlite3.connect(settings.feast_dir / "online.db")) as store:
        floor = min(_seconds(lambda: store.execute(query).fetchall()) for _ in range(REPEATS))
    return Figure(
        "online read of the churn features", "reads/s", 1 / ours, 1 / floor, "30 values out of the bare store"
    )


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
