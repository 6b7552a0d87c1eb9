"""What operator rules do to a ranking. They reorder and leave out; they never bring in what cannot be booked.

In this order: excluded offers vanish; boosted and buried ones have their scores multiplied, and the list is sorted
anew (what no rule names keeps its order); pins take their places; everything else fills up. A family stands in the
list once unless an `at_most` rule lets it in again, each time with half the score of the time before (REPEATED).
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count
from operator import itemgetter
from typing import NamedTuple

from serving.offers import Offer
from serving.rules.in_force import Effect, InForce, Pin

REPEATED = 0.5
"""What a family's second departure counts beside its first, the third beside the second."""

Choose = Callable[[Sequence[Offer]], Offer]
"""Which of a family's offers fits the visitor best."""


class RankedOffers(NamedTuple):
    """A family and what of it can be booked, in any order; the best fitting of `offers` is to be shown.

    rules: the ids of those that had a part in its place. pinned: one of them pinned it.
    """

    family: str
    score: float
    offers: Sequence[Offer]
    rules: tuple[int, ...] = ()
    pinned: bool = False


def apply_rules(
    ranked: Sequence[RankedOffers], rules: InForce, n: int, choose: Choose
) -> Sequence[RankedOffers]:
    """Return the first n places of a list by the rules; without any, the ranking as it is.

    ranked: every family that can be booked once, best first, with all its offers. Entries of a family that may come
    again have exactly one offer. Fewer than n: there is no more to book.
    """
    return _Arrangement(ranked, rules, choose).first(n) if rules else ranked


class _Arrangement:
    """One list in the making."""

    def __init__(self, ranked: Sequence[RankedOffers], rules: InForce, choose: Choose):
        self._rules = rules
        self._choose = choose
        self._several: dict[str, list[RankedOffers]] = {}
        self._families = {entry[0]: entry for entry in ranked}
        self._weigh()
        self._ranking = sorted(self._families.values(), key=itemgetter(1), reverse=True)
        self._placed: dict[str, int] = {}
        self._shown: set[tuple[str, str | None]] = set()
        self._again: list[tuple[float, int, RankedOffers]] = []
        self._number = count()

    def first(self, n: int) -> list[RankedOffers]:
        """Return the first n places."""
        pins = self._pinned(n) if self._rules.pins else {}
        others, places = self._others(), []
        for place in range(1, n + 1):
            entry = pins.get(place) or next(others, None)
            if entry is not None:
                places.append(entry)
        return places

    def _weigh(self) -> None:
        """Take out what is excluded, and give boosted and buried families their scores, where they stand."""
        families = self._families
        for family, effect in self._rules.effects.items():
            entry = families.get(family)
            if entry is None:
                continue
            parts = _parts(entry, effect)
            if not parts:
                del families[family]
                continue
            families[family] = parts[0]
            if len(parts) > 1:
                self._several[family] = parts

    def _pinned(self, n: int) -> dict[int, RankedOffers]:
        """Return the pins by their places: the oldest of each place stands there, the others on the next free one."""
        places: dict[int, RankedOffers] = {}
        waiting: list[Pin] = []
        for pin in self._rules.pins:
            if pin.position in places:
                waiting.append(pin)
            elif pin.position <= n:
                self._pin(pin, pin.position, places)
        for pin in waiting:
            free = next((place for place in range(pin.position, n + 1) if place not in places), None)
            if free is not None:
                self._pin(pin, free, places)
        return places

    def _pin(self, pin: Pin, place: int, places: dict[int, RankedOffers]) -> None:
        found = self._meant(pin)
        if found is not None:
            rules = (*found.rules, pin.rule_id)
            places[place] = self._place(found._replace(rules=rules, pinned=True))

    def _meant(self, pin: Pin) -> RankedOffers | None:
        """Return the best that a pin means and that may still be shown, None if there is nothing."""
        families = [one for one in pin.families if one in self._families]
        if len(families) > 1:
            families = [entry.family for entry in self._ranking if entry.family in pin.families]
        for family in families:
            for part in self._left_of(family):
                offers = [offer for offer in part.offers if pin.reach.covers(offer)]
                if offers:
                    return part._replace(offers=offers)
        return None

    def _others(self) -> Iterator[RankedOffers]:
        """Yield what is not pinned, best first; what comes again is weighed against what follows."""
        pinned, again = tuple(self._placed), self._again
        for family in pinned:
            self._push_again(family)
        for entry in self._ranking:
            if entry.family in pinned:
                continue
            while again and again[0][0] < -entry.score:
                yield self._take_again()
            yield self._place(entry)
            self._push_again(entry.family)
        while again:
            yield self._take_again()

    def _take_again(self) -> RankedOffers:
        placed = self._place(heappop(self._again)[2])
        self._push_again(placed.family)
        return placed

    def _push_again(self, family: str) -> None:
        part = next(self._left_of(family), None)
        if part is not None:
            heappush(self._again, (-part.score, next(self._number), part))

    def _place(self, entry: RankedOffers) -> RankedOffers:
        """Note that a family takes a place; where it may come again, settle with which of its offers."""
        times = self._placed.get(entry.family, 0)
        self._placed[entry.family] = times + 1
        if self._at_most(entry.family) == 1:
            return entry
        chosen = self._choose(entry.offers)
        self._shown.add(_key(chosen))
        return entry._replace(offers=(chosen,))

    def _left_of(self, family: str) -> Iterator[RankedOffers]:
        """Yield what of a family may still be shown, best first."""
        times = self._placed.get(family, 0)
        if times >= self._at_most(family):
            return
        for part in self._several.get(family) or (self._families[family],):
            offers = (
                [offer for offer in part.offers if _key(offer) not in self._shown] if times else part.offers
            )
            if offers:
                rules = (*part.rules, *self._limiting(family)) if times else part.rules
                yield RankedOffers(part.family, weighted(part.score, REPEATED**times), offers, rules)

    def _at_most(self, family: str) -> int:
        return self._rules.limits.get(family, self._rules.limit).at_most

    def _limiting(self, family: str) -> tuple[int, ...]:
        rule_id = self._rules.limits.get(family, self._rules.limit).rule_id
        return () if rule_id is None else (rule_id,)


def weighted(score: float, factor: float) -> float:
    """Return a score that is the better the larger the factor, also where scores are below zero.

    >>> weighted(3.0, 2.0), weighted(-3.0, 2.0)
    (6.0, -1.5)
    """
    return score * factor if score >= 0 else score / factor


def _parts(entry: RankedOffers, effect: Effect) -> list[RankedOffers]:
    """Return a family's offers by what rules do to them, the best first, without what is excluded."""
    if not (effect.tours or effect.departures):
        factor, excluded, rules = effect.whole
        whole = RankedOffers(entry.family, weighted(entry.score, factor), entry.offers, rules)
        return [] if excluded else [whole]
    alike: dict[tuple[float, tuple[int, ...]], list[Offer]] = {}
    for offer in entry.offers:
        factor, excluded, rules = effect.on(offer)
        if not excluded:
            alike.setdefault((factor, rules), []).append(offer)
    parts = [
        RankedOffers(entry.family, weighted(entry.score, factor), offers, rules)
        for (factor, rules), offers in alike.items()
    ]
    return sorted(parts, key=itemgetter(1), reverse=True)


def _key(offer: Offer) -> tuple[str, str | None]:
    return offer.tour.tour_id, offer.departure.departure_id if offer.departure else None
