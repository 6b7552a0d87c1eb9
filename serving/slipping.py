"""Who is slipping away, by what we would lose: the one definition of expected loss.

Somebody slips away this week who is at risk, has no trip booked, and whose usual time to book has begun, or begins
within a week: a call before that comes too early, and who has just booked needs none.

Expected loss is the chance that a customer books nothing within the churn model's horizon, times the spend that the
value model expects of them; while no value model is live, times what they spent so far.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import nsmallest
from threading import Lock
from typing import NamedTuple

from sqlalchemy import Connection

from activity_log import reading
from activity_log.booked import booked_trips
from activity_log.bulk import batches
from activity_log.database import Database
from activity_log.errors import NoModelError
from activity_log.segments.reach import Reach, reach_of
from feature_repo.services import INSIGHT, VALUE
from feature_repo.store import OnlineRow
from models.churn import ChurnScorer, band, encode
from models.registry import Loaded
from models.value import ValueModel
from serving.breathing import Breather, resting
from serving.crm.records import LossBasis, SlippingAway, SlippingCustomer
from serving.guests import Guests
from serving.languages import Language
from serving.live_models import LiveModels
from serving.profiles import Profiles, Score
from serving.replies import ChurnRisk

CUSTOMERS_SHOWN = 20
CANDIDATES = 3 * CUSTOMERS_SHOWN
SCORED_TOGETHER = 100
SCORED_EVERY = timedelta(minutes=30)
SCORES_HOLD = timedelta(hours=1)
FEATURES_FOLLOW_WITHIN = timedelta(minutes=1)
RESTLESS, RESTFUL = resting(0.0), resting(9.0)
A_WEEK = timedelta(days=7)


class Loss(NamedTuple):
    """What we stand to lose with a customer. probability: of churn, 0-1; amount: in the customer's currency."""

    row: OnlineRow
    probability: float
    amount: float


@dataclass(frozen=True)
class Losses:
    """Those who slip away this week with the greatest losses, the greatest first, as of a moment."""

    basis: LossBasis
    horizon_days: int | None
    as_of: datetime
    greatest: Sequence[Loss]


class Slipping:
    """The customers of one operator who are slipping away; scored again every few minutes."""

    def __init__(self, database: Database, guests: Guests, models: LiveModels, operator_id: str):
        self._database = database
        self._guests = guests
        self._models = models
        self._operator_id = operator_id
        self._kept: Losses | None = None
        self._scoring = Lock()
        self._scores: dict[str, Score] = {}
        self._scored_by: object = None
        self._touched: dict[str, datetime] = {}

    def away(self, profiles: Profiles, language: Language, now: datetime) -> SlippingAway:
        """Return them with names and reasons. Raises NoModelError while no churn model is live."""
        losses = self._losses(now)
        ids = [loss.row.customer_id for loss in losses.greatest]
        risks = {risk.customer_id: risk for risk in profiles.churn_risks(ids, language, now)}
        with self._database.reading() as connection:
            reach = reach_of(connection, self._operator_id, ids)
        known = self._guests.features(INSIGHT, ids, now)
        customers = [
            _customer(profiles, loss, row, risks[row.customer_id], reach[row.customer_id])
            for loss, row in zip(losses.greatest, known, strict=True)
            if row.customer_id in reach  # who was forgotten a moment ago is not
        ]
        return SlippingAway(losses.basis, losses.horizon_days, losses.as_of, customers)

    def score(self, customer_id: str, scorer: Loaded[ChurnScorer], now: datetime) -> Score | None:
        """Return how a customer was scored last, as long as it holds: nothing happened since, by the same model."""
        if self._scored_by is not scorer.model or customer_id in self._touched:
            return None
        kept = self._scores.get(customer_id)
        return kept if kept is not None and now - kept.as_of < SCORES_HOLD else None

    def happened(self, customer_ids: Collection[str], now: datetime) -> None:
        """Take note that something of these happened: how they were scored holds no longer."""
        self._touched |= dict.fromkeys(customer_ids, now)

    def refresh(self, now: datetime) -> None:
        """Score everybody anew if that is due; for a thread that has time. Without a churn model nothing is done."""
        kept = self._kept
        if kept is not None and now - kept.as_of < SCORED_EVERY:
            return
        try:
            with self._scoring:
                self._kept = self._score_all(now, RESTFUL)
        except NoModelError:
            return

    def _losses(self, now: datetime) -> Losses:
        """Return what was scored last; while somebody scores anew, the others see what was before."""
        kept = self._kept
        if kept is not None and (now - kept.as_of < SCORED_EVERY or self._scoring.locked()):
            return kept
        with self._scoring:
            if self._kept is None or self._kept is kept:
                self._kept = self._score_all(now)
            return self._kept

    def _score_all(self, now: datetime, breather: Breather = RESTLESS) -> Losses:
        scorer = self._models.churn(self._operator_id).model
        value = self._value()
        # the features may not know yet what happened a moment ago
        self._touched = {who: at for who, at in self._touched.items() if at > now - FEATURES_FOLLOW_WITHIN}
        scores: dict[str, Score] = {}
        slipping = list[Loss]()
        for rows in breather.between(self._rows(now)):
            scores |= {row.customer_id: Score(None, None, now) for row in rows if row.as_of}
            for loss in expected_losses(rows, scorer, value, now):
                window = scorer.calendar.window(loss.row.features, now)
                scores[loss.row.customer_id] = Score(loss.probability, window, now)
                if slips_this_week(loss, scorer, now):
                    slipping.append(loss)
        self._scores, self._scored_by = scores, scorer
        candidates = nsmallest(CANDIDATES, slipping, key=lambda loss: (-loss.amount, loss.row.customer_id))
        greatest = self._without_a_trip(candidates, now)[:CUSTOMERS_SHOWN]
        basis: LossBasis = "expected_spend" if value else "revenue"
        return Losses(basis, value.horizon_days if value else None, now, greatest)

    def _without_a_trip(self, candidates: Sequence[Loss], now: datetime) -> list[Loss]:
        """Leave out who travels along on a trip ahead that somebody else booked: features know their own only."""
        with self._database.reading() as connection:
            return [
                loss
                for loss in candidates
                if not has_trip_ahead(connection, self._operator_id, loss.row.customer_id, now.date())
            ]

    def _rows(self, now: datetime) -> Iterator[list[OnlineRow]]:
        with self._database.reading() as connection:
            everybody = reading.all_customers(connection, self._operator_id)
        for some in batches(everybody, SCORED_TOGETHER):
            yield self._guests.features(VALUE, some, now)

    def _value(self) -> ValueModel | None:
        try:
            loaded: Loaded[ValueModel] = self._models.live("value", self._operator_id)
        except NoModelError:
            return None
        return loaded.model


