"""A catalogue small enough to follow by hand, rules on it, and rankings of it.

Two tours go to the Nordsee (Föhr in May and June, Sylt in July), one to the Bodensee in June, one to an Advent
market and two to Prag. The model ranks nordsee 0.4, bodensee 0.3, advent 0.2, prag 0.1.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from activity_log.catalogue import Catalogue, Departure, Tour
from activity_log.contracts.fields import LocalizedText
from activity_log.rules.drafts import RuleDraft
from activity_log.rules.keeping import Rule, drafted
from serving.departure_choice import best_offer
from serving.offers import Offer
from serving.rules.applying import RankedOffers, apply_rules
from serving.rules.in_force import InForce, rules_in_force
from serving.travel_history import Habits

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
BY_FIT = best_offer


def tour(tour_id: str, family: str, region: str, theme: str) -> Tour:
    return Tour(tour_id, family, LocalizedText(de=tour_id), region, theme, 3, Decimal(300), "EUR")


def departure(departure_id: str, tour_id: str, day: str, seats: int = 9) -> Departure:
    stops = frozenset({"hamburg"})
    return Departure(departure_id, tour_id, date.fromisoformat(day), stops, 40, seats, Decimal(300), "EUR")


TOURS = [
    tour("föhr-2027", "nordsee", "Nordsee", "meer"),
    tour("sylt-2027", "nordsee", "Nordsee", "meer"),
    tour("mainau-2027", "bodensee", "Bodensee", "garten"),
    tour("lübeck-2027", "advent", "Ostsee", "markt"),
    tour("prag-2027", "prag", "Böhmen", "stadt"),
    tour("prag-brno-2027", "prag", "Mähren", "stadt"),
]
DEPARTURES = [
    departure("föhr-may", "föhr-2027", "2027-05-20"),
    departure("föhr-june", "föhr-2027", "2027-06-20"),
    departure("sylt-july", "sylt-2027", "2027-07-20"),
    departure("mainau-june", "mainau-2027", "2027-06-24"),
    departure("lübeck-december", "lübeck-2027", "2027-12-05"),
    departure("prag-may", "prag-2027", "2027-05-01"),
    departure("prag-brno-may", "prag-brno-2027", "2027-05-08"),
    departure("föhr-full", "föhr-2027", "2027-08-20", seats=0),
]
CATALOGUE = Catalogue({one.tour_id: one for one in TOURS}, tuple(DEPARTURES))
CHANCES = {"nordsee": 0.4, "bodensee": 0.3, "advent": 0.2, "prag": 0.1}


def ranking(*without: str) -> list[RankedOffers]:
    """What can be booked, as the model ranks it; without some departures."""
    offers = [
        Offer(CATALOGUE.tours[one.tour_id], one)
        for one in DEPARTURES
        if one.seats_left and one.departure_id not in without
    ]
    return [
        RankedOffers(family, score, found)
        for family, score in CHANCES.items()
        if (found := [offer for offer in offers if offer.tour.family_id == family])
    ]


def rules(*drafts: dict[str, Any], now: datetime = NOW) -> list[Rule]:
    """Rules 1, 2, ... in the order they are told."""
    told = (RuleDraft.model_validate(draft) for draft in drafts)
    return [drafted("nordlicht", draft, number, "marketing", now) for number, draft in enumerate(told, 1)]


def in_force(*drafts: dict[str, Any], catalogue: Catalogue = CATALOGUE, now: datetime = NOW) -> InForce:
    return rules_in_force(rules(*drafts), catalogue, now)


def fits(offers: Sequence[Offer]) -> Offer:
    """The soonest: nothing is known of the visitor."""
    return best_offer(offers, Habits())


def placed(
    *drafts: dict[str, Any], n: int = 5, without: Iterable[str] = ()
) -> list[tuple[str, tuple[int, ...]]]:
    """The departures of a list, each with the rules that had a part in it."""
    entries = apply_rules(ranking(*without), in_force(*drafts), n, fits)
    return [(departure_of(fits(entry.offers)), entry.rules) for entry in entries][:n]


def departures(*drafts: dict[str, Any], n: int = 5, without: Iterable[str] = ()) -> list[str]:
    return [name for name, _ in placed(*drafts, n=n, without=without)]


def departure_of(offer: Offer) -> str:
    assert offer.departure is not None
    return offer.departure.departure_id


def pin(position: int, **target: str) -> dict[str, Any]:
    return {"kind": "pin", "position": position, "target": target}


def boost(factor: float, **target: str) -> dict[str, Any]:
    return {"kind": "boost" if factor > 1 else "bury", "factor": factor, "target": target}


def exclude(**target: str) -> dict[str, Any]:
    return {"kind": "exclude", "target": target}


def at_most(k: int, **target: str) -> dict[str, Any]:
    return {"kind": "at_most", "at_most": k, "target": target or None}
