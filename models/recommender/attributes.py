"""What the catalogue says of families of tours: what a family has in common with others before anybody booked it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

UNKNOWN = -1
"""Stands for "not known" in columns of numbered values."""

COLUMNS = ("region", "theme", "nights", "price", "since_days")


@dataclass(frozen=True)
class Attributes:
    """Region, theme, nights and price of each family, in the order of the families that go with it.

    regions, themes: what the numbers stand for. region, theme: (families,), a position in them or UNKNOWN.
    nights, price: (families,), of the newest tour, in nights and in the operator's currency; NaN where unknown.
    since_days: (families,), since the first tour was published; NaN where unknown.
    """

    regions: tuple[str, ...]
    themes: tuple[str, ...]
    region: np.ndarray
    theme: np.ndarray
    nights: np.ndarray
    price: np.ndarray
    since_days: np.ndarray

    @classmethod
    def of(
        cls,
        regions: Sequence[str | None],
        themes: Sequence[str | None],
        nights: Sequence[float | None],
        prices: Sequence[float | None],
        since_days: Sequence[float | None],
    ) -> Self:
        """Return what is given of each family, None where nothing is known; sequences of equal length."""
        region_names, region = _numbered(regions)
        theme_names, theme = _numbered(themes)
        numbers = (_numbers(nights), _numbers(prices), _numbers(since_days))
        return cls(region_names, theme_names, region, theme, *numbers)

    @classmethod
    def unknown(cls, families: int) -> Self:
        """Return that nothing is known of so many families."""
        nothing = [None] * families
        return cls.of(nothing, nothing, nothing, nothing, nothing)

    def take(self, rows: np.ndarray) -> "Attributes":
        """Return those of these families."""
        return Attributes(self.regions, self.themes, *(getattr(self, name)[rows] for name in COLUMNS))

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the columns and the words, for saving."""
        columns = {name: getattr(self, name) for name in COLUMNS}
        return columns | {"regions": _words(self.regions), "themes": _words(self.themes)}

    @classmethod
    def restore(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Return the attributes whose `arrays` these are."""
        regions, themes = tuple(arrays["regions"].tolist()), tuple(arrays["themes"].tolist())
        return cls(regions, themes, *(arrays[name] for name in COLUMNS))


def _numbered(values: Sequence[str | None]) -> tuple[tuple[str, ...], np.ndarray]:
    names = tuple(sorted({value for value in values if value is not None}))
    number = {name: place for place, name in enumerate(names)}
    column = [UNKNOWN if value is None else number[value] for value in values]
    return names, np.array(column, dtype=np.int64)


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _words(words: tuple[str, ...]) -> np.ndarray:
    return np.array(words, dtype=np.str_) if words else np.zeros(0, dtype="<U1")
