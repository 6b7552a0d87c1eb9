"""From a visitor to a ranked list of trips that can be booked, each with its reason."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from activity_log.booked import booked_trips
from activity_log.database import Database
from activity_log.errors import BusflowError, NoModelError
from activity_log.operators import Operator
from feature_repo.services import RECOMMENDER
from feature_repo.store import CustomerFeatures
from models.recommender import AlsoBooked, Context, History, Recommender
from models.registry import Loaded
from serving.languages import Language
from serving.live_models import LiveModels, model_info
from serving.offers import Offer, Offers, Wish
from serving.replies import Reason, RecommendationModel, RecommendedTour
from serving.requests import Filters
from serving.suggestion_reasons import (
    also_booked_note,
    basis_note,
    departures_reason,
    next_departures_note,
    suggestion_reason,
)

NEXT_DEPARTURES = "next_departures"


class UnknownTourError(BusflowError):
    """No tour of this id was published."""


@dataclass(frozen=True)
class Visitor:
    """Who is to be advised, as far as is known. An anonymous visitor has viewed tours at most."""

    customer_id: str | None = None
    viewed_tours: Sequence[str] = ()
    boarding_point: str | None = None


@dataclass(frozen=True)
class _Known:
    """What the log and the features know of a visitor."""

    history: History
    month: int | None = None
    boarding_point: str | None = None


@dataclass(frozen=True)
class _Suggestion:
    family: str
    score: float
    reason: Reason


class Recommending:
    """Suggestions for the visitors of one operator."""

    def __init__(
        self, database: Database, operator: Operator, features: CustomerFeatures, models: LiveModels
    ):
        self._database = database
        self._operator = operator
        self._features = features
        self._models = models
        self.offers = Offers(database, operator)

    def recommend(
        self, visitor: Visitor, filters: Filters, n: int, language: Language, now: datetime
    ) -> RecommendationModel:
        """Rank what the visitor can book. Without a model the next departures are shown, and `basis` says so."""
        known = self._known(visitor, now)
        wish = Wish(
            today=now.date(),
            boarding_point=visitor.boarding_point or known.boarding_point,
            taken=self._taken(visitor.customer_id, now),
            filters=filters,
        )
        offers = self.offers.bookable(wish)
        try:
            loaded = self._models.recommender(self._operator.operator_id, now)
        except NoModelError:
            return self._next_departures(visitor, offers, n, language, now)
        recommender, names = loaded.model, self.offers.family_names(language)
        ranked = recommender.rank(known.history, Context(month=known.month), n, among=offers)
        suggestions = [
            _Suggestion(family, score, suggestion_reason(evidence, names, language))
            for family, score, evidence in ranked
        ]
        basis = recommender.basis(known.history)
        items = _items(suggestions, offers, known.month, language)
        note = basis_note(basis, language)
        return self._reply(visitor.customer_id, loaded, basis.rung, note, items, now)

    def also_booked(self, tour_id: str, n: int, language: Language, now: datetime) -> RecommendationModel:
        """Rank what bookers of a tour's family booked too, as far as it can be booked now.

        Raises UnknownTourError, and NoModelError while no recommender is live.
        """
        loaded = self._models.recommender(self._operator.operator_id, now)
        (family,) = self.offers.families_of([tour_id])
        if tour_id not in self.offers.current().tours and family not in loaded.model.families:
            raise UnknownTourError(f"unknown tour '{tour_id}'")
        offers, names = self.offers.bookable(Wish(today=now.date())), self.offers.family_names(language)
        suggestions = [
            _Suggestion(other, score, suggestion_reason(evidence, names, language))
            for other, score, evidence in loaded.model.also_booked(family)
            if other in offers
        ]
        note = also_booked_note(names.get(family, family), language)
        items = _items(suggestions[:n], offers, None, language)
        return self._reply(None, loaded, AlsoBooked.name, note, items, now)

    def _known(self, visitor: Visitor, now: datetime) -> _Known:
        viewed = self.offers.families_of(visitor.viewed_tours)
        if visitor.customer_id is None:
            return _Known(History(viewed=viewed))
        operator_id = self._operator.operator_id
        (online,) = self._features.online(RECOMMENDER, operator_id, [visitor.customer_id], now)
        row = online.features
        history = History(tuple(row["family_ids"] or ()), tuple(row["family_counts"] or ()), viewed)
        return _Known(history, row["usual_travel_month"], row["preferred_boarding_point"])

    def _taken(self, customer_id: str | None, now: datetime) -> list[tuple[date, date]]:
        """Return the days of trips ahead; read from the log, so that a booking made a second ago counts."""
        if customer_id is None:
            return []
        tours = self.offers.current().tours
        with self._database.reading() as connection:
            trips = booked_trips(connection, self._operator.operator_id, customer_id)
        return [
            (trip.departure_date, trip.departure_date + timedelta(days=nights))
            for trip in trips
            for nights in [tours[trip.tour_id].nights if trip.tour_id in tours else 0]
            if trip.departure_date + timedelta(days=nights) >= now.date()
        ]

    def _next_departures(
        self, visitor: Visitor, offers: Mapping[str, list[Offer]], n: int, language: Language, now: datetime
    ) -> RecommendationModel:
        soonest = sorted(offers, key=lambda family: _departs(offers[family][0]))
        suggestions = [_Suggestion(family, 0.0, departures_reason(language)) for family in soonest]
        items = _items(suggestions[:n], offers, None, language)
        note = next_departures_note(language)
        return self._reply(visitor.customer_id, None, NEXT_DEPARTURES, note, items, now)

    def _reply(
        self,
        customer_id: str | None,
        loaded: Loaded[Recommender] | None,
        basis: str,
        note: str,
        items: list[RecommendedTour],
        now: datetime,
    ) -> RecommendationModel:
        return RecommendationModel(
            recommendation_id=str(uuid.uuid4()),
            customer_id=customer_id,
            model=model_info(loaded) if loaded else None,
            basis=basis,
            basis_note=note,
            generated_at=now,
            items=items,
        )


def _items(
    suggestions: Sequence[_Suggestion],
    offers: Mapping[str, list[Offer]],
    month: int | None,
    language: Language,
) -> list[RecommendedTour]:
    return [
        _item(suggestion, _best(offers[suggestion.family], month), position, language)
        for position, suggestion in enumerate(suggestions, start=1)
    ]


def _best(offers: Sequence[Offer], month: int | None) -> Offer:
    """Return the departure nearest to the month the visitor usually travels in, among equals the soonest."""
    return min(offers, key=lambda offer: (_months_apart(offer, month), _departs(offer)))


def _months_apart(offer: Offer, month: int | None) -> int:
    if month is None or offer.departure is None:
        return 0
    apart = abs(offer.departure.departs_on.month - month)
    return min(apart, 12 - apart)


def _departs(offer: Offer) -> tuple[str, str]:
    if offer.departure is None:
        return ("", offer.tour.tour_id)
    return (offer.departure.departs_on.isoformat(), offer.departure.departure_id)


def _item(suggestion: _Suggestion, offer: Offer, position: int, language: Language) -> RecommendedTour:
    tour, departure = offer.tour, offer.departure
    return RecommendedTour(
        tour_id=tour.tour_id,
        departure_id=departure.departure_id if departure else None,
        name=tour.name.in_language(language),
        score=suggestion.score,
        position=position,
        reason=suggestion.reason,
        family_id=tour.family_id,
        region=tour.region,
        theme=tour.theme,
        nights=tour.nights if departure else None,
        departs_on=departure.departs_on if departure else None,
        price=departure.price if departure else tour.price_from,
        currency=departure.currency if departure else tour.currency,
        seats_left=departure.seats_left if departure else None,
    )
