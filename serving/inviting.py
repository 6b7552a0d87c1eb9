"""Whom to invite to a departure: of whom one may write to, those whose next booking is likeliest of its family."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from activity_log.bulk import batches
from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.operators import Operator
from activity_log.preparing import without_cyclic_gc
from activity_log.segments.reach import Reach
from activity_log.trips_of_many import TripsOfMany
from feature_repo.services import RECOMMENDER
from feature_repo.store import CustomerFeatures, OnlineRow
from models.recommender import Context, History, Newcomer, Recommender
from models.recommender.many import chances_of_family
from models.recommender.newcomers import Newcomers
from serving.histories_of_many import histories_of_many
from serving.invitable import Invitable, Target, invitable, target
from serving.languages import Language
from serving.likeliest_channels import LikeliestChannels
from serving.live_models import LiveModels, model_info
from serving.offers import Offers, Wish, newcomer
from serving.replies import Channel, Invitation, Invitee, NotInvited
from serving.suggestion_reasons import suggestion_reason

TOGETHER = 2_000
"""Customers that are looked up and scored at once; no more are in memory beside the best."""


@dataclass(frozen=True)
class InvitationWish:
    """Who is to be invited. departure_id, or tour_id for its next one; segment_id, channel: only these people."""

    departure_id: str | None
    tour_id: str | None
    n: int
    channel: str | None = None
    segment_id: str | None = None


class _Candidate(NamedTuple):
    """Somebody to rank, ordered best first."""

    minus_score: float
    customer_id: str
    history: History
    context: Context


class Inviting:
    """Invitations of one operator."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        features: CustomerFeatures,
        models: LiveModels,
        offers: Offers,
        clock: Clock,
    ):
        self._database = database
        self._operator_id = operator.operator_id
        self._features = features
        self._models = models
        self._offers = offers
        self._clock = clock
        self._channels = LikeliestChannels(operator, features, models)

    def invite(self, wish: InvitationWish, language: Language) -> Invitation:
        """Rank whom to invite. Takes seconds for an operator of 100,000.

        Raises UnknownDepartureError, UnknownTourError, UnknownSegmentError, NotBookableError, and NoModelError.
        """
        with without_cyclic_gc():  # a third of the time, for what never forms a cycle
            return self._invitation(wish, language)

    def _invitation(self, wish: InvitationWish, language: Language) -> Invitation:
        now, known = self._clock(), self._offers.current()
        asked = target(known, wish.departure_id, wish.tour_id, now)
        loaded = self._models.recommender(self._operator_id)
        nights_of = {tour_id: tour.nights for tour_id, tour in known.tours.items()}
        with self._database.reading() as connection:
            found = invitable(connection, self._operator_id, asked, nights_of, wish.segment_id, wish.channel)
        new = self._newcomers(loaded.model)
        scored = _Counted(self._scored(asked, found.customers, loaded.model, new))
        best = heapq.nsmallest(wish.n, scored)
        return Invitation(
            departure_id=asked.departure.departure_id,
            tour_id=asked.tour.tour_id,
            name=asked.tour.name.in_language(language),
            departs_on=asked.departure.departs_on,
            price=asked.departure.price,
            currency=asked.departure.currency,
            seats_left=asked.departure.seats_left,
            purpose="campaign",
            model=model_info(loaded),
            generated_at=now,
            customers=found.everybody,
            invited=self._invited(best, asked, loaded.model, new, found.reach, wish.channel, language),
            excluded=_excluded(found, scored.count, len(best)),
        )

    def _newcomers(self, recommender: Recommender) -> list[Newcomer]:
        """Return the families on sale that the model does not know."""
        offers = self._offers.bookable(Wish(self._clock().date()))
        return [newcomer(found) for family, found in offers.items() if family not in recommender.counts.index]

    def _scored(
        self, asked: Target, customers: Sequence[str], recommender: Recommender, new: Sequence[Newcomer]
    ) -> Iterator[_Candidate]:
        """Yield those who can board, with their chance of the tour's family."""
        stops, family_of = asked.departure.boarding_point_ids, self._offers.family_of_tour()
        for some in batches(customers, TOGETHER):
            rows = self._features.online(RECOMMENDER, self._operator_id, some, self._clock())
            rows = [row for row in rows if _stop(row) is None or _stop(row) in stops]
            contexts = [Context(row.features["usual_travel_month"], _stop(row)) for row in rows]
            with self._database.reading() as connection:
                log = TripsOfMany(connection, self._operator_id)
                ids = [row.customer_id for row in rows]
                histories = histories_of_many(log, ids, family_of, with_party=recommender.mixing.party > 0)
            chances = chances_of_family(recommender, asked.tour.family_id, histories, contexts, new)
            for row, history, context, chance in zip(rows, histories, contexts, chances, strict=True):
                yield _Candidate(-float(chance), row.customer_id, history, context)

    def _invited(
        self,
        best: Sequence[_Candidate],
        asked: Target,
        recommender: Recommender,
        new: Sequence[Newcomer],
        reach: Mapping[str, Reach],
        channel: str | None,
        language: Language,
    ) -> list[Invitee]:
        family, names = asked.tour.family_id, self._offers.family_names(language)
        newcomers = Newcomers(recommender.likeness, new)
        preferred = self._channels.likeliest([one.customer_id for one in best], reach, self._clock())
        invited = []
        for rank, one in enumerate(best, start=1):
            evidence = newcomers.explain(one.history, family) or recommender.explain(
                one.history, one.context, family
            )
            invited.append(
                Invitee(
                    customer_id=one.customer_id,
                    rank=rank,
                    score=-one.minus_score,
                    reason=suggestion_reason(evidence, names, language),
                    channel=cast(Channel | None, channel or preferred[one.customer_id]),
                    channels=cast(list[Channel], sorted(reach[one.customer_id].channels)),
                )
            )
        return invited


class _Counted(Iterator[_Candidate]):
    """Counts what passes."""

    def __init__(self, source: Iterator[_Candidate]):
        self._source = source
        self.count = 0

    def __next__(self) -> _Candidate:
        one = next(self._source)
        self.count += 1
        return one


def _stop(row: OnlineRow) -> Any:
    return row.features["preferred_boarding_point"]


def _excluded(found: Invitable, scored: int, invited: int) -> NotInvited:
    return NotInvited(
        other_segment=found.other_segment,
        no_consent=found.no_consent,
        already_travelling=found.already_travelling,
        stop_out_of_reach=len(found.customers) - scored,
        channel=found.not_by_channel,
        lower_ranked=scored - invited,
    )
