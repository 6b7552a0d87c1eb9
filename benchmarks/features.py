"""The figures of feature builds, beside SQL written by hand for the same tables, each in a process of its own."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.feature_builds import Cost, check_equal, cost_of
from benchmarks.figure import Bound, Figure
from benchmarks.many_facts import copied_facts, simulated_facts
from benchmarks.sizes import Sizes

YEARS_OF_MONTHS = 24
FLOOR = "SQL written by hand for the same tables, checked to give the same"

Step = tuple[str, Callable[[], list[Figure]]]


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        bench = _Bench(Path(folder))
        yield "an operator to copy the facts of", bench.simulate
        yield "one build of all features", partial(bench.builds, sizes.build_events, 1, 1.5)
        yield "monthly moments", partial(bench.builds, sizes.monthly_events, YEARS_OF_MONTHS, 2.0)
        if sizes.full:
            yield "one build of ten times the events", partial(bench.growth, sizes.build_events)


class _Bench:
    """What the steps leave to each other."""

    def __init__(self, home: Path):
        self._home = home

    def simulate(self) -> list[Figure]:
        self._source, self._events = simulated_facts(self._home)
        return []

    def builds(self, events: int, months: int, bound: float) -> list[Figure]:
        """Return time and memory of building so many months, ours beside the floor."""
        facts = self._facts(events)
        outputs = {side: self._home / f"{side}-{events}-{months}" for side in ("floor", "ours")}
        costs = {side: cost_of(side, facts, output, months) for side, output in outputs.items()}
        check_equal(outputs["ours"], outputs["floor"], months)
        return _figures(f"{_named(months)} of {events:,} events", costs["ours"], costs["floor"], bound)

    def growth(self, events: int) -> list[Figure]:
        """Return how much longer than ten times as long ten times as many events take, and the memory."""
        once = cost_of("ours", self._facts(events), self._home / "once", 1)
        more = cost_of("ours", self._facts(events * 10), self._home / "more", 1)
        name = f"feature build of {events * 10:,} events"
        at_most = Bound.AT_MOST
        linear = "ten times the time of a tenth of the events"
        return [
            Figure(name, "s", more.seconds, once.seconds * 10, linear, 1.2, at_most),
            Figure(f"{name}: peak memory", "GB", more.peak_gb, bound=24, direction=at_most),
        ]

    def _facts(self, events: int) -> Path:
        target = self._home / f"facts-{events}"
        if target.exists():
            return target
        return copied_facts(self._source, target, copies=max(1, round(events / self._events)))


def _figures(name: str, ours: Cost, floor: Cost, bound: float) -> list[Figure]:
    cpu_ratio = ours.cpu_seconds / floor.cpu_seconds
    return [
        Figure(name, "s", ours.seconds, floor.seconds, FLOOR, bound, Bound.AT_MOST, cpu_ratio=cpu_ratio),
        Figure(f"{name}: peak memory", "GB", ours.peak_gb, bound=8, direction=Bound.AT_MOST),
    ]


def _named(months: int) -> str:
    return "feature build" if months == 1 else f"feature builds at {months} monthly moments"
