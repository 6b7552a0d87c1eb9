"""What can be booked: the catalogue of the log, laid out once by family and boarding point, as the shelf of a day."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import log

from activity_log.catalogue import (
    Catalogue,
    Departure,
    Tour,
    catalogue,
    catalogue_after,
    catalogue_level,
)
from activity_log.database import Database
from activity_log.operators import Operator
from models.recommender import Newcomer
from serving.languages import Language, spelled_id
from serving.replies import RecommendedTour
from serving.requests import Filters

READ_ANEW = 2_000
"""With so much happened meanwhile, the whole catalogue is read."""
_SEASON = re.compile(r"\s*\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Offer:
    """A tour to suggest, on a departure where the operator has dated ones."""

    tour: Tour
    departure: Departure | None

    @cached_property
    def cards(self) -> dict[Language, RecommendedTour]:
        """What the offer looks like on a list, by language; filled by whoever lists it."""
        return {}

    @cached_property
    def price(self) -> float:
        """For one person."""
        return float(self.departure.price if self.departure else self.tour.price_from)

    @cached_property
    def log_price(self) -> float | None:
        """The natural logarithm of the price; null for what costs nothing."""
        return log(self.price) if self.price > 0 else None

    @cached_property
    def month(self) -> int | None:
        """The month of travel, 1 to 12; null for undated offers."""
        return self.departure.departs_on.month if self.departure else None


ByFamily = Mapping[str, Sequence[Offer]]
"""Offers by family, the soonest first."""


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Wish:
    """What an offer must satisfy. taken: dates of trips booked already, from the first to the last day."""

    today: date
    boarding_point: str | None = None
    taken: Sequence[tuple[date, date]] = ()
    filters: Filters = NO_FILTERS

    @cached_property
    def is_open(self) -> bool:
        """Whether every reachable offer will do."""
        return not self.taken and not self.filters.model_fields_set


class Programme:
    """The tours that were ever published: their families, and what to call these."""

    def __init__(self, tours: Mapping[str, Tour]):
        self.tours = tours
        self._names: dict[Language, dict[str, str]] = {}

    @cached_property
    def family_of_tour(self) -> dict[str, str]:
        """The family of every tour, by tour id."""
        return {tour_id: tour.family_id for tour_id, tour in self.tours.items()}

    def families_of(self, tour_ids: Collection[str]) -> tuple[str, ...]:
        """Return the families of tours; a tour without a catalogue is its own family."""
        families = self.family_of_tour
        return tuple(families.get(tour_id, tour_id) for tour_id in tour_ids)

    def family_names(self, language: Language) -> dict[str, str]:
        """Return what to call families, from what the names of their tours have in common."""
        if language not in self._names:
            names: dict[str, list[str]] = {}
            for tour in self.tours.values():
                names.setdefault(tour.family_id, []).append(tour.name.in_language(language))
            self._names[language] = {family: family_name(family, tours) for family, tours in names.items()}
        return self._names[language]


class Shelf:
    """The catalogue as it stands, and what of it can be booked on a day: published, ahead, and with seats left."""

    def __init__(
        self,
        programme: Programme,
        departures: Sequence[Departure],
        today: date,
        *,
        undated: bool = False,
        before: "Shelf | None" = None,
    ):
        self.programme = programme
        self.departures = departures
        self.today = today
        self._undated = undated
        self._by_stop: dict[str, ByFamily] = {}
        self._offers: dict[str, Offer] = {}
        self._kept = before._offers if before and before.programme is programme else {}

    @cached_property
    def bookable(self) -> ByFamily:
        """What can be booked from any stop. A departure that names no boarding point cannot be boarded.

        An operator of undated items sells all tours.
        """
        tours = self.programme.tours
        if self._undated:
            return _by_family(Offer(tour, None) for _, tour in sorted(tours.items()))
        return _by_family(
            self._offer(departure)
            for departure in self.departures
            if departure.tour_id in tours and is_open(departure, self.today)
        )

    def _offer(self, departure: Departure) -> Offer:
        """Return the offer of a departure: the one of the shelf before, if nothing has changed about it."""
        offer = self._kept.get(departure.departure_id)
        if offer is None or offer.departure is not departure:
            offer = Offer(self.programme.tours[departure.tour_id], departure)
        self._offers[departure.departure_id] = offer
        return offer

    @cached_property
    def catalogue(self) -> Catalogue:
        """The tours and departures as the log knows them."""
        return Catalogue(self.programme.tours, tuple(self.departures))

    def settle(self) -> None:
        """Lay everything out, and let go of the shelf before."""
        _ = self.bookable, self.newcomers
        self._kept = {}

    def reachable(self, boarding_point: str | None) -> ByFamily:
        """Return what can be booked from a stop; None: from any."""
        if boarding_point is None or self._undated:
            return self.bookable
        if boarding_point not in self._by_stop:
            self._by_stop[boarding_point] = _by_family(
                offer
                for offers in self.bookable.values()
                for offer in offers
                if offer.departure and boarding_point in offer.departure.boarding_point_ids
            )
        return self._by_stop[boarding_point]

    def offers(self, wish: Wish) -> ByFamily:
        """Return what satisfies a wish."""
        found = {family: self.fitting(family, wish) for family in self.reachable(wish.boarding_point)}
        return {family: offers for family, offers in found.items() if offers}

    def fitting(self, family: str, wish: Wish) -> Sequence[Offer]:
        """Return what of a family satisfies a wish, the soonest first."""
        offers = self.reachable(wish.boarding_point).get(family, ())
        return offers if wish.is_open else [offer for offer in offers if _passes(offer, wish)]

    @cached_property
    def newcomers(self) -> tuple[Newcomer, ...]:
        """What a recommender asks of families that it may not know yet: the tour of their latest offer."""
        return tuple(_newcomer(offers) for offers in self.bookable.values())


class Offers:
    """The shelf of one operator, laid out anew when a catalogue event came in or a day is over."""

    def __init__(self, database: Database, operator: Operator):
        self._database = database
        self._operator = operator
        self._level = 0
        self._shelf = Shelf(Programme({}), (), date.min, undated=operator.undated)

    def look(self, today: date) -> None:
        """Read what the log has told of the catalogue since the last time. Raises what the database raises."""
        with self._database.reading() as connection:
            level = catalogue_level(connection, self._operator.operator_id)
            if level == self._level:
                return
            if self._level and level - self._level < READ_ANEW:
                known, operator_id = self._shelf.catalogue, self._operator.operator_id
                found = catalogue_after(connection, operator_id, known, self._level)
            else:
                found = catalogue(connection, self._operator.operator_id)
        programme = self._shelf.programme
        if found.tours is not programme.tours:
            programme = Programme(found.tours)
        self._shelf = self._laid_out(programme, found.departures, today)
        self._level = level

    @property
    def programme(self) -> Programme:
        """The tours as they were looked at last."""
        return self._shelf.programme

    def forget(self) -> None:
        """Read everything the next time."""
        self._level = 0

    def shelf(self, today: date) -> Shelf:
        """Return the shelf of a day, from the catalogue as it was looked at last."""
        shelf = self._shelf
        if shelf.today != today:
            shelf = self._shelf = self._laid_out(shelf.programme, shelf.departures, today)
        return shelf

    def _laid_out(self, programme: Programme, departures: Sequence[Departure], today: date) -> Shelf:
        """Return the shelf, ready for whoever asks."""
        shelf = Shelf(programme, departures, today, undated=self._operator.undated, before=self._shelf)
        shelf.settle()
        return shelf


def family_name(family_id: str, tour_names: Sequence[str]) -> str:
    """Return the words all tours of a family begin with, without the season; its id where they share none.

    >>> family_name("allgaeu", ["Allgäu 2026 – Herbstreise", "Allgäu 2027 – Königsschlösser"])
    'Allgäu'
    >>> family_name("85048", ["Christmas glass ball"])
    'Christmas glass ball'
    """
    words = [_SEASON.split(name, maxsplit=1)[0].split() for name in tour_names]
    shared = [
        first for first, *others in zip(*words, strict=False) if all(other == first for other in others)
    ]
    return " ".join(shared).rstrip(" –-:,") or spelled_id(family_id)


def _newcomer(offers: Sequence[Offer]) -> Newcomer:
    tour = offers[-1].tour
    return Newcomer(tour.family_id, tour.region, tour.theme, float(tour.nights), float(tour.price_from))


def _by_family(offers: Iterable[Offer]) -> dict[str, list[Offer]]:
    by_family: dict[str, list[Offer]] = {}
    for offer in offers:
        by_family.setdefault(offer.tour.family_id, []).append(offer)
    return by_family


def is_open(departure: Departure, today: date) -> bool:
    """Say whether somebody can still be booked on a departure."""
    return departure.departs_on > today and departure.seats_left > 0 and bool(departure.boarding_point_ids)


def _passes(offer: Offer, wish: Wish) -> bool:
    tour, filters = offer.tour, wish.filters
    price = offer.departure.price if offer.departure else tour.price_from
    return (
        (not filters.regions or tour.region in filters.regions)
        and (not filters.themes or tour.theme in filters.themes)
        and (not filters.families or tour.family_id in filters.families)
        and (filters.most_nights is None or tour.nights <= filters.most_nights)
        and (filters.highest_price is None or price <= filters.highest_price)
        and (offer.departure is None or _dates_fit(tour, offer.departure, wish))
    )


def _dates_fit(tour: Tour, departure: Departure, wish: Wish) -> bool:
    first, last = departure.departs_on, departure.departs_on + timedelta(days=tour.nights)
    filters = wish.filters
    return (
        (filters.departs_from is None or first >= filters.departs_from)
        and (filters.departs_until is None or first <= filters.departs_until)
        and not any(first <= end and start <= last for start, end in wish.taken)
    )
