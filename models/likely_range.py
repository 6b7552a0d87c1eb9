"""The range that what happens falls into four times of five, learned from forecasts that came before it.

Conformal prediction with groups (Vovk, Lindsay, Nouretdinov and Gammerman 2003, Mondrian confidence machine):
customers of similar forecasts share one range, so that it is right on average among the small and among the great.
Where many bring nothing at all, nobody lies below the range, and all who may lie outside lie above it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

COVERAGE = 0.8
LEAST_IN_GROUP = 60
MOST_GROUPS = 12


@dataclass(frozen=True)
class LikelyRange:
    """Bounds as multiples of the forecast, by group. edges: (groups - 1,) forecasts that part the groups."""

    edges: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    @classmethod
    def fit(cls, forecast: Floats, happened: Floats) -> Self:
        """Learn from forecasts (rows,) above nought and what then happened. At least one row is needed."""
        groups = int(np.clip(len(forecast) // LEAST_IN_GROUP, 1, MOST_GROUPS))
        edges = np.unique(np.quantile(forecast, np.arange(1, groups) / groups))
        multiples, group = happened / forecast, np.searchsorted(edges, forecast, side="right")
        tail = (1 - COVERAGE) / 2
        lows, highs = [], []
        for number in range(len(edges) + 1):
            inside = multiples[group == number]
            inside = inside if len(inside) else multiples
            low = np.quantile(inside, tail, method="lower")
            more = min(1.0, (float((inside < low).mean()) + COVERAGE) * (1 + 1 / len(inside)))
            lows.append(float(low))
            highs.append(float(np.quantile(inside, more, method="higher")))
        return cls(tuple(map(float, edges)), tuple(lows), tuple(highs))

    def around(self, forecast: Floats) -> tuple[Floats, Floats]:
        """Return the lower and the upper bound (rows,); the forecast itself is always within."""
        group = np.searchsorted(np.array(self.edges), forecast, side="right")
        low, high = np.array(self.lows)[group] * forecast, np.array(self.highs)[group] * forecast
        return np.minimum(low, forecast), np.maximum(high, forecast)
