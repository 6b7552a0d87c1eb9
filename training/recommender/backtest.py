"""Comparing the rungs over time: fitted on the past, judged by what was booked next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from ibis.backends.duckdb import Backend
from scipy import sparse

from feature_repo.expressions.clocks import Facts
from models.recommender import (
    AttributeMatch,
    Bookings,
    Chances,
    Contexts,
    RepeatOrNew,
    Rung,
    SeasonPopularity,
)
from models.recommender.recommender import Mixing
from training.metrics import Floats
from training.recommender.interactions import (
    as_bookings,
    booked_from,
    customer_ids,
    interactions,
    published,
)
from training.recommender.metrics import PerCustomer
from training.recommender.party import taken_by_companions
from training.recommender.ranks import metrics_of
from training.recommender.spec import RecommenderSpec


class Snapshots:
    """What was known of one operator at moments, read once each."""

    def __init__(self, connection: Backend, facts: Facts):
        self._connection, self._facts = connection, facts
        self._rows: dict[datetime, pa.Table] = {}

    def rows(self, moment: datetime) -> pa.Table:
        """Return the interactions known at a moment."""
        if moment not in self._rows:
            self._rows[moment] = interactions(self._connection, self._facts, moment)
        return self._rows[moment]

    def catalogue(self, moment: datetime) -> pd.DataFrame:
        """Return the families published by a moment."""
        return published(self._connection, self._facts, moment)

    def bookings(self, moment: datetime) -> Bookings:
        """Return the interactions known at a moment as numbered columns."""
        return as_bookings(self.rows(moment), moment, self.catalogue(moment))

    def about(self, moment: datetime) -> dict[str, pd.Series]:
        """Return what slices are made of: a column of values by customer under each name."""
        limit = ibis.literal(moment)
        profiles = self._facts.profiles.filter(_.occurred_at < limit, _.recorded_at < limit)
        areas = profiles.group_by("customer_id").agg(
            postcode_area=profiles.postcode_area.argmax(profiles.occurred_at)
        )
        booked = self._facts.bookings.filter(_.occurred_at < limit, _.recorded_at < limit)
        sizes = booked.group_by("customer_id").agg(
            average_party_size=booked.party_size.mean(), first=booked.occurred_at.min()
        )
        of_customers = areas.outer_join(sizes, "customer_id").mutate(
            customer_id=ibis.coalesce(_.customer_id, _.customer_id_right)
        )
        frame = self._connection.to_pyarrow(of_customers).to_pandas().set_index("customer_id")
        days = (pd.Timestamp(moment) - frame["first"]).dt.total_seconds() / 86_400
        return {
            "days_since_first_booking": days,
            "postcode_area": frame["postcode_area"],
            "average_party_size": frame["average_party_size"],
        }


@dataclass(frozen=True)
class Window:
    """A moment of the past: what was known then, and what its customers booked in the horizon after it.

    Judged are m customers who had booked before and booked again. histories, booked: (m, families), times booked
    before, and 1 for each family booked within the horizon. contexts: of the m customers. wanted: (m,), how many
    families were booked, also such as were not even published before. season, likeness, repeat: fitted on what was
    known. customers: (families,), who had booked each. past, rows: the interactions known, and the judged customers'
    numbers in them.
    """

    moment: datetime
    bookings: Bookings
    season: SeasonPopularity
    likeness: AttributeMatch
    repeat: RepeatOrNew
    judged: tuple[str, ...]
    histories: sparse.csr_array
    contexts: Contexts
    booked: sparse.csr_array
    wanted: np.ndarray
    customers: np.ndarray
    past: pa.Table
    rows: np.ndarray

    @cached_property
    def party(self) -> sparse.csr_array:
        """How often companions took each family without the judged customer: (m, families)."""
        return taken_by_companions(self.past, self.bookings, self.rows)

    def seen(self, mixing: Mixing) -> sparse.csr_array:
        """Return what a rung reads of the judged customers: (m, families)."""
        if not mixing.party:
            return self.histories
        return sparse.csr_array(self.histories + mixing.party * self.party)

    @property
    def many_sided(self) -> int:
        """How many customers had booked two families or more: what item-to-item learning lives on."""
        return int((np.diff(self.bookings.counts().indptr) >= 2).sum())

    def answer(self, rung: Rung, mixing: Mixing) -> Chances:
        """Return how `rung`, fitted on the window's bookings, would have answered."""
        weight, power = mixing.season_weight, mixing.season_power
        return Chances(rung, self.season, self.likeness, self.repeat, self.customers, weight, power)


