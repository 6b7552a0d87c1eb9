"""The world's clock: things to do at a moment, done in the order of time."""

from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[[int], None]


class Agenda:
    """A queue of actions by moment; equal moments run in the order they were asked for."""

    def __init__(self) -> None:
        self._queue: list[tuple[int, int, Action]] = []
        self._asked = 0

    def at(self, moment: int, action: Action) -> None:
        """Run `action(moment)` when the clock gets there."""
        self._asked += 1
        heappush(self._queue, (moment, self._asked, action))

    def run(self, until: int) -> None:
        """Do everything before `until`, including what the actions add."""
        while self._queue and self._queue[0][0] < until:
            moment, _, action = heappop(self._queue)
            action(moment)
