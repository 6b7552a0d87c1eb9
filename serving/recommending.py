"""From a visitor to a ranked list of trips that can be booked, each with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from activity_log.database import Database
from activity_log.errors import BusflowError, NoModelError
from activity_log.operators import Operator
from feature_repo.services import RECOMMENDER
from feature_repo.store import CustomerFeatures
from models.recommender import AlsoBooked, Context, History, Recommender
from models.registry import Loaded
from serving.departure_choice import best_offer, departs
from serving.languages import Language
from serving.live_models import LiveModels, model_info
from serving.offers import Offer, Offers, Wish, newcomer
from serving.replies import Reason, RecommendationModel, RecommendedTour
from serving.requests import Filters
from serving.rules.applying import RankedOffers, apply_rules
from serving.rules.in_force import InForce
from serving.rules.rulebook import Rulebook
from serving.rules.wording import reason_by_rules
from serving.showing import Showing
from serving.suggestion_reasons import (
    also_booked_note,
    basis_note,
    departures_reason,
    next_departures_note,
    suggestion_reason,
)
from serving.travel_history import Habits, TravelHistory

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
    """What the log and the features know of a visitor. taken: days of trips ahead, from the first to the last."""

    history: History
    habits: Habits = field(default_factory=Habits)
    boarding_point: str | None = None
    taken: Sequence[tuple[date, date]] = ()


@dataclass(frozen=True)
class _Suggestion:
    score: float
    reason: Reason
    offers: Sequence[Offer]


class Recommending:
    """Suggestions for the visitors of one operator."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        features: CustomerFeatures,
        models: LiveModels,
        showing: Showing,
    ):
        self._database = database
        self._operator = operator
        self._features = features
        self._models = models
        self._showing = showing
        self.offers = Offers(database, operator)
        self._rulebook = Rulebook(database, operator.operator_id)

    def recommend(
        self,
        visitor: Visitor,
        filters: Filters,
        n: int,
        language: Language,
        now: datetime,
        *,
        explore: bool = False,
        rules: InForce | None = None,
    ) -> RecommendationModel:
        """Rank what the visitor can book. Without a model the next departures are shown, and `basis` says so.

        explore: the last place may be left to chance, as far as the operator allows it.
        rules: instead of those in force, for a preview.
        """
        rules = self._rules(now) if rules is None else rules
        loaded = self._live(now)
        known = self._known(visitor, loaded is not None and loaded.model.mixing.party > 0, now)
        wish = Wish(now.date(), known.boarding_point, known.taken, filters)
        offers = self.offers.bookable(wish)
        if loaded is None:
            return self._next_departures(visitor, offers, rules, n, language, now)
        recommender, names = loaded.model, self.offers.family_names(language)
        wanted = self._showing.wanted(n) if explore else n
        context = Context(known.habits.month, known.boarding_point)
        new = [newcomer(found) for family, found in offers.items() if family not in recommender.counts.index]
        # every family may be lifted into the list by a rule, or move up because of one
        ranked = recommender.rank(known.history, context, None if rules else wanted, among=offers, new=new)
        placed = _placed(
            [RankedOffers(one.family, one.score, offers[one.family]) for one in ranked],
            rules,
            wanted,
            known.habits,
        )
        draws = explore and _may_draw(placed, n)
        listing = self._showing.listing(placed, n, visitor.customer_id, loaded.version, explore=draws)
        evidence = {one.family: one.evidence for one in ranked}
        suggestions = [
            self._suggestion(entry, suggestion_reason(evidence[entry.family], names, language), language)
            for entry in listing.shown
        ]
        basis = recommender.basis(known.history, new)
        items = _items(suggestions, known.habits, language)
        note = basis_note(basis, language)
        return _reply(listing.recommendation_id, visitor.customer_id, loaded, basis.rung, note, items, now)

    def _rules(self, now: datetime) -> InForce:
        return self._rulebook.in_force(self.offers.current, now)

    def _suggestion(self, entry: RankedOffers, reason: Reason, language: Language) -> _Suggestion:
        told = reason_by_rules(
            reason, entry.rules, pinned=entry.pinned, operator=self._operator.name, language=language
        )
        return _Suggestion(entry.score, told, entry.offers)

    def _live(self, now: datetime) -> Loaded[Recommender] | None:
        """Return the live recommender; None while nothing was ever promoted."""
        try:
            return self._models.recommender(self._operator.operator_id)
        except NoModelError:
            return None

    def also_booked(self, tour_id: str, n: int, language: Language, now: datetime) -> RecommendationModel:
        """Rank what bookers of a tour's family booked too, as far as it can be booked now.

        Raises UnknownTourError, and NoModelError while no recommender is live.
        """
        loaded = self._models.recommender(self._operator.operator_id)
        (family,) = self.offers.families_of([tour_id])
        if tour_id not in self.offers.current().tours and family not in loaded.model.families:
            raise UnknownTourError(f"unknown tour '{tour_id}'")
        offers, names = self.offers.bookable(Wish(today=now.date())), self.offers.family_names(language)
        ranked = [one for one in loaded.model.also_booked(family) if one.family in offers]
        evidence = {one.family: one.evidence for one in ranked}
        entries = [RankedOffers(one.family, one.score, offers[one.family]) for one in ranked]
        placed = _placed(entries, self._rules(now), n, Habits())
        note = also_booked_note(names.get(family, family), language)
        listing = self._showing.listing(placed, n, version=loaded.version)
        suggestions = [
            self._suggestion(entry, suggestion_reason(evidence[entry.family], names, language), language)
            for entry in listing.shown
        ]
        items = _items(suggestions, Habits(), language)
        return _reply(listing.recommendation_id, None, loaded, AlsoBooked.name, note, items, now)

    def _known(self, visitor: Visitor, party: bool, now: datetime) -> _Known:
        """Return what is known of a visitor. party: whether the model asks what their companions took."""
        viewed = self.offers.families_of(visitor.viewed_tours)
        if visitor.customer_id is None:
            return _Known(History(viewed=viewed), boarding_point=visitor.boarding_point)
        operator_id, tours = self._operator.operator_id, self.offers.current().tours
        (online,) = self._features.online(RECOMMENDER, operator_id, [visitor.customer_id], now)
        with self._database.reading() as connection:
            past = TravelHistory.read(connection, operator_id, visitor.customer_id, with_party=party)
        return _Known(
            history=past.history(self.offers.families_of, viewed),
            habits=past.habits(tours, online.features["usual_travel_month"]),
            boarding_point=visitor.boarding_point or online.features["preferred_boarding_point"],
            taken=past.taken(tours, now.date()),
        )

    def _next_departures(
        self,
        visitor: Visitor,
        offers: Mapping[str, list[Offer]],
        rules: InForce,
        n: int,
        language: Language,
        now: datetime,
    ) -> RecommendationModel:
        soonest = sorted(offers, key=lambda family: departs(offers[family][0]))
        # nothing is estimated here: 1/place is what boosts multiply, and 0 what is told
        entries = [RankedOffers(family, 1 / place, offers[family]) for place, family in enumerate(soonest, 1)]
        placed = [entry._replace(score=0.0) for entry in _placed(entries, rules, n, Habits())]
        listing = self._showing.listing(placed, n, visitor.customer_id)
        suggestions = [
            self._suggestion(entry, departures_reason(language), language) for entry in listing.shown
        ]
        items, note = _items(suggestions, Habits(), language), next_departures_note(language)
        return _reply(listing.recommendation_id, visitor.customer_id, None, NEXT_DEPARTURES, note, items, now)


def _reply(
    recommendation_id: str,
    customer_id: str | None,
    loaded: Loaded[Recommender] | None,
    basis: str,
    note: str,
    items: list[RecommendedTour],
    now: datetime,
) -> RecommendationModel:
    return RecommendationModel(
        recommendation_id=recommendation_id,
        customer_id=customer_id,
        model=model_info(loaded) if loaded else None,
        basis=basis,
        basis_note=note,
        generated_at=now,
        items=items,
    )


def _placed(
    entries: Sequence[RankedOffers], rules: InForce, n: int, habits: Habits
) -> Sequence[RankedOffers]:
    return apply_rules(entries, rules, n, lambda offers: best_offer(offers, habits))


def _may_draw(placed: Sequence[RankedOffers], n: int) -> bool:
    """Say whether chance may fill the last place: not if it is pinned, nor where a family could come twice."""
    last = placed[n - 1 : n]
    return not any(entry.pinned for entry in last) and len({one.family for one in placed}) == len(placed)


def _items(suggestions: Sequence[_Suggestion], habits: Habits, language: Language) -> list[RecommendedTour]:
    return [
        _item(suggestion, best_offer(suggestion.offers, habits), position, language)
        for position, suggestion in enumerate(suggestions, start=1)
    ]


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
