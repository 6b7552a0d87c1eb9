"""What a customer will bring: expected bookings and spend within a horizon, with a likely range, and lifetime value.

Three rungs, of which a model uses one: "purchases" is BG/NBD with Gamma-Gamma; "season" multiplies them by how busy
the season was in other years; "boosted" lets LightGBM correct that per customer (Poisson for bookings, Tweedie for
spend, both starting from the rung below).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Self, get_args

import lightgbm
import numpy as np
import numpy.typing as npt

from models.likely_range import LikelyRange
from models.purchasing import PurchaseModel, SpendModel
from models.rfm import RfmScale
from models.season_level import NO_SEASON, Moments, SeasonLevel

Floats = npt.NDArray[np.float64]
Rung = Literal["purchases", "season", "boosted"]
RUNGS: tuple[Rung, ...] = get_args(Rung)

HISTORY = (
    "total_bookings", "days_since_first_booking", "days_since_last_booking", "average_booking_value",
)  # fmt: skip
"""The features that the purchase models read; every value model has them."""

LIFETIME_YEARS = 3
DISCOUNT = 0.10
"""Lifetime value: what the next so many years bring, a year's delay costing so much."""

_YEAR_DAYS = 365.0
_SMALL = 1e-6
_FILE, _COUNT, _SPEND = "value.json", "bookings.txt", "spend.txt"


class History(NamedTuple):
    """What the purchase models know of customers, (rows,) each: bookings so far, and days."""

    bookings: Floats
    recency: Floats
    age: Floats
    mean_spend: Floats

    @property
    def repeats(self) -> Floats:
        """Bookings after the first."""
        return self.bookings - 1


class Forecast(NamedTuple):
    """Per customer, (rows,) each. Bookings and spend within the horizon, with the bounds of an 80 % range."""

    bookings: Floats
    bookings_low: Floats
    bookings_high: Floats
    spend: Floats
    spend_low: Floats
    spend_high: Floats
    lifetime_value: Floats


@dataclass(frozen=True)
class Purchases:
    """BG/NBD and Gamma-Gamma of an operator's customers, and the season's levels above them."""

    count: PurchaseModel
    spend: SpendModel
    count_level: SeasonLevel = NO_SEASON
    spend_level: SeasonLevel = NO_SEASON

    def expected(self, seen: History, days: float) -> Floats:
        """Return expected bookings within so many days, whatever the season."""
        return self.count.expected(seen.repeats, seen.recency, seen.age, days) + _SMALL

    def amount(self, seen: History) -> Floats:
        """Return what a booking is expected to cost."""
        return self.spend.expected(seen.bookings, seen.mean_spend)

    def in_season(self, seen: History, days: float, moments: Moments) -> tuple[Floats, Floats]:
        """Return expected bookings and spend as of each row's moment."""
        count = self.expected(seen, days)
        return count * self.count_level.at(moments), count * self.amount(seen) * self.spend_level.at(moments)


@dataclass(frozen=True)
class Boosters:
    """LightGBM's corrections of expected bookings and spend, as logarithms."""

    bookings: lightgbm.Booster
    spend: lightgbm.Booster


