"""Remembering the answer to the last question, where the next one mostly is the same."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class LastAnswer(Generic[T, R]):
    """A function that works only when it is asked about another object than the last time."""

    def __init__(self, work: Callable[[T], R]):
        self._work = work
        self._last: tuple[T, R] | None = None

    def __call__(self, asked: T) -> R:
        """Return what the function says of `asked`."""
        last = self._last
        if last is None or last[0] is not asked:
            last = self._last = (asked, self._work(asked))
        return last[1]
