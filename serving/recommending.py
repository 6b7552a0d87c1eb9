"""From a visitor to a ranked list of trips that can be booked, each with its reason. It waits for nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Literal, NamedTuple

from activity_log.answer_log import LoggedAnswer, LoggedItem
from activity_log.errors import BusflowError
from activity_log.operators import Operator
from models.recommender import AlsoBooked, Evidence, History, Recommender
from models.registry import Loaded
from serving.departure_choice import best_offer, departs
from serving.guests import NOBODY, Guest, Standing
from serving.languages import Language
from serving.live_models import model_info
from serving.offers import Offer, Shelf, Wish
from serving.rankings import KEPT, Ranking, full_standing, standing_of
from serving.replies import Reason, RecommendationModel, RecommendedTour
from serving.requests import Filters
from serving.rules.applying import RankedOffers, apply_rules
from serving.rules.in_force import InForce
from serving.rules.wording import reason_by_rules
from serving.showing import Showing
from serving.suggestion_reasons import (
    also_booked_note,
    departures_reason,
    next_departures_note,
    rung_note,
    suggestion_reason,
)
from serving.travel_history import Habits
from serving.visitor import Visitor

NEXT_DEPARTURES = "next_departures"
REASONS_KEPT = 20_000
STRANGERS_KEPT = 2_000

Trouble = Literal["unreachable", "busy"]
"""Why nothing is known of a customer: the log cannot be asked, or does not answer in time."""


class UnknownTourError(BusflowError):
    """No tour of this id was published."""


class Asked(NamedTuple):
    """What is wanted. explore: the last place may be left to chance, as far as the operator allows it."""

    visitor: Visitor
    filters: Filters
    n: int
    language: Language
    explore: bool = False
    endpoint: str = "recommend"


@dataclass(frozen=True)
class Answer:
    """A reply, and what else is logged of it. propensities: of each place; known_at: of the features it rests on."""

    reply: RecommendationModel
    propensities: Sequence[float]
    known_at: datetime | None = None


class Recommending:
    """Suggestions for the visitors of one operator."""

    def __init__(self, operator: Operator, showing: Showing):
        self._operator = operator
        self._showing = showing
        self._reasons: dict[tuple[Evidence, Language], Reason] = {}
        self._named: Mapping[str, str] = {}
        self._chosen: dict[tuple[str, str | None, Habits], Offer] = {}
        self._chosen_from: Shelf | None = None
        self._stranger = lru_cache(STRANGERS_KEPT)(_stranger)

    def recommend(
        self,
        ranking: Ranking | None,
        shelf: Shelf,
        asked: Asked,
        guest: Guest,
        rules: InForce,
        now: datetime,
        *,
        trouble: Trouble | None = None,
    ) -> Answer:
        """Rank what the visitor can book. Where less is known than should be, `basis` says so."""
        visitor, filters, n, language, explore, _ = asked
        guest = self._visiting(visitor, guest, shelf)
        wish = Wish(shelf.today, guest.boarding_point, guest.taken, filters)
        if ranking is None:
            return self._next_departures(shelf, visitor, wish, rules, n, language, now)
        wanted = self._showing.wanted(n) if explore else n
        # every family may be lifted into the list by a rule, or move up because of one
        fitting = self._ranked(ranking, shelf, guest, wish, len(ranking.families) if rules else wanted)
        placed = _placed(list(fitting), rules, wanted, guest.habits)
        version = ranking.loaded.version if ranking.loaded else None
        draws = explore and _may_draw(placed, n)
        listing = self._showing.listing(placed, n, visitor.customer_id, version, explore=draws)
        reasons = [self._reason(ranking, guest, one, shelf, language) for one in listing.shown]
        rung = standing_of(ranking, guest).rung
        note = rung_note(rung.name, _because(rung.because, visitor, guest, trouble), language)
        items = self._items(listing.shown, reasons, guest.habits, shelf, wish, language)
        reply = _reply(
            listing.recommendation_id, visitor.customer_id, ranking.loaded, rung.name, note, items, now
        )
        return Answer(reply, _propensities(len(items), listing.propensity), guest.known_at)

    def also_booked(
        self,
        loaded: Loaded[Recommender],
        shelf: Shelf,
        rules: InForce,
        tour_id: str,
        n: int,
        language: Language,
        now: datetime,
    ) -> Answer:
        """Rank what bookers of a tour's family booked too, as far as it can be booked now.

        Raises UnknownTourError.
        """
        (family,) = shelf.programme.families_of([tour_id])
        if tour_id not in shelf.programme.tours and family not in loaded.model.families:
            raise UnknownTourError(f"unknown tour '{tour_id}'")
        offers, names = shelf.bookable, shelf.programme.family_names(language)
        ranked = [one for one in loaded.model.also_booked(family) if one.family in offers]
        evidence = {one.family: one.evidence for one in ranked}
        entries = [RankedOffers(one.family, one.score, offers[one.family]) for one in ranked]
        placed = _placed(entries, rules, n, Habits())
        note = also_booked_note(names.get(family, family), language)
        listing = self._showing.listing(placed, n, version=loaded.version)
        reasons = [
            self._by_rules(one, self._told(evidence[one.family], names, language), language)
            for one in listing.shown
        ]
        items = self._items(listing.shown, reasons, Habits(), shelf, Wish(shelf.today), language)
        reply = _reply(listing.recommendation_id, None, loaded, AlsoBooked.name, note, items, now)
        return Answer(reply, _propensities(len(items), 1.0))

    def _visiting(self, visitor: Visitor, guest: Guest, shelf: Shelf) -> Guest:
        """Return the guest as they come: with what they looked at, and from where they want to board."""
        viewed = shelf.programme.families_of(visitor.viewed_tours) if visitor.viewed_tours else ()
        if guest is NOBODY:
            return self._stranger(viewed, visitor.boarding_point)
        stop = visitor.boarding_point or guest.boarding_point
        if not viewed and stop == guest.boarding_point:
            return guest
        history = replace(guest.history, viewed=viewed)
        return replace(guest, history=history, boarding_point=stop, standing=None, coming=None)

    def _ranked(
        self, ranking: Ranking, shelf: Shelf, guest: Guest, wish: Wish, wanted: int
    ) -> Iterator[RankedOffers]:
        """Yield what fits, best first, as many as are wanted."""
        standing, found = standing_of(ranking, guest), 0
        for one in self._fitting(ranking, shelf, wish, standing):
            yield one
            found += 1
            if found == wanted:
                return
        if len(standing.places) < len(ranking.families):
            everything = full_standing(ranking, guest)
            rest = replace(everything, places=everything.places[KEPT:], chances=everything.chances[KEPT:])
            yield from islice(self._fitting(ranking, shelf, wish, rest), wanted - found)

    @staticmethod
    def _fitting(ranking: Ranking, shelf: Shelf, wish: Wish, standing: Standing) -> Iterator[RankedOffers]:
        families = ranking.families
        for place, chance in zip(standing.places.tolist(), standing.chances.tolist(), strict=True):
            family = families[place]
            offers = shelf.fitting(family, wish)
            if offers:
                yield RankedOffers(family, chance, offers)

    def _items(
        self,
        shown: Sequence[RankedOffers],
        reasons: Sequence[Reason],
        habits: Habits,
        shelf: Shelf,
        wish: Wish,
        language: Language,
    ) -> list[RecommendedTour]:
        return [
            _item(one.score, self._best(one, habits, shelf, wish), position, reason, language)
            for position, (one, reason) in enumerate(zip(shown, reasons, strict=True), start=1)
        ]

    def _best(self, one: RankedOffers, habits: Habits, shelf: Shelf, wish: Wish) -> Offer:
        """Return the offer that fits best; what fits many alike is chosen once for as long as the shelf stays."""
        if one.rules or not wish.is_open:
            return best_offer(one.offers, habits)
        if self._chosen_from is not shelf:
            self._chosen, self._chosen_from = {}, shelf
        key = (one.family, wish.boarding_point, habits)
        if key not in self._chosen:
            self._chosen[key] = best_offer(one.offers, habits)
        return self._chosen[key]

    def _reason(
        self, ranking: Ranking, guest: Guest, one: RankedOffers, shelf: Shelf, language: Language
    ) -> Reason:
        """Say why a family is suggested to a guest, found out once for as long as they stand as they do."""
        known = standing_of(ranking, guest).evidence
        evidence = known.get(one.family)
        if evidence is None:
            evidence = known[one.family] = ranking.explain(guest.visit, one.family)
        told = self._told(evidence, shelf.programme.family_names(language), language)
        return self._by_rules(one, told, language) if one.rules else told

    def _told(self, evidence: Evidence, names: Mapping[str, str], language: Language) -> Reason:
        """Put evidence into words, once for as long as the families keep their names."""
        if self._named is not names or len(self._reasons) > REASONS_KEPT:
            self._reasons, self._named = {}, names
        key = (evidence, language)
        if key not in self._reasons:
            self._reasons[key] = suggestion_reason(evidence, names, language)
        return self._reasons[key]

    def _by_rules(self, one: RankedOffers, reason: Reason, language: Language) -> Reason:
        operator = self._operator.name
        return reason_by_rules(reason, one.rules, pinned=one.pinned, operator=operator, language=language)

    def _next_departures(
        self,
        shelf: Shelf,
        visitor: Visitor,
        wish: Wish,
        rules: InForce,
        n: int,
        language: Language,
        now: datetime,
    ) -> Answer:
        offers = shelf.offers(wish)
        soonest = sorted(offers, key=lambda family: departs(offers[family][0]))
        # nothing is estimated here: 1/place is what boosts multiply, and 0 what is told
        entries = [RankedOffers(family, 1 / place, offers[family]) for place, family in enumerate(soonest, 1)]
        placed = [entry._replace(score=0.0) for entry in _placed(entries, rules, n, Habits())]
        listing = self._showing.listing(placed, n, visitor.customer_id)
        reasons = [self._by_rules(one, departures_reason(language), language) for one in listing.shown]
        items = self._items(listing.shown, reasons, Habits(), shelf, wish, language)
        note, who = next_departures_note(language), visitor.customer_id
        reply = _reply(listing.recommendation_id, who, None, NEXT_DEPARTURES, note, items, now)
        return Answer(reply, _propensities(len(items), 1.0))


def _placed(
    entries: Sequence[RankedOffers], rules: InForce, n: int, habits: Habits
) -> Sequence[RankedOffers]:
    return apply_rules(entries, rules, n, lambda offers: best_offer(offers, habits))


def _may_draw(placed: Sequence[RankedOffers], n: int) -> bool:
    """Say whether chance may fill the last place: not if it is pinned, nor where a family could come twice."""
    last = placed[n - 1 : n]
    return not any(entry.pinned for entry in last) and len({one.family for one in placed}) == len(placed)


def _stranger(viewed: tuple[str, ...], boarding_point: str | None) -> Guest:
    return Guest(history=History(viewed=viewed), boarding_point=boarding_point)


def _because(because: str, visitor: Visitor, guest: Guest, trouble: Trouble | None) -> str:
    """Return why a ranking rests on what it does: first what stands in the way of a better one."""
    if trouble:
        return trouble
    if not guest.may_profile:
        return "objection"
    if visitor.customer_id is not None and not guest.has_features:
        return "no_features"
    return because


def _propensities(places: int, of_last: float) -> Sequence[float]:
    return (*(1.0,) * (places - 1), of_last) if places else ()


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


def _item(score: float, offer: Offer, position: int, reason: Reason, language: Language) -> RecommendedTour:
    card = offer.cards.get(language)
    if card is None:
        card = offer.cards[language] = _card(offer, reason, language)
    return card.model_copy(update={"score": score, "position": position, "reason": reason})


def _card(offer: Offer, reason: Reason, language: Language) -> RecommendedTour:
    """Return what an offer looks like; score, position and reason are each list's own."""
    tour, departure = offer.tour, offer.departure
    return RecommendedTour(
        tour_id=tour.tour_id,
        departure_id=departure.departure_id if departure else None,
        name=tour.name.in_language(language),
        score=0.0,
        position=1,
        reason=reason,
        family_id=tour.family_id,
        region=tour.region,
        theme=tour.theme,
        nights=tour.nights if departure else None,
        departs_on=departure.departs_on if departure else None,
        price=departure.price if departure else tour.price_from,
        currency=departure.currency if departure else tour.currency,
        seats_left=departure.seats_left if departure else None,
    )


def logged(operator_id: str, endpoint: str, answer: Answer) -> LoggedAnswer:
    """Return the note of an answer."""
    reply = answer.reply
    model = f"{reply.model.name}/{reply.model.version}" if reply.model else None
    items = tuple(
        LoggedItem(item.tour_id, item.departure_id, item.score, propensity)
        for item, propensity in zip(reply.items, answer.propensities, strict=True)
    )
    return LoggedAnswer(
        operator_id,
        reply.recommendation_id,
        reply.customer_id,
        endpoint,
        model,
        reply.basis,
        reply.generated_at,
        answer.known_at,
        items,
    )
