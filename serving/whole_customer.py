"""The 360° profile: all sides of one customer, from one reading of the features, kept for a minute."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from activity_log.database import Database
from activity_log.errors import NoModelError
from activity_log.segments.reading import history
from models.card import Task
from serving.guests import Guest
from serving.languages import Language
from serving.live_models import LiveModels
from serving.profiles import behavior_aggregate
from serving.replies import ChurnRisk, CustomerInsight, RecommendationModel
from serving.tenants import Tenant
from serving.worth import (
    channel_preference,
    customer_insights,
    customer_value,
    engagement_score,
    purchase_pattern,
    rfm_score,
)

KEPT_FOR = timedelta(seconds=60)
"""Features move with time, but not much in a minute; what happens meanwhile drops what is kept."""
MOST_KEPT = 2_000
TOUCHPOINTS = 20
JUDGES: tuple[Task, ...] = ("churn", "value", "channel")


class _Kept(NamedTuple):
    """What was told of a customer, and what it was made of, compared by identity."""

    sides: dict[str, Any]
    guest: Guest
    models: tuple[object, ...]
    at: datetime

    def holds(self, guest: Guest, models: tuple[object, ...], now: datetime) -> bool:
        """Say whether nothing has happened since, and not too much time has passed."""
        alike = all(ours is theirs for ours, theirs in zip(self.models, models, strict=True))
        return self.guest is guest and alike and now - self.at <= KEPT_FOR


class WholeCustomer:
    """Makes profiles. Who the person is and what to offer is looked up each time: identity stays in its one place."""

    def __init__(self, database: Database, models: LiveModels):
        self._database = database
        self._models = models
        self._kept: OrderedDict[tuple[str, str, Language], _Kept] = OrderedDict()

    def insight(
        self,
        tenant: Tenant,
        customer_id: str,
        guest: Guest,
        offers: RecommendationModel,
        language: Language,
        now: datetime,
        *,
        with_person: bool,
    ) -> CustomerInsight:
        """Return the profile of a customer, who counts as nobody else. guest: as they are at hand now."""
        operator_id = tenant.operator.operator_id
        models = tuple(self._models.live_or_none(task, operator_id) for task in JUDGES)
        key = (operator_id, customer_id, language)
        kept = self._kept.get(key)
        if kept is None or not kept.holds(guest, models, now):
            kept = _Kept(self._sides(tenant, customer_id, language, now), guest, models, now)
            self._kept[key] = kept
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        person = tenant.profiles.person(customer_id) if with_person else None
        return CustomerInsight(person=person, recommendations=offers, **kept.sides)

    def _sides(self, tenant: Tenant, customer_id: str, language: Language, now: datetime) -> dict[str, Any]:
        """Return the fields of the reply but for person and recommendations."""
        operator_id = tenant.operator.operator_id
        value, channels = (self._models.live_or_none(task, operator_id) for task in JUDGES[1:])
        row = tenant.profiles.behaviour(customer_id, now)
        risk = self._risk(tenant, customer_id, language, now)
        timeline = tenant.profiles.timeline(customer_id, language, most=TOUCHPOINTS)
        return {
            "customer_id": customer_id,
            "as_of": row.as_of,
            "behavior": behavior_aggregate(row, tenant.offers.programme.family_names(language)),
            "engagement": engagement_score(row, risk, language),
            "channel_preference": channel_preference(row, channels, language),
            "segments": self._segments(operator_id, customer_id, language),
            "churn_risk": risk,
            "timeline": timeline.entries,
            "value": customer_value(row, value, now, language),
            "rfm": rfm_score(row, value, language),
            "purchase_pattern": purchase_pattern(row),
            "insights": customer_insights(row, risk, value, language),
        }

    def _segments(self, operator_id: str, customer_id: str, language: Language) -> list[str]:
        with self._database.reading() as connection:
            found = history(connection, operator_id, customer_id)
        return [one.name_in(language) for one in found if one.valid_to is None]

    @staticmethod
    def _risk(tenant: Tenant, customer_id: str, language: Language, now: datetime) -> ChurnRisk | None:
        try:
            return tenant.profiles.churn_risks([customer_id], language, now)[0]
        except NoModelError:
            return None
