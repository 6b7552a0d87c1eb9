"""Everything the service can answer, wired once per process: database, features, models, and clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activity_log.clock import Clock, utc_now
from activity_log.database import Database, open_log
from activity_log.errors import NoModelError
from activity_log.gate import Gate, Rejected
from activity_log.ingestion import Receipt, ingest, ingest_body
from activity_log.operators import Operator, find_operator
from activity_log.segments.reading import segments_of
from activity_log.settings import Settings
from activity_log.timeline import EVERYTHING, TimelineFilter
from feature_repo.store import CustomerFeatures, open_features
from models.card import Task
from models.registry import Loaded, ModelRegistry
from serving.crm.records import SlippingAway
from serving.feedback import FeedbackRefusedError, feedback_event, seen
from serving.languages import Language
from serving.live_models import LiveModels
from serving.profiles import Profiles, behavior_aggregate
from serving.recommending import Recommending, Visitor
from serving.replies import ChurnRisk, CustomerHit, CustomerInsight, RecommendationModel, TimelinePage
from serving.requests import Feedback, Filters
from serving.showing import Showing
from serving.slipping import Slipping
from serving.tickets import Tickets
from serving.worth import (
    channel_preference,
    customer_insights,
    customer_value,
    engagement_score,
    purchase_pattern,
    rfm_score,
)

INSIGHT_ITEMS = 5


@dataclass(frozen=True)
class _Tenant:
    profiles: Profiles
    recommending: Recommending
    slipping: Slipping


class Answers:
    """What the endpoints and the CRM screen ask."""

    def __init__(
        self,
        database: Database,
        features: CustomerFeatures,
        registry: ModelRegistry,
        clock: Clock = utc_now,
        *,
        tickets: Tickets | None = None,
        explore: Mapping[str, float] | None = None,
    ):
        self._database = database
        self._features = features
        self._models = LiveModels(registry)
        self._tickets = tickets or Tickets.of_this_process()
        self._explore = explore or {}
        self._clock = clock
        self._operators: dict[str, Operator] = {}
        self._tenants: dict[str, _Tenant] = {}

    def recommend(
        self,
        operator_id: str,
        visitor: Visitor,
        language: Language,
        filters: Filters | None = None,
        n: int = INSIGHT_ITEMS,
        *,
        explore: bool = False,
    ) -> RecommendationModel:
        """Suggest trips. Raises UnknownCustomerError for a customer nobody is.

        explore: for visitors whose feedback will come; see `Recommending.recommend`.
        """
        tenant = self._tenant(operator_id)
        if visitor.customer_id is not None:
            customer_id = tenant.profiles.canonical(visitor.customer_id)
            visitor = Visitor(customer_id, visitor.viewed_tours, visitor.boarding_point)
        return tenant.recommending.recommend(
            visitor, filters or Filters(), n, language, self._clock(), explore=explore
        )

    def also_booked(self, operator_id: str, tour_id: str, n: int, language: Language) -> RecommendationModel:
        """Suggest what bookers of a tour booked too. Raises UnknownTourError and NoModelError."""
        return self._tenant(operator_id).recommending.also_booked(tour_id, n, language, self._clock())

    def churn_risk(
        self, operator_id: str, customer_ids: Sequence[str], language: Language
    ) -> list[ChurnRisk]:
        """Score customers, merged people once, as the survivor.

        Raises UnknownCustomerError naming all unknown ids, and NoModelError.
        """
        profiles = self._tenant(operator_id).profiles
        return profiles.churn_risks(profiles.counted_as(customer_ids), language, self._clock())

    def customer_insight(
        self, operator_id: str, customer_id: str, language: Language, *, with_person: bool
    ) -> CustomerInsight:
        """Return the 360° profile; a merged person's is the survivor's. Raises UnknownCustomerError."""
        tenant = self._tenant(operator_id)
        customer_id = tenant.profiles.canonical(customer_id)
        now = self._clock()
        row = tenant.profiles.behaviour(customer_id, now)
        risk = self._risk(tenant, customer_id, language)
        value, channels = self._live("value", operator_id), self._live("channel", operator_id)
        return CustomerInsight(
            customer_id=customer_id,
            person=tenant.profiles.person(customer_id) if with_person else None,
            as_of=row.as_of,
            behavior=behavior_aggregate(row, tenant.recommending.offers.family_names(language)),
            engagement=engagement_score(row, risk, language),
            channel_preference=channel_preference(row, channels, language),
            segments=self._segments(operator_id, customer_id, language),
            churn_risk=risk,
            recommendations=self.recommend(operator_id, Visitor(customer_id), language),
            timeline=tenant.profiles.timeline(customer_id, language).entries,
            value=customer_value(row, value, now, language),
            rfm=rfm_score(row, value, language),
            purchase_pattern=purchase_pattern(row),
            insights=customer_insights(row, risk, value, language),
        )

    def post_events(self, operator_id: str, body: bytes) -> Receipt:
        """Bring posted CloudEvents in; an event of another operator than the caller's is quarantined.

        Raises UnknownOperatorError, and what `ingest_body` raises.
        """
        operators = {operator_id: self._operator(operator_id)}
        return ingest_body(
            self._database, body, now=self._clock(), only_operator=operator_id, operators=operators
        )

    def give_feedback(self, operator_id: str, feedback: Feedback) -> None:
        """Log that a suggestion was shown or clicked; saying it twice changes nothing.

        To whom it was shown, by which model, and with which propensity is read from the recommendation id.
        Raises UnknownOperatorError, and FeedbackRefusedError for what is no event or was not shown.
        """
        tenant, now = self._tenant(operator_id), self._clock()
        ticket = self._tickets.read(operator_id, feedback.recommendation_id)
        person = tenant.profiles.person_profile_id(ticket.customer_id) if ticket else None
        families = tenant.recommending.offers.family_of_tour() if ticket and ticket.alternatives else {}
        event = feedback_event(
            operator_id, feedback, seen(operator_id, feedback, ticket, families, person), now
        )
        admission = Gate({operator_id}, now).admit_document(event)
        if isinstance(admission, Rejected):
            raise FeedbackRefusedError(admission.reason.replace("data.", ""))
        ingest(self._database, [admission], now)

    def search_customers(self, operator_id: str, query: str) -> list[CustomerHit]:
        """Find customers by part of a name, e-mail or phone, or by id."""
        return self._tenant(operator_id).profiles.search(query)

    def customer_timeline(
        self,
        operator_id: str,
        customer_id: str,
        language: Language,
        cursor: str | None,
        only: TimelineFilter = EVERYTHING,
    ) -> TimelinePage:
        """Return a page of touchpoints, newest first. Raises UnknownCustomerError and BadCursorError."""
        return self._tenant(operator_id).profiles.timeline(customer_id, language, cursor, only)

    def slipping_away(self, operator_id: str, language: Language) -> SlippingAway:
        """Return who is likely to be lost, the greatest expected loss first. Raises NoModelError."""
        tenant = self._tenant(operator_id)
        return tenant.slipping.away(tenant.profiles, language, self._clock())

    @property
    def database(self) -> Database:
        """The log's database, for what needs neither features nor models."""
        return self._database

    def now(self) -> datetime:
        """Return the moment by this installation's clock."""
        return self._clock()

    def _risk(self, tenant: _Tenant, customer_id: str, language: Language) -> ChurnRisk | None:
        try:
            return tenant.profiles.churn_risks([customer_id], language, self._clock())[0]
        except NoModelError:
            return None

    def _live(self, task: Task, operator_id: str) -> Loaded[Any] | None:
        try:
            return self._models.live(task, operator_id)
        except NoModelError:
            return None

    def _segments(self, operator_id: str, customer_id: str, language: Language) -> list[str]:
        with self._database.reading() as connection:
            found = segments_of(connection, operator_id, customer_id)
        return [membership.name_in(language) for membership in found]

    def _operator(self, operator_id: str) -> Operator:
        """Look an operator up, once: none ever changes."""
        if operator_id not in self._operators:
            self._operators[operator_id] = find_operator(self._database, operator_id)
        return self._operators[operator_id]

    def _tenant(self, operator_id: str) -> _Tenant:
        if operator_id not in self._tenants:
            operator = self._operator(operator_id)
            showing = Showing(self._tickets, operator_id, self._explore.get(operator_id, 0.0))
            recommending = Recommending(self._database, operator, self._features, self._models, showing)
            profiles = Profiles(self._database, operator, self._features, self._models, recommending.offers)
            slipping = Slipping(self._database, self._features, self._models, operator_id)
            self._tenants[operator_id] = _Tenant(profiles, recommending, slipping)
        return self._tenants[operator_id]


def open_answers(settings: Settings, clock: Clock = utc_now) -> Answers:
    """Wire the answers of an installation."""
    database = open_log(settings)
    features, registry = open_features(settings), ModelRegistry(settings)
    tickets = Tickets.open(settings.keys_dir)
    return Answers(database, features, registry, clock, tickets=tickets, explore=settings.explore)
