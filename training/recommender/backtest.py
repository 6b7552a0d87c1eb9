"""Comparing the rungs over time: fitted on the past, judged by what was booked next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from ibis.backends.duckdb import Backend
from scipy import sparse

from feature_repo.expressions.clocks import Facts
from models.recommender import Blend, Bookings, RepeatOrNew, Rung, SeasonPopularity
from training.metrics import Floats
from training.recommender.interactions import (
    as_bookings,
    booked_within,
    customer_ids,
    interactions,
    usual_months,
)
from training.recommender.metrics import PerCustomer, best, ranking_metrics
from training.recommender.spec import Candidate, RecommenderSpec


@dataclass(frozen=True)
class Window:
    """A moment of the past: what was known then, and what its customers booked in the horizon after it.

    Judged are the m customers who had booked before and booked again. histories, booked: (m, families), times
    booked before, and 1 for each family booked within the horizon. season, repeat: fitted on what was known. months: (m,), the usual month of travel.
    wanted: (m,), how many families were booked, also such as nobody had booked before.
    """

    moment: datetime
    bookings: Bookings
    season: SeasonPopularity
    repeat: RepeatOrNew
    judged: tuple[str, ...]
    histories: sparse.csr_array
    months: np.ndarray
    booked: sparse.csr_array
    wanted: np.ndarray

    @property
    def many_sided(self) -> int:
        """How many customers had booked two families or more: what item-to-item learning lives on."""
        return int((np.diff(self.bookings.counts().indptr) >= 2).sum())

    def blend(self, rung: Rung, season_weight: float) -> Blend:
        """Return how `rung`, fitted on the window's bookings, would have answered."""
        return Blend(rung, self.season, season_weight, self.repeat)


def open_window(
    connection: Backend, facts: Facts, moment: datetime, horizon: timedelta, until: datetime
) -> Window | None:
    """Return the window after `moment`, as known by `until`; None if nobody who had booked booked again."""
    past = interactions(connection, facts, moment)
    future = booked_within(connection, facts, moment, horizon, until)
    judged = sorted(set(past["customer_id"].to_pylist()) & set(future["customer_id"].to_pylist()))
    return _window(past, future, moment, judged) if judged else None


def _window(past: pa.Table, future: pa.Table, moment: datetime, judged: Sequence[str]) -> Window:
    bookings = as_bookings(past, moment)
    number = {customer: row for row, customer in enumerate(judged)}
    column = {family: position for position, family in enumerate(bookings.families)}
    pairs = set(zip(future["customer_id"].to_pylist(), future["family_id"].to_pylist(), strict=True))
    booked = sorted((number[customer], family) for customer, family in pairs if customer in number)
    known = np.array([(row, column[f]) for row, f in booked if f in column], dtype=np.int64).reshape(-1, 2)
    entries = (np.ones(len(known)), (known[:, 0], known[:, 1]))
    everybody = customer_ids(past)
    rows = np.searchsorted(np.array(everybody, dtype=object), np.array(judged, dtype=object))
    return Window(
        moment=moment,
        bookings=bookings,
        judged=tuple(judged),
        histories=sparse.csr_array(bookings.counts()[rows]),
        months=usual_months(bookings)[rows],
        booked=sparse.csr_array(entries, shape=(len(judged), len(bookings.families))),
        wanted=np.bincount([row for row, _ in booked], minlength=len(judged)),
    )


def judge(window: Window, blend: Blend, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each judged customer for the answers of `blend`."""
    return judge_scores(window, blend.chances(window.histories, window.histories, window.months), ks)


def judge_scores(window: Window, scores: Floats, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each judged customer for (m, families) scores."""
    return ranking_metrics(best(scores, max(ks)), window.booked, window.wanted, ks)


def judge_rung(window: Window, rung: Rung, months: np.ndarray, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of a bare rung, without season and repeat-or-new."""
    return judge_scores(window, rung.score_many(window.histories, months), ks)
