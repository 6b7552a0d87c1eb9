"""Working in the background of a process that answers: a thread that never rests takes half its speed."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Breather:
    """Rests between pieces of work, `share` times as long as the last one took of the processor.

    share: may change while the work goes on, as when the first requests come.
    """

    def __init__(
        self,
        share: Callable[[], float],
        seconds: Callable[[], float] = time.thread_time,
        rest: Callable[[float], None] = time.sleep,
    ):
        self._share = share
        self._seconds = seconds
        self._rest = rest

    def between(self, pieces: Iterable[T]) -> Iterator[T]:
        """Yield the pieces, and rest after each."""
        began = self._seconds()
        for piece in pieces:
            yield piece
            self._rest(self._share() * (self._seconds() - began))
            began = self._seconds()


def resting(share: float) -> Breather:
    """Return one that always rests the same share."""
    return Breather(lambda: share)
