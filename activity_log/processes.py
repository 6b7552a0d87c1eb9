"""Doing the same to many blocks in other processes, and getting the results in order."""

import gc
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 2
"""Blocks that are on their way ahead of the one asked for, per process: memory stays flat."""


@contextmanager
def mapping(work: Callable[[T], R], processes: int) -> Iterator[Callable[[Iterable[T]], Iterator[R]]]:
    """Give a `map` that runs `work`, which must be importable, in this many processes; 0 is this one alone."""
    if not processes:
        yield lambda blocks: map(work, blocks)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_start, initargs=(work,))
    try:
        yield lambda blocks: _in_order(pool, blocks, processes * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, blocks: Iterable[T], ahead: int) -> Iterator[Any]:
    on_their_way: deque[Future[Any]] = deque()
    for block in blocks:
        on_their_way.append(pool.submit(_do, block))
        if len(on_their_way) > ahead:
            yield on_their_way.popleft().result()
    while on_their_way:
        yield on_their_way.popleft().result()


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


def _do(block: Any) -> Any:
    return _work(block)
