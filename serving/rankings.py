"""How families rank for guests: by the live recommender, or by what the log says is popular while there is none."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol, cast

import numpy as np

from models.recommender import Evidence, Newcomer, Recommender, Visit
from models.registry import Loaded
from serving.guests import Guest, Rung, Standing
from serving.popularity import Popularity

KEPT = 40
"""So many of the best families are kept of each guest; who needs more has them ranked again."""
RANKED_TOGETHER = 250


class Ranking(Protocol):
    """Ranks the families of an operator. version: of the model; null: none ranked."""

    loaded: Loaded[Recommender] | None

    @property
    def families(self) -> Sequence[str]:
        """The families, in the order of `Standing.places`."""

    def chances(self, visits: Sequence[Visit]) -> np.ndarray:
        """Return each family's chance, (n, families)."""

    def explain(self, visit: Visit, family: str) -> Evidence:
        """Return why a family is suggested."""

    def rung(self, visit: Visit) -> Rung:
        """Return what a visit's ranking rests on."""


class ByModel:
    """The ranking of a live recommender, and of families that it does not know yet."""

    def __init__(self, loaded: Loaded[Recommender], new: Collection[Newcomer]):
        self.loaded: Loaded[Recommender] | None = loaded
        self._model = loaded.model
        self._new = new
        self._told: dict[Evidence, Evidence] = {}

    @classmethod
    def newcomers(cls, loaded: Loaded[Recommender], offered: Sequence[Newcomer]) -> tuple[Newcomer, ...]:
        """Return the families on offer that the recommender does not know."""
        return tuple(one for one in offered if one.family not in loaded.model.counts.index)

    def rests_on(self, loaded: Loaded[Recommender], new: Sequence[Newcomer]) -> bool:
        """Say whether this is the ranking by that model of these new families."""
        return self.loaded is loaded and self._new == new

    @cached_property
    def families(self) -> Sequence[str]:
        """The model's, and the new ones."""
        return (*self._model.families, *(one.family for one in self._new))

    def chances(self, visits: Sequence[Visit]) -> np.ndarray:
        """Return each family's chance to be booked next."""
        return self._model.chances(visits, self._new)

    def explain(self, visit: Visit, family: str) -> Evidence:
        """Return the model's evidence; guests of whom the same is true share it."""
        evidence = self._model.explain(visit.history, visit.context, family, self._new)
        return self._told.setdefault(evidence, evidence)

    def rung(self, visit: Visit) -> Rung:
        """Return the model's rung."""
        basis = self._model.basis(visit.history, self._new)
        return Rung(basis.rung, basis.because)


class ByPopularity:
    """What is popular in the season, counted in the log: the ranking while no model is live."""

    loaded: Loaded[Recommender] | None = None

    def __init__(self, popularity: Popularity, offered: Collection[str]):
        self._popularity = popularity
        self._known = frozenset({*offered, *popularity.families})
        self._offered = tuple(sorted(self._known))

    def rests_on(self, popularity: Popularity, offered: Collection[str]) -> bool:
        """Say whether this is the ranking by that popularity, with a place for all that is on offer."""
        return self._popularity is popularity and self._known.issuperset(offered)

    @property
    def families(self) -> Sequence[str]:
        """All that were booked or are on offer."""
        return self._offered

    def chances(self, visits: Sequence[Visit]) -> np.ndarray:
        """Return each family's share of the bookers of the month of travel, of all months where that is not known."""
        shares: Mapping[int, np.ndarray] = {
            month: self._shares(month) for month in {visit.context.month or 0 for visit in visits}
        }
        return np.stack([shares[visit.context.month or 0] for visit in visits])

    def _shares(self, month: int) -> np.ndarray:
        counts = [self._popularity.customers(family, month) for family in self.families]
        ever = [self._popularity.customers(family, 0) for family in self.families]
        booked = np.array(counts, dtype=float) + 1e-3 * np.array(ever, dtype=float)
        shares: np.ndarray = booked / max(booked.sum(), 1.0)
        return shares

    def explain(self, visit: Visit, family: str) -> Evidence:
        """Say how many booked a family for the month."""
        month = visit.context.month
        in_month = self._popularity.customers(family, month) if month else 0
        customers = in_month or self._popularity.customers(family, 0)
        if not customers:
            return Evidence("programme", family)
        return Evidence("season_popularity", family, customers=customers, month=month if in_month else None)

    def rung(self, visit: Visit) -> Rung:
        """Return that no model ranked."""
        return Rung("season_popularity", "no_model")


def stand(ranking: Ranking, guests: Sequence[Guest]) -> None:
    """Rank the families for guests, and leave each their standing."""
    for guest, standing in zip(guests, _standings(ranking, guests), strict=True):
        guest.standing = standing


def stand_soon(ranking: Ranking, guests: Sequence[Guest]) -> None:
    """Rank the families for guests by a ranking that does not count yet."""
    for guest, standing in zip(guests, _standings(ranking, guests), strict=True):
        guest.coming = standing


def stands_by(ranking: Ranking, guest: Guest) -> bool:
    """Say whether a guest is ranked by a ranking, whether it counts yet or not."""
    return any(one is not None and one.ranking is ranking for one in (guest.standing, guest.coming))


def _standings(ranking: Ranking, guests: Sequence[Guest]) -> Iterator[Standing]:
    chances = ranking.chances([guest.visit for guest in guests])
    order = np.argsort(-chances, axis=1, kind="stable")[:, :KEPT]
    places, best = order.astype(np.int32), np.take_along_axis(chances, order, axis=1)
    for guest, theirs, with_chances in zip(guests, places, best, strict=True):
        yield Standing(ranking, ranking.rung(guest.visit), theirs, with_chances)


def standing_of(ranking: Ranking, guest: Guest) -> Standing:
    """Return a guest's standing by a ranking, ranked for now if need be."""
    if guest.standing is None or guest.standing.ranking is not ranking:
        if guest.coming is not None and guest.coming.ranking is ranking:
            guest.standing, guest.coming = guest.coming, None
        else:
            stand(ranking, [guest])
    return cast(Standing, guest.standing)


def full_standing(ranking: Ranking, guest: Guest) -> Standing:
    """Return how all families rank for a guest."""
    (chances,) = ranking.chances([guest.visit])
    order = np.argsort(-chances, kind="stable")
    return Standing(ranking, ranking.rung(guest.visit), order, chances[order])
