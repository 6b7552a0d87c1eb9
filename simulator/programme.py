"""What is for sale: the tours of each season and their departures, with seats that can run out.

Two catalogues a year: the one of autumn brings the tours that leave until July of the next year, the one of
March those from August on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from random import Random
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from simulator.catalogue import BOARDING_POINTS, FAMILIES
from simulator.chance import dice
from simulator.journal import Data, euros
from simulator.moments import DAY, HOUR, iso_day, midnight
from simulator.spec import SimulationSpec

if TYPE_CHECKING:
    from simulator.trade import Booking

SEATS_PER_CUSTOMER = 0.95
"""Seats the customers buy in a season, per head of the final customer base."""

FILL = 0.62
SEATS = range(34, 51, 2)
STAR_SEATS, STAR_EVERY = 30, 6
FULL_COACHES_FROM, SMALLEST_COACH = 1_200, 0.26
"""Operators of fewer customers drive smaller coaches, down to this share of the usual seats."""

LEAST_DEPARTURES = 2
PRICE_GROWTH = (0.01, 0.10)
LATE_COACHES = 0.07
LATE_MINUTES = (40, 120)
LAST_EARLY_MONTH = 7
"""Tours leaving up to July are in the catalogue of the autumn before."""

AUTUMN_CATALOGUE, MARCH_CATALOGUE = (10, 1), (3, 1)
LAST_DAYS = {12: 20}
"""Nobody leaves for a Christmas market on Christmas Day."""

STOPS_LEAST = 0.6


class Tour(NamedTuple):
    """A tour of one season: when it was published, and its TourPublished payload."""

    published: int
    data: Data


@dataclass(slots=True)
class Departure:
    """One coach: what it offers, and the seats left as the world goes on. Moments in seconds UTC, price in cents."""

    id: str
    tour_id: str
    family: int
    published: int
    departs: int
    nights: int
    boarding_points: tuple[str, ...]
    seats_total: int
    price: int
    star: bool
    minutes_late: int
    seats_left: int = 0
    changed: int = 0
    told: int = 0
    unsaid: bool = False
    bookings: list["Booking"] = field(default_factory=list)

    def state(self) -> Data:
        """Return the full state as DepartureScheduled and DepartureUpdated carry it."""
        return {
            "departure_id": self.id,
            "tour_id": self.tour_id,
            "departs_on": iso_day(self.departs),
            "boarding_point_ids": list(self.boarding_points),
            "seats_total": self.seats_total,
            "seats_left": self.seats_left,
            "price": euros(self.price),
            "currency": "EUR",
        }


@dataclass(frozen=True)
class Programme:
    """All tours and departures of the world; `by_family` holds each family's departures by date."""

    tours: tuple[Tour, ...]
    departures: tuple[Departure, ...]
    by_family: tuple[tuple[Departure, ...], ...]
    popularity: tuple[float, ...]
    growth: tuple[float, ...]
    last_season: int

    def price(self, family: int, season: int) -> int:
        """Return the cents one seat of `family` costs in `season`."""
        growth = (1 + self.growth[family]) ** (season - self.last_season)
        return max(1_00, round(FAMILIES[family].price * 100 * growth))


def popularity(spec: SimulationSpec) -> tuple[float, ...]:
    """Return each family's share of the demand; the first is about three times the last."""
    order = list(range(spec.families))
    dice(spec, "popularity").shuffle(order)
    weights = [1 / (order[family] + 5) for family in range(spec.families)]
    return tuple(weight / sum(weights) for weight in weights)


def draw_programme(spec: SimulationSpec) -> Programme:
    """Draw everything published in [start, until)."""
    rng = dice(spec, "programme")
    growth = tuple(rng.uniform(*PRICE_GROWTH) for _ in FAMILIES)
    prices = Programme((), (), (), popularity(spec), growth, spec.until.year)
    tours: list[Tour] = []
    departures: list[Departure] = []
    for plan in _plans(spec, rng, prices):
        added = _departures(spec, rng, plan, prices.popularity[plan.family])
        if added:
            tours.append(Tour(plan.published, _tour(plan)))
            departures.extend(added)
    departures.sort(key=lambda departure: (departure.departs, departure.id))
    by_family = tuple(tuple(d for d in departures if d.family == f) for f in range(spec.families))
    return replace(prices, tours=tuple(tours), departures=tuple(departures), by_family=by_family)


