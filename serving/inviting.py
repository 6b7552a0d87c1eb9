"""Whom to invite to a departure: of whom one may write to, those whose next booking is likeliest of its family."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from activity_log.bulk import batches
from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.garbage import without_cyclic_gc
from activity_log.operators import Operator
from activity_log.segments.reach import Reach
from feature_repo.store import CustomerFeatures
from models.recommender import Newcomer, Recommender, Visit
from serving.guests import GuestReader
from serving.invitable import Invitable, Target, invitable, target
from serving.languages import Language
from serving.likeliest_channels import LikeliestChannels
from serving.live_models import LiveModels, model_info
from serving.offers import Offers
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
    visit: Visit


class Inviting:
    """Invitations of one operator."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        features: CustomerFeatures,
        models: LiveModels,
        offers: Offers,
        reader: GuestReader,
        clock: Clock,
    ):
        self._database = database
        self._operator_id = operator.operator_id
        self._models = models
        self._offers = offers
        self._reader = reader
        self._clock = clock
        self._channels = LikeliestChannels(operator, features, models)

    def invite(self, wish: InvitationWish, language: Language) -> Invitation:
        """Rank whom to invite. Takes seconds for an operator of 100,000.

        Raises UnknownDepartureError, UnknownTourError, UnknownSegmentError, NotBookableError, and NoModelError.
        """
        with without_cyclic_gc():  # a third of the time, for what never forms a cycle
            return self._invitation(wish, language)

    def _invitation(self, wish: InvitationWish, language: Language) -> Invitation:
        now = self._clock()
        known = self._offers.shelf(now.date()).catalogue
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
        offered = self._offers.shelf(self._clock().date()).newcomers
        return [one for one in offered if one.family not in recommender.counts.index]

    def _scored(
        self, asked: Target, customers: Sequence[str], recommender: Recommender, new: Sequence[Newcomer]
    ) -> Iterator[_Candidate]:
        """Yield those who can board, with their chance of the tour's family."""
        families = (*recommender.families, *(one.family for one in new))
        column, stops = families.index(asked.tour.family_id), asked.departure.boarding_point_ids
        for some in batches(customers, TOGETHER):
            for guests in self._reader.read(some, self._clock(), with_party=recommender.mixing.party > 0):
                visits = {
                    one: guest.visit
                    for one, guest in guests.items()
                    if guest.boarding_point is None or guest.boarding_point in stops
                }
                chances = recommender.chances(list(visits.values()), new)[:, column] if visits else ()
                for (customer_id, visit), chance in zip(visits.items(), chances, strict=True):
                    yield _Candidate(-float(chance), customer_id, visit)

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
        family, names = asked.tour.family_id, self._offers.programme.family_names(language)
        preferred = self._channels.likeliest([one.customer_id for one in best], reach, self._clock())
        invited = []
        for rank, one in enumerate(best, start=1):
            evidence = recommender.explain(*one.visit, family, new)
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


def _excluded(found: Invitable, scored: int, invited: int) -> NotInvited:
    return NotInvited(
        other_segment=found.other_segment,
        no_consent=found.no_consent,
        already_travelling=found.already_travelling,
        stop_out_of_reach=len(found.customers) - scored,
        channel=found.not_by_channel,
        lower_ranked=scored - invited,
    )