def expected_losses(
    rows: Sequence[OnlineRow], scorer: ChurnScorer, value: ValueModel | None, now: datetime
) -> list[Loss]:
    """Return what we stand to lose with each customer who has booked. rows: of the service VALUE."""
    booked = [row for row in rows if row.features["total_bookings"]]
    if not booked:
        return []
    chances = scorer.score(encode(_columns(booked, scorer.features), scorer.features), now)
    amounts = (
        value.forecast(encode(_columns(booked, value.features), value.features), now).spend
        if value
        else [row.features["lifetime_revenue"] for row in booked]
    )
    return [
        Loss(row, float(chance), float(chance) * float(amount))
        for row, chance, amount in zip(booked, chances, amounts, strict=True)
    ]


def slips_this_week(loss: Loss, scorer: ChurnScorer, now: datetime) -> bool:
    """Tell whether a call is due: at risk, no trip ahead, and the time to book has begun, or begins within a week."""
    known = loss.row.features
    if band(loss.probability) == "low" or known["upcoming_trips"]:
        return False
    window = scorer.calendar.window(known, now)
    return window is not None and window.earliest <= (now + A_WEEK).date()


def has_trip_ahead(connection: Connection, operator_id: str, customer_id: str, today: date) -> bool:
    """Tell whether somebody is on a trip from today on that was not cancelled, whoever booked it."""
    trips = booked_trips(connection, operator_id, customer_id)
    return any(trip.departure_date >= today for trip in trips)


def _customer(
    profiles: Profiles, loss: Loss, row: OnlineRow, risk: ChurnRisk, reach: Reach
) -> SlippingCustomer:
    person = profiles.person(row.customer_id)
    return SlippingCustomer(
        customer_id=row.customer_id,
        name=f"{person.given_name} {person.family_name}",
        phone=person.phone,
        probability=loss.probability,
        band=band(loss.probability),
        expected_loss=loss.amount,
        currency=row.features["currency"],
        last_booking_at=row.features["last_booking_at"],
        reason=risk.reasons[0].text if risk.reasons else None,
        window=risk.rebooking_window,
        contact_allowed=reach.contact_allowed,
    )


def _columns(rows: Sequence[OnlineRow], names: Sequence[str]) -> dict[str, list[object]]:
    return {name: [row.features[name] for row in rows] for name in names}
