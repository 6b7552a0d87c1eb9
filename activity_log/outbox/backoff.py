"""When a message that could not be delivered is tried again, and when no more."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class BackOff:
    """Waits grow from `first` by `factor` up to `longest`; after `attempts` failures the message is dead.

    Of each wait a random part of up to a half is left out, so that what failed together does not return together.
    """

    first: timedelta = timedelta(seconds=10)
    factor: float = 4.0
    longest: timedelta = timedelta(hours=12)
    attempts: int = 10

    def wait(self, failures: int, chance: random.Random) -> timedelta | None:
        """Return how long to wait after so many failures (1 and up). None: give up."""
        if failures >= self.attempts:
            return None
        growth = min(self.factor ** (failures - 1), self.longest / self.first)
        return self.first * growth * chance.uniform(0.5, 1.0)
