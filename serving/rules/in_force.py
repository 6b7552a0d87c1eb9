"""The rules of one moment against the catalogue: made once, asked by every request."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from activity_log.catalogue import Catalogue, Tour
from activity_log.rules.keeping import Rule
from serving.offers import Offer


class Change(NamedTuple):
    """What rules do to an offer. rules: their ids."""

    factor: float = 1.0
    excluded: bool = False
    rules: tuple[int, ...] = ()

    def and_(self, other: "Change") -> "Change":
        """Return both together."""
        return Change(
            self.factor * other.factor, self.excluded or other.excluded, (*self.rules, *other.rules)
        )


UNCHANGED = Change()


class Reach(NamedTuple):
    """What of the catalogue a target names: whole families, and tours or departures (with their family) of others."""

    families: frozenset[str] = frozenset()
    tours: Mapping[str, str] = {}
    departures: Mapping[str, str] = {}

    def covers(self, offer: Offer) -> bool:
        """Say whether an offer is meant."""
        tour, departure = offer.tour, offer.departure
        return (
            tour.family_id in self.families
            or tour.tour_id in self.tours
            or (departure is not None and departure.departure_id in self.departures)
        )

    def all_families(self) -> frozenset[str]:
        """Return the families that are meant, or of which something is."""
        return self.families.union(self.tours.values(), self.departures.values())


class Pin(NamedTuple):
    """An offer within `reach` is to stand in a place, counted from 1."""

    rule_id: int
    position: int
    reach: Reach
    families: frozenset[str]


class Limit(NamedTuple):
    """So many departures of one family, and the rule that says so; null: nobody said anything."""

    at_most: int = 1
    rule_id: int | None = None


ONE_EACH = Limit()


@dataclass
class Effect:
    """What changes within one family: all of it, some of its tours, some of its departures."""

    whole: Change = UNCHANGED
    tours: dict[str, Change] = field(default_factory=dict)
    departures: dict[str, Change] = field(default_factory=dict)

    def on(self, offer: Offer) -> Change:
        """Return what happens to one of the family's offers."""
        change = self.whole
        if offer.tour.tour_id in self.tours:
            change = change.and_(self.tours[offer.tour.tour_id])
        if offer.departure is not None and offer.departure.departure_id in self.departures:
            change = change.and_(self.departures[offer.departure.departure_id])
        return change


@dataclass(frozen=True)
class InForce:
    """The rules of one moment; false if there are none that could do anything.

    effects: by family. pins: in the order of creation. limits: by family, `limit` for all others.
    until: the moment when other rules begin or end by themselves, exclusive; null: never.
    """

    effects: Mapping[str, Effect] = field(default_factory=dict)
    pins: Sequence[Pin] = ()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    limit: Limit = ONE_EACH
    until: datetime | None = None

    def __bool__(self) -> bool:
        """Say whether anything is to be done."""
        return bool(self.effects or self.pins or self.limits or self.limit.at_most > 1)


def rules_in_force(rules: Iterable[Rule], catalogue: Catalogue, now: datetime) -> InForce:
    """Return what the rules of a moment mean for a catalogue. rules: in the order of creation.

    Several factors on one offer multiply. Of several limits on a family, one with a target counts before one without,
    the newest before older ones. What a rule names and nobody published has no effect.
    """
    rules = list(rules)
    shelf = Shelf(catalogue)
    effects: dict[str, Effect] = defaultdict(Effect)
    pins: list[Pin] = []
    limits: dict[str, Limit] = {}
    limit = ONE_EACH
    for rule in (one for one in rules if one.is_in_force(now)):
        reach = shelf.reach(rule)
        if rule.kind == "pin" and reach.all_families():
            pins.append(Pin(rule.rule_id, rule.position or 1, reach, reach.all_families()))
        elif rule.kind == "at_most" and rule.target is None:
            limit = Limit(rule.at_most or 1, rule.rule_id)
        elif rule.kind == "at_most":
            limits |= dict.fromkeys(reach.all_families(), Limit(rule.at_most or 1, rule.rule_id))
        elif rule.kind != "pin":
            _spread(effects, reach, Change(rule.factor or 1.0, rule.kind == "exclude", (rule.rule_id,)))
    return InForce(dict(effects), tuple(pins), limits, limit, _next_change(rules, now))


def _spread(effects: dict[str, Effect], reach: Reach, change: Change) -> None:
    for family in reach.families:
        effects[family].whole = effects[family].whole.and_(change)
    for tour_id, family in reach.tours.items():
        tours = effects[family].tours
        tours[tour_id] = tours.get(tour_id, UNCHANGED).and_(change)
    for departure_id, family in reach.departures.items():
        departures = effects[family].departures
        departures[departure_id] = departures.get(departure_id, UNCHANGED).and_(change)


def _next_change(rules: Iterable[Rule], now: datetime) -> datetime | None:
    moments = (moment for one in rules for moment in (one.valid_from, one.valid_to, one.withdrawn_at))
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


class Shelf:
    """Finds what targets name in a catalogue."""

    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue
        self._families: dict[str, list[Tour]] = defaultdict(list)
        for tour in catalogue.tours.values():
            self._families[tour.family_id].append(tour)

    def reach(self, rule: Rule) -> Reach:
        """Return what a rule is about; nothing where nobody published it, or it has no target."""
        if rule.target is None:
            return Reach()
        if rule.target_kind == "departure_id":
            return self._departure(rule.target)
        named = attrgetter(rule.target_kind or "tour_id")
        return self._tours([tour for tour in self._catalogue.tours.values() if named(tour) == rule.target])

    def names(self, kind: str) -> set[str]:
        """Return all targets of a kind that there are."""
        if kind == "departure_id":
            return {departure.departure_id for departure in self._catalogue.departures}
        return {str(getattr(tour, kind)) for tour in self._catalogue.tours.values()}

    def _departure(self, departure_id: str) -> Reach:
        tours = self._catalogue.tours
        for one in self._catalogue.departures:
            if one.departure_id == departure_id and one.tour_id in tours:
                return Reach(departures={departure_id: tours[one.tour_id].family_id})
        return Reach()

    def _tours(self, tours: Sequence[Tour]) -> Reach:
        """Name families as a whole where all their tours are meant, so that no request looks at single offers."""
        by_family: dict[str, list[Tour]] = defaultdict(list)
        for tour in tours:
            by_family[tour.family_id].append(tour)
        whole = {family for family, found in by_family.items() if len(found) == len(self._families[family])}
        parts = {tour.tour_id: tour.family_id for tour in tours if tour.family_id not in whole}
        return Reach(frozenset(whole), parts)
