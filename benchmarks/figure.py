"""A figure: a measurement beside the floor it stands on, and the bound it must keep."""

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Bound(Enum):
    """Which way a bound points."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True)
class Figure:
    """A measurement.

    floor: what `floor_is` gave in the same run; None: there is nothing to compare with. bound: of the ratio or, where
    there is no floor, of the value; None: no bound is set. cpu_ratio: the same ratio in processor time of our
    processes, which a busy machine disturbs less; None where it says nothing. store: which database, "" for none.
    """

    name: str
    unit: str
    value: float
    floor: float | None = None
    floor_is: str = ""
    bound: float | None = None
    direction: Bound = Bound.AT_LEAST
    store: str = ""
    cpu_ratio: float | None = None

    @property
    def ratio(self) -> float | None:
        """Value per floor."""
        return None if self.floor is None else self.value / self.floor

    @property
    def holds(self) -> bool | None:
        """Whether the bound is kept; None: there is none."""
        if self.bound is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.bound if self.direction is Bound.AT_LEAST else measured <= self.bound

    def row(self) -> dict[str, Any]:
        """Return the figure as `results.json` keeps it."""
        return {
            **vars(self),
            "direction": self.direction.value,
            "ratio": self.ratio,
            "holds": self.holds,
        }
