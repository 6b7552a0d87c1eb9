"""What work takes: seconds, processor time of our processes, and the memory of all of them at their most."""

import os
import resource
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

_EVERY_SECONDS = 0.1
_PROC = Path("/proc")
_MEGABYTE = 1024 * 1024


class Cost(NamedTuple):
    """What a piece of work took. cpu: user and system time of this process and of those it waited for."""

    seconds: float
    cpu: float

    def __add__(self, other: "Cost") -> "Cost":  # type: ignore[override]  # adding is meant, not joining
        return Cost(self.seconds + other.seconds, self.cpu + other.cpu)


NOTHING = Cost(0.0, 0.0)


def cost_of(work: Callable[[], object]) -> Cost:
    """Do the work and return what it took."""
    started, cpu = perf_counter(), _cpu()
    work()
    return Cost(perf_counter() - started, _cpu() - cpu)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all does not exceed: 0.5 is the median."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


@dataclass
class Memory:
    """The most memory seen, in megabytes. Pages that processes share count for each of them."""

    peak: float = 0.0

    def look(self) -> None:
        """Take another sample."""
        self.peak = max(self.peak, self.of(os.getpid()))

    @staticmethod
    def of(pid: int) -> float:
        """Return what a process and all below it hold now."""
        return sum(map(_resident, _family(pid))) / _MEGABYTE


@contextmanager
def watched_memory() -> Iterator[Memory]:
    """Sample the resident memory of this process and all below it (Linux) until the block ends."""
    memory, done = Memory(), threading.Event()

    def watch() -> None:
        while not done.wait(_EVERY_SECONDS):
            memory.look()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()
        memory.look()


def _cpu() -> float:
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _family(pid: int) -> list[int]:
    """Return a process and all below it; one that ends meanwhile has no children any more."""
    children: list[int] = []
    for listed in (_PROC / str(pid) / "task").glob("*/children"):
        children += map(int, _read(listed).split())
    return [pid, *(member for child in children for member in _family(child))]


def _resident(pid: int) -> int:
    fields = _read(_PROC / str(pid) / "statm").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
