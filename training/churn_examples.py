"""What a churn training learns from: customers at past moments, and how long they then stayed away."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.churn import encode
from models.season_clock import days_of

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

MOMENT = "event_timestamp"
NEXT, KNOWN = "days_to_next_booking", "days_known"


@dataclass(frozen=True)
class Examples:
    """Rows of customers who had booked by a moment.

    matrix: (rows, features). moments: (rows,) days since 1970. silent: (rows,) days until they booked again, infinite
    if they did not while it is known. known: (rows,) days from the moment of which the outcome is known.
    """

    matrix: Floats
    moments: Floats
    silent: Floats
    known: Floats
    customers: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: pd.DataFrame, features: tuple[str, ...]) -> Self:
        """Read customer_id, event_timestamp, days_to_next_booking, days_known and the features of a frame."""
        silent = rows[NEXT].to_numpy(np.float64)
        stamps = rows[MOMENT].dt.tz_convert(None).to_numpy("datetime64[us]")
        return cls(
            matrix=encode(rows, features),
            moments=days_of(stamps, len(rows)),
            silent=np.where(np.isnan(silent), np.inf, silent),
            known=rows[KNOWN].to_numpy(np.float64),
            customers=pd.factorize(rows["customer_id"], sort=True)[0].astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.moments)

    def at(self, places: Places | npt.NDArray[np.bool_]) -> "Examples":
        """Return some of the rows."""
        return Examples(
            self.matrix[places],
            self.moments[places],
            self.silent[places],
            self.known[places],
            self.customers[places],
        )


@dataclass(frozen=True)
class Outcomes:
    """Examples looked at over several horizons: places (outcomes,) in the examples, horizons in days, and churned."""

    places: Places
    horizons: Floats
    churned: npt.NDArray[np.int64]


def outcomes_of(examples: Examples, horizons: tuple[float, ...], most: int, seed: int) -> Outcomes:
    """Return who churned within which horizon, as far as it is known; a random `most` of them.

    The shorter horizons of moments too late for the long ones tell what happened lately.
    """
    places, asked = [], []
    for horizon in horizons:
        told = np.flatnonzero(examples.known >= horizon)
        places.append(told)
        asked.append(np.full(len(told), horizon))
    every, horizon_of = np.concatenate(places), np.concatenate(asked)
    if len(every) > most:
        drawn = np.sort(np.random.default_rng(seed).choice(len(every), most, replace=False))
        every, horizon_of = every[drawn], horizon_of[drawn]
    return Outcomes(every, horizon_of, (examples.silent[every] >= horizon_of).astype(np.int64))


def churned_within(rows: pd.DataFrame, horizon_days: float) -> npt.NDArray[np.int64]:
    """Return (rows,) who booked nothing within the horizon; it must be known of all."""
    return np.asarray(~(rows[NEXT].to_numpy(np.float64) < horizon_days), np.int64)
