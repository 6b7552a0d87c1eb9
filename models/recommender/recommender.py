"""The recommender artefact: all fitted rungs, which of them is live, and how a ranking is made of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, Self

import numpy as np

from models.recommender import storage
from models.recommender.als import ImplicitALS
from models.recommender.also_booked import AlsoBooked
from models.recommender.blend import Blend
from models.recommender.contract import (
    Context,
    Evidence,
    History,
    Ranked,
    Rung,
    history_row,
    months_row,
)
from models.recommender.counts import BookingCounts
from models.recommender.graph_filter import GraphFilter
from models.recommender.repeat import RepeatOrNew
from models.recommender.season import SeasonPopularity

RUNGS: tuple[type[Rung], ...] = (SeasonPopularity, AlsoBooked, ImplicitALS, GraphFilter)
"""From the simplest to the most complex."""


class Basis(NamedTuple):
    """Which rung answers; `because` as a code and `why` as an English sentence."""

    rung: str
    because: Literal["live", "nothing_known", "only_viewed"]
    why: str


@dataclass(frozen=True)
class Recommender:
    """What one operator's bookings say about what a customer books next.

    families: all that were ever booked; others are never suggested. rungs: by name. live: the rung that answers
    for customers with bookings, `why` it does. season_weight: share of the season's popularity in every answer.
    trained_as_of: exclusive end of the bookings learned from. n_customers: who made them.
    """

    families: tuple[str, ...]
    rungs: Mapping[str, Rung]
    live: str
    why: str
    repeat: RepeatOrNew
    season_weight: float
    counts: BookingCounts
    trained_as_of: datetime
    n_customers: int

    def rank(
        self,
        history: History,
        context: Context,
        n: int | None = None,
        among: Collection[str] | None = None,
    ) -> list[Ranked]:
        """Return the n best families (None: all), best first, each with its evidence.

        among: only these families, as what can be booked (None: any); such as the model does not know are left out.
        """
        scores = self.scores(history, context)
        order = np.argsort(-scores, kind="stable")
        best = [place for place in order.tolist() if among is None or self.families[place] in among][:n]
        return [
            Ranked(family, float(scores[place]), self.explain(history, context, family))
            for place in best
            for family in [self.families[place]]
        ]

    def scores(self, history: History, context: Context) -> np.ndarray:
        """Return the estimated chance of each family to be booked next, (families,), summing to 1."""
        seen = history_row(self.counts.index, history)
        booked = history_row(self.counts.index, History(history.families, history.counts))
        rung, season = self.rungs[self.basis(history).rung], self.rungs[SeasonPopularity.name]
        blend = Blend(rung, season, self.season_weight, self.repeat)
        chances: np.ndarray = blend.chances(seen, booked, months_row(context))[0]
        return chances

    def explain(self, history: History, context: Context, family: str) -> Evidence:
        """Return why `family` is suggested: booked before, or what the answering rung says."""
        for booked, times in zip(history.families, history.counts, strict=True):
            if booked == family:
                return Evidence("own_history", family, because_of=family, times=times)
        if family in history.viewed:
            return Evidence("viewed", family, because_of=family)
        return self.rungs[self.basis(history).rung].explain(history, context, family, self.counts)

    def basis(self, history: History) -> Basis:
        """Return which rung answers for this history, and why. Families unknown to the model do not count."""
        if any(family in self.counts.index for family in history.families):
            return Basis(self.live, "live", self.why)
        if any(family in self.counts.index for family in history.viewed):
            return Basis(AlsoBooked.name, "only_viewed", "no bookings are known, only tours looked at")
        return Basis(SeasonPopularity.name, "nothing_known", "nothing is known of this visitor yet")

    def also_booked(self, family: str, n: int | None = None) -> list[Ranked]:
        """Return the n families (None: all) most similar to `family`, best first; none if it is unknown.

        score: the similarity. Only families that a customer of `family` has booked.
        """
        if family not in self.counts.index:
            return []
        viewed = History(viewed=(family,))
        rung = self.rungs[AlsoBooked.name]
        scores = rung.score(viewed, Context())
        best = [position for position in np.argsort(-scores, kind="stable") if scores[position] > 0][:n]
        return [
            Ranked(name, float(scores[position]), self._also_booked_evidence(family, name))
            for position in best
            for name in [self.families[position]]
        ]

    def _also_booked_evidence(self, family: str, other: str) -> Evidence:
        both, customers = self.counts.customers_of_both(family, other), self.counts.customers_of(family)
        return Evidence("also_booked", other, family, both, customers)

    def save(self, directory: Path) -> None:
        """Write the artefact into `directory`, which is created if need be."""
        card = {
            "families": self.families,
            "live": self.live,
            "why": self.why,
            "repeat": vars(self.repeat),
            "season_weight": self.season_weight,
            "trained_as_of": self.trained_as_of.isoformat(),
            "n_customers": self.n_customers,
        }
        parts = {name: rung.arrays() for name, rung in self.rungs.items()}
        storage.write(directory, card, parts | {"counts": self.counts.arrays()})

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Return the artefact saved in `directory`; it ranks as the saved one did, to the bit."""
        card, parts = storage.read(directory)
        families = tuple(card["families"])
        return cls(
            families=families,
            rungs={rung.name: rung.restore(families, parts[rung.name]) for rung in RUNGS},
            live=card["live"],
            why=card["why"],
            repeat=RepeatOrNew(**card["repeat"]),
            season_weight=card["season_weight"],
            counts=BookingCounts.restore(families, parts["counts"]),
            trained_as_of=datetime.fromisoformat(card["trained_as_of"]),
            n_customers=card["n_customers"],
        )
