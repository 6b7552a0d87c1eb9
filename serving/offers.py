"""What can be booked now: departures by family, kept level with the log's catalogue."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from activity_log.catalogue import Catalogue, Departure, Tour, catalogue, catalogue_level
from activity_log.database import Database
from activity_log.operators import Operator
from models.recommender import Newcomer
from serving.languages import Language, spelled_id
from serving.requests import Filters

_SEASON = re.compile(r"\s*\b(?:19|20)\d\d\b")


@dataclass(frozen=True)
class Offer:
    """A tour to suggest, on a departure where the operator has dated ones."""

    tour: Tour
    departure: Departure | None


@dataclass(frozen=True)
class Wish:
    """What an offer must satisfy. taken: dates of trips booked already, from the first to the last day."""

    today: date
    boarding_point: str | None = None
    taken: Sequence[tuple[date, date]] = ()
    filters: Filters = field(default_factory=Filters)


class Offers:
    """The catalogue of one operator, read again whenever a catalogue event came in."""

    def __init__(self, database: Database, operator: Operator):
        self._database = database
        self._operator = operator
        self._level = -1
        self._catalogue = Catalogue({}, ())

    def current(self) -> Catalogue:
        """Return the catalogue as of the log's newest event."""
        with self._database.reading() as connection:
            level = catalogue_level(connection, self._operator.operator_id)
            if level != self._level:
                self._catalogue = catalogue(connection, self._operator.operator_id)
                self._level = level
        return self._catalogue

    def bookable(self, wish: Wish) -> dict[str, list[Offer]]:
        """Return what can be booked by family, soonest first: published, ahead, with seats and a reachable stop.

        A departure that names no boarding point cannot be boarded. An operator of undated items sells all tours.
        """
        known = self.current()
        if self._operator.undated:
            offers = [Offer(tour, None) for _, tour in sorted(known.tours.items())]
        else:
            offers = [
                Offer(known.tours[departure.tour_id], departure)
                for departure in known.departures
                if departure.tour_id in known.tours and is_bookable(departure, wish)
            ]
        by_family: dict[str, list[Offer]] = {}
        for offer in offers:
            if _passes(offer, wish):
                by_family.setdefault(offer.tour.family_id, []).append(offer)
        return by_family

    def family_names(self, language: Language) -> dict[str, str]:
        """Return what to call families, from what the names of their tours have in common."""
        names: dict[str, list[str]] = {}
        for tour in self.current().tours.values():
            names.setdefault(tour.family_id, []).append(tour.name.in_language(language))
        return {family: family_name(family, tours) for family, tours in names.items()}

    def family_of_tour(self) -> dict[str, str]:
        """Return the family of every tour that was ever published, by tour id."""
        return {tour_id: tour.family_id for tour_id, tour in self.current().tours.items()}

    def families_of(self, tour_ids: Collection[str]) -> tuple[str, ...]:
        """Return the families of tours, unknown tours left out; a tour without a catalogue is its own family."""
        tours = self.current().tours
        return tuple(tours[tour_id].family_id if tour_id in tours else tour_id for tour_id in tour_ids)


def newcomer(offers: Sequence[Offer]) -> Newcomer:
    """Return what the recommender asks of a family that it does not know yet: the tour of its latest offer."""
    tour = offers[-1].tour
    return Newcomer(tour.family_id, tour.region, tour.theme, float(tour.nights), float(tour.price_from))


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


def is_bookable(departure: Departure, wish: Wish) -> bool:
    """Say whether seats are left on a day ahead, from a stop in reach."""
    points = departure.boarding_point_ids
    reachable = wish.boarding_point in points if wish.boarding_point else bool(points)
    return departure.departs_on > wish.today and departure.seats_left > 0 and reachable


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
