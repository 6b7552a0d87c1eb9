"""The recommender artefact: all fitted rungs, which of them is live, and how a ranking is made of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, Self, cast

import numpy as np

from models.recommender import storage
from models.recommender.als import ImplicitALS
from models.recommender.also_booked import AlsoBooked
from models.recommender.attribute_match import AttributeMatch
from models.recommender.chances import Chances
from models.recommender.contract import (
    Context,
    Evidence,
    History,
    Ranked,
    Rung,
    contexts_row,
    history_row,
)
from models.recommender.counts import BookingCounts
from models.recommender.graph_filter import GraphFilter
from models.recommender.newcomers import Newcomer, Newcomers
from models.recommender.repeat import RepeatOrNew
from models.recommender.season import RepeatOfSeason, SeasonPopularity

RUNGS: tuple[type[Rung], ...] = (
    SeasonPopularity,
    RepeatOfSeason,
    AttributeMatch,
    AlsoBooked,
    ImplicitALS,
    GraphFilter,
)
"""From the simplest to the most complex."""


class Basis(NamedTuple):
    """Which rung answers; `because` as a code and `why` as an English sentence."""

    rung: str
    because: Literal["live", "not_proven", "nothing_known", "only_viewed"]
    why: str


@dataclass(frozen=True)
class Mixing:
    """How the live rung is completed; see `Chances`. party: weight of the trips of those who travel along."""

    season_weight: float = 0.1
    season_power: float = 0.0
    party: float = 0.0


@dataclass(frozen=True)
class Recommender:
    """What one operator's bookings say about what a customer books next.

    families: all that were ever booked, or published by then. rungs: by name. live: the rung that answers for
    customers with bookings, `why` it does. stops: boarding points that the seasons know. trained_as_of: exclusive end
    of the bookings learned from. n_customers: who made them.
    """

    families: tuple[str, ...]
    rungs: Mapping[str, Rung]
    live: str
    why: str
    repeat: RepeatOrNew
    mixing: Mixing
    counts: BookingCounts
    stops: tuple[str, ...]
    trained_as_of: datetime
    n_customers: int

    def rank(
        self,
        history: History,
        context: Context,
        n: int | None = None,
        among: Collection[str] | None = None,
        new: Collection[Newcomer] = (),
    ) -> list[Ranked]:
        """Return the n best families (None: all), best first, each with its evidence.

        among: only these families, as what can be booked (None: any). new: what the catalogue says of families that
        were published after the training; others that the model does not know are left out.
        """
        newcomers = self._newcomers(new)
        names, scores = (*self.families, *newcomers.families), self.scores(history, context)
        if self.basis(history, new).rung == AttributeMatch.name != self.live:
            scores = newcomers.alike(history, scores)
        scores = np.concatenate([scores, newcomers.chances(history, scores)])
        order = np.argsort(-scores, kind="stable").tolist()
        best = [place for place in order if among is None or names[place] in among][:n]
        total = scores.sum()
        return [
            Ranked(
                names[place],
                float(scores[place] / total),
                newcomers.explain(history, names[place]) or self.explain(history, context, names[place]),
            )
            for place in best
        ]

    def _newcomers(self, new: Collection[Newcomer]) -> Newcomers:
        return Newcomers(self.likeness, [one for one in new if one.family not in self.counts.index])

    def scores(self, history: History, context: Context) -> np.ndarray:
        """Return the estimated chance of each family to be booked next, (families,), summing to 1."""
        seen = history_row(self.counts.index, history, party_weight=self.mixing.party)
        booked = history_row(self.counts.index, replace(history, viewed=()))
        contexts = contexts_row(self.counts.index, self.stop_places, history, context)
        chances: np.ndarray = self.answer_of(self.basis(history).rung).chances(seen, booked, contexts)[0]
        return chances

    def answer_of(self, rung: str) -> Chances:
        """Return a rung as it answers: with season, likeness and repeat-or-new."""
        season = cast(SeasonPopularity, self.rungs[SeasonPopularity.name])
        weight, power = self.mixing.season_weight, self.mixing.season_power
        customers = self.counts.by_month[0]
        return Chances(self.rungs[rung], season, self.likeness, self.repeat, customers, weight, power)

    @property
    def likeness(self) -> AttributeMatch:
        """What families share."""
        return cast(AttributeMatch, self.rungs[AttributeMatch.name])

    @cached_property
    def stop_places(self) -> dict[str, int]:
        """The place of each boarding point that the seasons know."""
        return {stop: place for place, stop in enumerate(self.stops)}

    def explain(self, history: History, context: Context, family: str) -> Evidence:
        """Return why `family` is suggested: booked before, or what the answering rung says.

        Where nobody booked both it and a family of the history, what it shares with one of them; where nobody ever
        booked it and nothing is shared, what the catalogue says of it.
        """
        reads_history = self.basis(history).rung != SeasonPopularity.name
        for booked, times in zip(history.families, history.counts, strict=True):
            if booked == family and reads_history:
                return Evidence("own_history", family, because_of=family, times=times)
        if family in history.viewed:
            return Evidence("viewed", family, because_of=family)
        rung = self.rungs[self.basis(history).rung]
        evidence = rung.explain(history, context, family, self.counts)
        personal = not isinstance(rung, SeasonPopularity) and evidence.kind == "season_popularity"
        if personal or evidence.kind == "programme":
            evidence = self.likeness.likeness(history, family) or evidence
        if evidence.kind == "programme":
            region, theme = self.likeness.region_and_theme(family)
            return replace(evidence, region=region, theme=theme)
        return evidence

    def basis(self, history: History, new: Collection[Newcomer] = ()) -> Basis:
        """Return which rung answers for this history, and why.

        new: families published after the training; others that the model does not know do not count.
        """
        if any(family in self.counts.index for family in history.families):
            proven = self.live != SeasonPopularity.name
            return Basis(self.live, "live" if proven else "not_proven", self.why)
        if any(family in self.counts.index for family in history.viewed):
            return Basis(AlsoBooked.name, "only_viewed", "no bookings are known, only tours looked at")
        if any(family in self._newcomers(new).families for family in history.viewed):
            return Basis(AttributeMatch.name, "only_viewed", "nothing is known but new tours looked at")
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
            "mixing": vars(self.mixing),
            "stops": self.stops,
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
            mixing=Mixing(**card["mixing"]),
            counts=BookingCounts.restore(families, parts["counts"]),
            stops=tuple(card["stops"]),
            trained_as_of=datetime.fromisoformat(card["trained_as_of"]),
            n_customers=card["n_customers"],
        )
