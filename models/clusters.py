"""Learned clusters of customers: the nearest centre in robustly scaled features, with names people can say."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

FARTHEST = 4.0
"""Scaled values are cut off here, so that one odd customer moves no centre."""

_FILE = "clusters.json"


@dataclass(frozen=True)
class Scaling:
    """How one feature is brought to a common measure.

    logarithm: taken of 1 + value first. middle, spread: median and interquartile range / 1.349 of those who have a
    value (Rousseeuw and Croux 1993); who has none counts as the middle.
    """

    feature: str
    logarithm: bool
    middle: float
    spread: float

    def scaled(self, values: Floats) -> Floats:
        """Scale (rows,) values; nan is null."""
        values = np.log1p(np.maximum(values, 0.0)) if self.logarithm else values
        scaled = (values - self.middle) / self.spread
        return np.clip(np.nan_to_num(scaled, nan=0.0), -FARTHEST, FARTHEST)


@dataclass(frozen=True)
class Cluster:
    """One group. key: of its English name, for ids. share: of the customers learned from, 0 to 1.

    centre: in scaled features. typical: the median of each feature among its customers, null where nobody has one.
    """

    key: str
    name_de: str
    name_en: str
    share: float
    centre: tuple[float, ...]
    typical: tuple[float | None, ...]


@dataclass(frozen=True)
class CustomerClusters:
    """Who is like whom: k centres, the largest group first (k-means: Lloyd 1982)."""

    scalings: tuple[Scaling, ...]
    clusters: tuple[Cluster, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the matrix."""
        return tuple(one.feature for one in self.scalings)

    def assign(self, matrix: Floats) -> Labels:
        """Return the place of each row's cluster, (rows,), of a (rows, features) matrix; nan is null."""
        return nearest(self.scaled(matrix), np.array([one.centre for one in self.clusters]))

    def scaled(self, matrix: Floats) -> Floats:
        """Return the matrix in the measure of the centres."""
        columns = [scaling.scaled(values) for scaling, values in zip(self.scalings, matrix.T, strict=True)]
        return np.column_stack(columns)

    def to_json(self) -> str:
        """Return all there is to say of the clusters, the same text for the same clusters."""
        told = {
            "scalings": [vars(one) for one in self.scalings],
            "clusters": [vars(one) for one in self.clusters],
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "CustomerClusters":
        """Read what `to_json` wrote."""
        told = json.loads(text)
        return cls(
            tuple(Scaling(**one) for one in told["scalings"]),
            tuple(Cluster(**_tuples(one)) for one in told["clusters"]),
        )

    def save(self, directory: Path) -> None:
        """Write the clusters as JSON."""
        (directory / _FILE).write_text(self.to_json())

    @classmethod
    def load(cls, directory: Path) -> "CustomerClusters":
        """Read what `save` wrote."""
        return cls.from_json((directory / _FILE).read_text())


def nearest(points: Floats, centres: Floats) -> Labels:
    """Return the place of the nearest of (k, features) centres to each of (rows, features) points, (rows,)."""
    distances = (points**2).sum(axis=1)[:, None] - 2 * points @ centres.T + (centres**2).sum(axis=1)
    return np.asarray(distances.argmin(axis=1), np.int64)


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