@dataclass(frozen=True)
class ValueModel:
    """The value model of one operator, with the scale of its customers' RFM (None: too few customers for one).

    features: column names in the order of the matrix; HISTORY among them.
    """

    features: tuple[str, ...]
    horizon_days: int
    rung: Rung
    purchases: Purchases
    bookings_range: LikelyRange
    spend_range: LikelyRange
    boosters: Boosters | None = None
    rfm: RfmScale | None = None

    def forecast(self, matrix: Floats, moments: datetime | Moments) -> Forecast:
        """Look ahead from each row's moment. matrix: (customers, features) of who has booked; nan is null."""
        at = [moments] * len(matrix) if isinstance(moments, datetime) else moments
        bookings, spend = expectations(
            self.purchases, self.boosters, self.rung, self.features, matrix, at, self.horizon_days
        )
        seen = history(matrix, self.features)
        low, high = self.bookings_range.around(bookings)
        return Forecast(
            bookings,
            np.floor(low + 0.5),
            np.ceil(high - 0.5).clip(min=0),
            spend,
            *self.spend_range.around(spend),
            lifetime_value(self.purchases, seen, bookings, spend, self.horizon_days),
        )

    def save(self, directory: Path) -> None:
        """Write parameters as JSON and boosters as text."""
        kept = {
            "features": self.features,
            "horizon_days": self.horizon_days,
            "rung": self.rung,
            "purchases": asdict(self.purchases),
            "bookings_range": asdict(self.bookings_range),
            "spend_range": asdict(self.spend_range),
            "rfm": asdict(self.rfm) if self.rfm else None,
        }
        (directory / _FILE).write_text(json.dumps(kept, indent=1))
        if self.boosters:
            (directory / _COUNT).write_text(self.boosters.bookings.model_to_string())
            (directory / _SPEND).write_text(self.boosters.spend.model_to_string())

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read what `save` wrote."""
        kept = json.loads((directory / _FILE).read_text())
        found = kept["purchases"]
        purchases = Purchases(
            PurchaseModel(**found["count"]),
            SpendModel(**found["spend"]),
            *(
                SeasonLevel(*(tuple(found[name][part]) for part in ("days", "logs", "weights")))
                for name in ("count_level", "spend_level")
            ),
        )
        ranges = [
            LikelyRange(*(tuple(kept[name][part]) for part in ("edges", "lows", "highs")))
            for name in ("bookings_range", "spend_range")
        ]
        boosters = None
        if (directory / _COUNT).exists():
            texts = [(directory / name).read_text() for name in (_COUNT, _SPEND)]
            boosters = Boosters(*(lightgbm.Booster(model_str=text) for text in texts))
        scale = kept["rfm"]
        rfm = (
            RfmScale(
                scale["customers"], *(tuple(scale[part]) for part in ("recency", "frequency", "monetary"))
            )
            if scale
            else None
        )
        return cls(
            tuple(kept["features"]),
            kept["horizon_days"],
            kept["rung"],
            purchases,
            ranges[0],
            ranges[1],
            boosters,
            rfm,
        )


def history(matrix: Floats, features: Sequence[str]) -> History:
    """Read the HISTORY columns of a (customers, features) matrix."""
    count, first, last, spend = (matrix[:, features.index(name)] for name in HISTORY)
    return History(np.maximum(count, 1.0), np.maximum(first - last, 0.0), first, np.nan_to_num(spend))


def expectations(
    purchases: Purchases,
    boosters: Boosters | None,
    rung: Rung,
    features: Sequence[str],
    matrix: Floats,
    moments: Moments,
    days: float,
) -> tuple[Floats, Floats]:
    """Return expected bookings and spend within so many days by a rung, (rows,) each."""
    seen = history(matrix, features)
    if rung == "purchases":
        count = purchases.expected(seen, days)
        return count, count * purchases.amount(seen)
    count, spend = purchases.in_season(seen, days, moments)
    if rung == "season" or boosters is None:
        return count, spend
    told = with_purchases(purchases, seen, matrix, days)
    corrections = [
        np.asarray(booster.predict(told, raw_score=True, num_threads=1))
        for booster in (boosters.bookings, boosters.spend)
    ]
    return count * np.exp(corrections[0]), spend * np.exp(corrections[1])


def with_purchases(purchases: Purchases, seen: History, matrix: Floats, days: float) -> Floats:
    """Append to a matrix what the purchase models say: alive, expected bookings, expected amount."""
    alive = purchases.count.alive(seen.repeats, seen.recency, seen.age)
    return np.column_stack([matrix, alive, purchases.expected(seen, days), purchases.amount(seen)])


def lifetime_value(
    purchases: Purchases, seen: History, bookings: Floats, spend: Floats, horizon_days: int
) -> Floats:
    """Return the discounted spend of the next LIFETIME_YEARS, in the data's money.

    The purchase model says how bookings thin out over the years; its level and the amounts are the forecast's.
    """
    level = bookings / purchases.expected(seen, horizon_days)
    amount = spend / np.maximum(bookings, _SMALL)
    upto = [purchases.expected(seen, _YEAR_DAYS * year) for year in range(1, LIFETIME_YEARS + 1)]
    years = np.diff(np.array([np.zeros_like(bookings), *upto]), axis=0)
    worth = (1 + DISCOUNT) ** -(np.arange(LIFETIME_YEARS) + 0.5)
    # a sum, no matrix product: the same bits in whatever order customers come
    worth_of_years = (worth[:, None] * years).sum(axis=0)
    return np.asarray(worth_of_years * level * amount, np.float64)
