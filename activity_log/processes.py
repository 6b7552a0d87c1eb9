"""Doing the same to many blocks in other processes, and getting the results in order."""

import gc
import os
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 12
"""Blocks that are on their way ahead of the one asked for, so that nobody waits while a large batch is written."""


@contextmanager
def mapping(work: Callable[[T], R], processes: int) -> Iterator[Callable[[Iterable[T]], Iterator[R]]]:
    """Give a `map` that runs `work`, which must be importable, in this many processes; 0 is this one alone.

    Results wait as bytes until they are asked for: they are several times larger as objects.
    """
    if not processes:
        yield lambda blocks: map(work, blocks)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_start, initargs=(work,))
    try:
        yield lambda blocks: _in_order(pool, blocks)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, blocks: Iterable[T]) -> Iterator[Any]:
    on_their_way: deque[Future[bytes]] = deque()
    for block in blocks:
        on_their_way.append(pool.submit(_do, block))
        if len(on_their_way) > _AHEAD:
            yield pickle.loads(on_their_way.popleft().result())  # noqa: S301  (of our own process)
    while on_their_way:
        yield pickle.loads(on_their_way.popleft().result())  # noqa: S301


def spare_processes() -> int:
    """Return how many processes this machine can run beside this one, at least one."""
    return max(1, (os.cpu_count() or 1) - 1)


_work: Callable[[Any], Any]


def _start(work: Callable[[Any], Any]) -> None:
    """Take the work once; leave when the process that started us is gone, killed even."""
    global _work
    _work = work
    gc.freeze()
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(block: Any) -> bytes:
    return pickle.dumps(_work(block), pickle.HIGHEST_PROTOCOL)
