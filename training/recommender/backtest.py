"""Comparing the rungs over time: fitted on the past, judged by what was booked next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from ibis.backends.duckdb import Backend
from scipy import sparse

from feature_repo.expressions.clocks import Facts
from models.recommender import Blend, Bookings, RepeatOrNew, Rung, SeasonPopularity, SeasonSettings
from training.metrics import Floats
from training.recommender.interactions import (
    as_bookings,
    booked_within,
    customer_ids,
    interactions,
    usual_months,
)
from training.recommender.metrics import PerCustomer, best, ranking_metrics
from training.recommender.spec import RecommenderSpec


@dataclass(frozen=True)
class Window:
    """A moment of the past: what was known then, and what its customers booked in the horizon after it.

    Judged are the m customers who had booked before and booked again. histories, booked: (m, families), times
    booked before, and 1 for each family booked within the horizon. months: (m,), the usual month of travel.
    wanted: (m,), how many families were booked, also such as nobody had booked before. season, repeat: fitted on
    what was known.
    """

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
    connection: Backend, facts: Facts, moment: datetime, until: datetime, spec: RecommenderSpec
) -> Window | None:
    """Return the window after `moment`, as known by `until`; None if nobody who had booked booked again."""
    past = interactions(connection, facts, moment)
    future = booked_within(connection, facts, moment, spec.horizon, until)
    return window_of(past, future, moment, spec.season)


def window_of(past: pa.Table, future: pa.Table, moment: datetime, season: SeasonSettings) -> Window | None:
    """Return the window whose customers had the interactions `past` and then `future`."""
    bookings = as_bookings(past, moment)
    everybody = customer_ids(past)
    wanted = _wanted(future, everybody, bookings.families)
    rows = np.flatnonzero(wanted.sum(axis=1))
    if len(rows) == 0:
        return None
    counts = bookings.counts()
    return Window(
        bookings=bookings,
        season=SeasonPopularity.fit(bookings, season),
        repeat=RepeatOrNew.fit(counts),
        judged=tuple(everybody[row] for row in rows),
        histories=sparse.csr_array(counts[rows]),
        months=usual_months(bookings)[rows],
        booked=sparse.csr_array(wanted[rows, : len(bookings.families)]),
        wanted=np.asarray(wanted[rows].sum(axis=1)).astype(np.int64),
    )


def _wanted(future: pa.Table, customers: Sequence[str], families: Sequence[str]) -> sparse.csr_array:
    """Return 1 where a known customer booked a family, (customers, families and then those not in `families`)."""
    row = {customer: number for number, customer in enumerate(customers)}
    pairs = set(zip(future["customer_id"].to_pylist(), future["family_id"].to_pylist(), strict=True))
    column = {family: number for number, family in enumerate(families)}
    for _, family in sorted(pairs):
        column.setdefault(family, len(column))
    entries = sorted((row[customer], column[family]) for customer, family in pairs if customer in row)
    places = np.array(entries, dtype=np.int64).reshape(-1, 2)
    shape = (len(customers), len(column))
    return sparse.csr_array((np.ones(len(places)), (places[:, 0], places[:, 1])), shape=shape)


def judge(window: Window, blend: Blend, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each judged customer for the answers of `blend`."""
    return judge_scores(window, blend.chances(window.histories, window.histories, window.months), ks)


def judge_scores(window: Window, scores: Floats, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each judged customer for (m, families) scores."""
    return ranking_metrics(best(scores, max(ks)), window.booked, window.wanted, ks)


def judge_rung(window: Window, rung: Rung, months: np.ndarray, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of a bare rung, without season and repeat-or-new."""
    return judge_scores(window, rung.score_many(window.histories, months), ks)