def open_window(
    snapshots: Snapshots, moment: datetime, until: datetime, spec: RecommenderSpec
) -> Window | None:
    """Return the window after `moment`, as known by `until`; None if nobody who had booked booked again."""
    future = booked_from(snapshots.rows(until), moment, spec.horizon)
    return window_of(snapshots.rows(moment), future, moment, snapshots.catalogue(moment), spec)


def window_of(
    past: pa.Table, future: pa.Table, moment: datetime, catalogue: pd.DataFrame, spec: RecommenderSpec
) -> Window | None:
    """Return the window whose customers had the interactions `past` and then `future`; the judged are sampled."""
    bookings = as_bookings(past, moment, catalogue)
    everybody = customer_ids(past)
    wanted = _wanted(future, everybody, bookings.families)
    returned = np.flatnonzero(wanted.sum(axis=1))
    if len(returned) == 0:
        return None
    drawn = np.random.default_rng(spec.seed).permutation(len(returned))[: spec.most_judged]
    rows = returned[np.sort(drawn)]
    counts = bookings.counts()
    return Window(
        moment=moment,
        bookings=bookings,
        season=SeasonPopularity.fit(bookings, spec.season),
        likeness=AttributeMatch.fit(bookings, spec.attributes[0]),
        repeat=RepeatOrNew.fit(bookings),
        judged=tuple(everybody[row] for row in rows),
        histories=sparse.csr_array(counts[rows]),
        contexts=bookings.contexts().take(rows),
        booked=sparse.csr_array(wanted[rows][:, : len(bookings.families)]),
        wanted=np.asarray(wanted[rows].sum(axis=1)).astype(np.int64),
        customers=np.bincount(counts.indices, minlength=len(bookings.families)),
        past=past,
        rows=rows,
    )


def _wanted(future: pa.Table, customers: Sequence[str], families: Sequence[str]) -> sparse.csr_array:
    """Return 1 where a known customer booked a family, (customers, families and then those not in `families`)."""
    new = set(pc.unique(future["family_id"]).to_pylist()) - set(families)
    columns = [*families, *sorted(new)]
    row = pc.index_in(future["customer_id"], pa.array(customers, pa.string())).combine_chunks()
    column = pc.index_in(future["family_id"], pa.array(columns, pa.string())).combine_chunks()
    known = row.is_valid().to_numpy(zero_copy_only=False)
    places = (row.drop_null().to_numpy(), column.to_numpy(zero_copy_only=False)[known])
    matrix = sparse.csr_array((np.ones(known.sum()), places), shape=(len(customers), len(columns)))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def judge(window: Window, rung: Rung, mixing: Mixing, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each judged customer for the answers of a rung as it would go live."""
    answer = window.answer(rung, mixing)
    return judge_scores(window, answer.chances(window.seen(mixing), window.histories, window.contexts), ks)


def judge_rung(window: Window, rung: Rung, contexts: Contexts, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of a bare rung, without season and repeat-or-new."""
    return judge_scores(window, rung.score_many(window.histories, contexts), ks)


def judge_scores(window: Window, scores: Floats, ks: Sequence[int]) -> PerCustomer:
    """Return the metrics of each judged customer for (m, families) scores."""
    return metrics_of(scores, window.booked, window.wanted, ks)
