"""Who a customer is and what they did: search, timeline, churn risk and the CustomerInsight."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from activity_log import reading
from activity_log.database import Database
from activity_log.errors import UnknownCustomerError
from activity_log.operators import Operator
from activity_log.reading import Profile
from activity_log.timeline import EVERYTHING, PAGE, TimelineFilter, timeline
from feature_repo.services import CHURN, INSIGHT
from feature_repo.store import OnlineRow
from models.churn import ChurnScorer, band, encode
from models.rebooking import RebookingWindow as Window
from models.registry import Loaded
from serving.churn_reasons import churn_reasons, no_booking_reason, not_computed_reason
from serving.cursors import BadCursorError
from serving.guests import Guests
from serving.languages import Language
from serving.live_models import LiveModels, model_info
from serving.offers import Offers
from serving.replies import (
    BehaviorAggregate,
    ChurnRisk,
    Person,
    RebookingWindow,
    TimelineEntry,
    TimelinePage,
)
from serving.timeline_texts import timeline_text

LAST_PLACE = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Score(NamedTuple):
    """How a customer was scored. probability: of churn, 0-1; window: to book; as_of: the moment of the features.

    Who has never booked has neither probability nor window.
    """

    probability: float | None
    window: Window | None
    as_of: datetime


class Profiles:
    """The customers of one operator."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        guests: Guests,
        models: LiveModels,
        offers: Offers,
    ):
        self._database = database
        self._operator = operator
        self._guests = guests
        self._models = models
        self._offers = offers

    def person(self, customer_id: str) -> Person:
        """Return the identity of a customer. Raises UnknownCustomerError."""
        profile = self._profile(customer_id)
        return Person(**{name: getattr(profile, name) for name in Person.model_fields})

    def person_profile_id(self, customer_id: str | None) -> str | None:
        """Return the Backoffice's id of a customer; None for nobody, and for who was forgotten meanwhile."""
        if customer_id is None:
            return None
        with self._database.reading() as connection:
            profile = reading.find_profile(connection, self._operator.operator_id, customer_id)
        return profile.person_profile_id if profile else None

    def timeline(
        self,
        customer_id: str,
        language: Language,
        cursor: str | None = None,
        only: TimelineFilter = EVERYTHING,
        most: int = PAGE,
    ) -> TimelinePage:
        """Return a page of touchpoints, newest first. Raises BadCursorError."""
        before = _read_cursor(cursor) if cursor else None
        with self._database.reading() as connection:
            operator_id = self._operator.operator_id
            rows = timeline(connection, operator_id, customer_id, before, most + 1, only)
        tours = self._offers.programme.tours
        entries = []
        for event, role in rows[:most]:
            tour = tours.get(getattr(event.payload, "tour_id", ""))
            name = tour.name.in_language(language) if tour else None
            entries.append(
                TimelineEntry(
                    event_id=event.event_id,
                    type=event.event_type.name,
                    source=event.event_type.source,
                    occurred_at=event.occurred_at,
                    role=role,
                    text=timeline_text(event.payload, name, language),
                )
            )
        more = len(rows) > most
        last = rows[most - 1].event if more else None
        return TimelinePage(
            entries=entries, next_cursor=_write_cursor(last.occurred_at, last.seq) if last else None
        )

    def churn_risks(
        self, customer_ids: Sequence[str], language: Language, now: datetime, *, reasons: bool = True
    ) -> list[ChurnRisk]:
        """Score customers in the order asked; who has never booked is of unknown risk.

        reasons: which take most of the time. Raises NoModelError while no churn model is live.
        """
        loaded = self._models.churn(self._operator.operator_id)
        found = self._guests.features(CHURN, customer_ids, now)
        rows, matrix = _judged(loaded.model, found)
        risks: dict[str, ChurnRisk] = {}
        for row, probability, moved in zip(
            rows, *_scored(loaded.model, matrix, now, reasons=reasons), strict=True
        ):
            window = _window(row, loaded.model, now)
            risks[row.customer_id] = self._churn_risk(
                row, float(probability), moved, window, loaded, language
            )
        unknown = [_unknown_risk(row, loaded, language) for row in found if row.customer_id not in risks]
        if not reasons:
            unknown = [risk.model_copy(update={"reasons": []}) for risk in unknown]
        risks |= {risk.customer_id: risk for risk in unknown}
        return [risks[row.customer_id] for row in found]

    def behaviour(self, customer_id: str, now: datetime) -> OnlineRow:
        """Return what the features say of a customer, right at `now`."""
        return self._guests.features(INSIGHT, [customer_id], now)[0]

    def _profile(self, customer_id: str) -> Profile:
        with self._database.reading() as connection:
            profile = reading.find_profile(connection, self._operator.operator_id, customer_id)
        if profile is None:
            raise UnknownCustomerError([customer_id])
        return profile

    def _churn_risk(
        self,
        row: OnlineRow,
        probability: float,
        moved: Mapping[str, float],
        window: RebookingWindow | None,
        loaded: Loaded[ChurnScorer],
        language: Language,
    ) -> ChurnRisk:
        named = band(probability)
        return ChurnRisk(
            customer_id=row.customer_id,
            probability=probability,
            band=named,
            horizon_days=loaded.card.horizon_days,
            reasons=churn_reasons(moved, row.features, named, language) if moved else [],
            as_of=row.as_of or loaded.card.as_of,
            model=model_info(loaded),
            rebooking_window=window,
        )