class _Plan(NamedTuple):
    """One catalogue's tour of a family: nordsee-2026, or nordsee-2026-herbst where there are two."""

    family: int
    season: int
    months: tuple[int, ...]
    published: int
    price: int

    @property
    def late(self) -> bool:
        """Whether the family's season already has an earlier tour."""
        return len(self.months) < len(FAMILIES[self.family].months) and min(self.months) > LAST_EARLY_MONTH

    @property
    def tour_id(self) -> str:
        return f"{FAMILIES[self.family].id}-{self.season}{'-herbst' if self.late else ''}"


def _plans(spec: SimulationSpec, rng: Random, prices: Programme) -> Iterator[_Plan]:
    """Yield the tours of every season, family and catalogue that come out before the world ends."""
    seasons = range(spec.start.year, spec.until.year + 2)
    for season, family, early in product(seasons, range(spec.families), (True, False)):
        months = tuple(month for month in FAMILIES[family].months if (month <= LAST_EARLY_MONTH) == early)
        published = _publication(spec, rng, season, early)
        if months and published < midnight(spec.until):
            yield _Plan(family, season, months, published, prices.price(family, season))


def _publication(spec: SimulationSpec, rng: Random, season: int, early: bool) -> int:
    """Return when a catalogue comes out; what was out before the world began comes out as it begins."""
    month, day = AUTUMN_CATALOGUE if early else MARCH_CATALOGUE
    year = season - 1 if early else season
    out = midnight(date(year, month, day)) + rng.randrange(12) * DAY + 9 * HOUR + rng.randrange(HOUR)
    return max(out, midnight(spec.start) + rng.randrange(2 * HOUR))


def _tour(plan: _Plan) -> Data:
    family = FAMILIES[plan.family]
    name = {
        "de": f"{family.de} {plan.season} – {'Herbstreise' if plan.late else family.motto_de}",
        "en": f"{family.en} {plan.season} – {'autumn tour' if plan.late else family.motto_en}",
    }
    return {
        "tour_id": plan.tour_id,
        "family_id": family.id,
        "name": name,
        "region": family.region,
        "theme": family.theme,
        "nights": family.nights,
        "price_from": euros(plan.price),
        "currency": "EUR",
    }


def _departures(spec: SimulationSpec, rng: Random, plan: _Plan, share: float) -> list[Departure]:
    """Return the tour's departures that leave after its publication, spread over its months."""
    part = len(plan.months) / len(FAMILIES[plan.family].months)
    demand = spec.customers * SEATS_PER_CUSTOMER * share * part
    count = max(LEAST_DEPARTURES, round(demand / FILL / mean(SEATS)))
    drawn = [_departure(spec, rng, plan, number, count) for number in range(count)]
    return [departure for departure in drawn if departure.departs > plan.published + 7 * DAY]


def _departure(spec: SimulationSpec, rng: Random, plan: _Plan, number: int, count: int) -> Departure:
    """Draw departure `number` of `count`; the one in the middle of the season is a star."""
    month = plan.months[number * len(plan.months) // count]
    star = number % STAR_EVERY == count // 2 % STAR_EVERY
    seats = _seats(spec, rng, star)
    return Departure(
        id=f"{plan.tour_id}-{number + 1:02d}",
        tour_id=plan.tour_id,
        family=plan.family,
        published=plan.published,
        departs=midnight(date(plan.season, month, rng.randint(1, LAST_DAYS.get(month, 28)))) + 5 * HOUR,
        nights=FAMILIES[plan.family].nights,
        boarding_points=_stops(spec, rng),
        seats_total=seats,
        price=plan.price + 10_00 * rng.randrange(6),
        star=star,
        minutes_late=rng.randint(*LATE_MINUTES) if rng.random() < LATE_COACHES else rng.randint(-4, 12),
        seats_left=seats,
    )


def _seats(spec: SimulationSpec, rng: Random, star: bool) -> int:
    """Return the seats of a coach that fits the operator."""
    coach = min(1.0, max(SMALLEST_COACH, spec.customers / FULL_COACHES_FROM))
    return round((STAR_SEATS if star else rng.choice(SEATS)) * coach)


def _stops(spec: SimulationSpec, rng: Random) -> tuple[str, ...]:
    """Return the towns a coach calls at: most of those in use."""
    least = max(1, round(spec.boarding_points * STOPS_LEAST))
    towns = BOARDING_POINTS[: spec.boarding_points]
    return tuple(sorted(rng.sample(towns, rng.randint(least, spec.boarding_points)), key=towns.index))