def _scored(
    scorer: ChurnScorer, matrix: npt.NDArray[np.float64], now: datetime, *, reasons: bool
) -> tuple[Sequence[float], Sequence[Mapping[str, float]]]:
    """Return the probability of each row, and what each input added to its log-odds if that is wanted."""
    if not len(matrix):
        return [], []
    if not reasons:
        return scorer.score(matrix, now).tolist(), [{}] * len(matrix)
    explained = scorer.explained(matrix, now)
    moved = [dict(zip(scorer.inputs.names, row, strict=True)) for row in explained.log_odds.tolist()]
    return explained.probabilities.tolist(), moved


def scored_risk(customer_id: str, score: Score, loaded: Loaded[ChurnScorer]) -> ChurnRisk:
    """Return a risk as it was scored before, without reasons."""
    return ChurnRisk(
        customer_id=customer_id,
        probability=score.probability,
        band="unknown" if score.probability is None else band(score.probability),
        horizon_days=loaded.card.horizon_days,
        reasons=[],
        as_of=loaded.card.as_of if score.probability is None else score.as_of,
        model=model_info(loaded),
        rebooking_window=RebookingWindow(**score.window._asdict()) if score.window else None,
    )


def _judged(
    scorer: ChurnScorer, found: Sequence[OnlineRow]
) -> tuple[list[OnlineRow], npt.NDArray[np.float64]]:
    """Return those who have booked, and what the scorer sees of them."""
    rows = [row for row in found if row.features["total_bookings"]]
    columns = {name: [row.features[name] for row in rows] for name in scorer.features}
    return rows, encode(columns, scorer.features)


def _window(row: OnlineRow, scorer: ChurnScorer, now: datetime) -> RebookingWindow | None:
    """Return the expected rebooking window; none for who has never booked."""
    window = scorer.calendar.window(row.features, now)
    return RebookingWindow(**window._asdict()) if window else None


def _unknown_risk(row: OnlineRow, loaded: Loaded[ChurnScorer], language: Language) -> ChurnRisk:
    why = no_booking_reason(language) if row.as_of else not_computed_reason(language)
    return ChurnRisk(
        customer_id=row.customer_id,
        probability=None,
        band="unknown",
        horizon_days=loaded.card.horizon_days,
        reasons=[why],
        as_of=loaded.card.as_of,
        model=model_info(loaded),
    )


def behavior_aggregate(row: OnlineRow, family_names: Mapping[str, str]) -> BehaviorAggregate | None:
    """Return the BehaviorAggregate of a feature row, None for a customer not materialised yet."""
    if row.as_of is None:
        return None
    family = row.features["favourite_family"]
    known = row.features | {"favourite_family_name": family_names.get(family, family)}
    return BehaviorAggregate(**{name: known[name] for name in BehaviorAggregate.model_fields})


def _write_cursor(occurred_at: datetime, seq: int) -> str:
    micros = (occurred_at - _EPOCH) // timedelta(microseconds=1)
    return base64.urlsafe_b64encode(f"{micros}.{seq}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        micros, seq = map(int, base64.urlsafe_b64decode(cursor).decode().split("."))
        if not 0 <= seq <= LAST_PLACE:
            raise ValueError(f"{seq} is no place in the log")
        return _EPOCH + timedelta(microseconds=micros), seq
    except (ValueError, binascii.Error, OverflowError) as error:
        raise BadCursorError(cursor) from error
