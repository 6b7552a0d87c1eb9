"""Everything the service can answer, wired once per process: database, features, models, and clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import anyio

from activity_log import reading
from activity_log.clock import Clock, utc_now
from activity_log.database import Database, open_log
from activity_log.errors import NoModelError
from activity_log.gate import Gate, Rejected
from activity_log.ingestion import Receipt, ingest, ingest_body
from activity_log.operators import Operator, find_operator
from activity_log.segments.reading import segments_of
from activity_log.settings import Settings
from activity_log.timeline import EVERYTHING, TimelineFilter
from feature_repo.store import CustomerFeatures, OnlineRow, open_features
from models.card import Task
from models.churn import band
from models.registry import Loaded, ModelRegistry
from serving.crm.desk import SlippingCustomer
from serving.facets import Facets
from serving.feedback import FeedbackRefusedError, feedback_event, seen
from serving.finding import Finding
from serving.inviting import Inviting
from serving.languages import Language, language_of
from serving.live_models import LiveModels
from serving.logged_recommendations import UnknownRecommendationError
from serving.profiles import Profiles, behavior_aggregate
from serving.recommending import Recommending, Visitor
from serving.replies import (
    ChurnRisk,
    CustomerHit,
    CustomerInsight,
    LoggedRecommendation,
    RecommendationModel,
    TimelinePage,
)
from serving.requests import Feedback, Filters
from serving.segment_pages import SegmentPages
from serving.showing import Showing
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
SLIPPING_CUSTOMERS = 20
SCORED_TOGETHER = 500
SCORES_KEPT = timedelta(minutes=5)


@dataclass(frozen=True)
class _Tenant:
    profiles: Profiles
    recommending: Recommending
    finding: Finding
    facets: Facets
    segments: SegmentPages
    inviting: Inviting


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
        self._slipping: dict[str, tuple[datetime, list[SlippingCustomer]]] = {}

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
        self, operator_id: str, customer_ids: Sequence[str], language: Language, *, reasons: bool = True
    ) -> list[ChurnRisk]:
        """Score customers, merged people once, as the survivor.

        Raises UnknownCustomerError naming all unknown ids, and NoModelError.
        """
        profiles = self._tenant(operator_id).profiles
        counted_as = profiles.counted_as(customer_ids)
        return profiles.churn_risks(counted_as, language, self._clock(), reasons=reasons)

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
        """Find customers by part of a name, e-mail or phone, or by id; the first page."""
        return self.finding(operator_id).page(query)[0]

    def finding(self, operator_id: str) -> Finding:
        """Return the search over an operator's people. Raises UnknownOperatorError, as all of these do."""
        return self._tenant(operator_id).finding

    def facets(self, operator_id: str) -> Facets:
        """Return what tells one side of a customer at a time."""
        return self._tenant(operator_id).facets

    def segment_pages(self, operator_id: str) -> SegmentPages:
        """Return the segments of an operator."""
        return self._tenant(operator_id).segments

    def inviting(self, operator_id: str) -> Inviting:
        """Return what ranks customers for a departure."""
        return self._tenant(operator_id).inviting

    def logged_recommendation(
        self, operator_id: str, recommendation_id: str, language: Language
    ) -> LoggedRecommendation:
        """Return a list as it was answered. Raises UnknownRecommendationError."""
        self._operator(operator_id)
        raise UnknownRecommendationError(recommendation_id)

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

    def slipping_customers(self, operator_id: str) -> list[SlippingCustomer]:
        """Return who is likely to be lost, most revenue at risk first; scored again every few minutes.

        Raises NoModelError while no churn model is live.
        """
        now = self._clock()
        scored_at, slipping = self._slipping.get(operator_id, (None, []))
        if scored_at is None or now - scored_at >= SCORES_KEPT:
            slipping = self._score_all(operator_id, now)
            self._slipping[operator_id] = (now, slipping)
        return slipping

    def _score_all(self, operator_id: str, now: datetime) -> list[SlippingCustomer]:
        profiles = self._tenant(operator_id).profiles
        with self._database.reading() as connection:
            everybody = reading.all_customers(connection, operator_id)
        batches = [
            everybody[start : start + SCORED_TOGETHER] for start in range(0, len(everybody), SCORED_TOGETHER)
        ]
        scored = [entry for batch in batches for entry in profiles.churn_probabilities(batch, now)]
        at_risk = [(row, probability) for row, probability in scored if band(probability) != "low"]
        at_risk.sort(
            key=lambda entry: (-entry[1] * entry[0].features["lifetime_revenue"], entry[0].customer_id)
        )
        return [
            self._slipping_customer(profiles, row, probability, now)
            for row, probability in at_risk[:SLIPPING_CUSTOMERS]
        ]

    @staticmethod
    def _slipping_customer(
        profiles: Profiles, row: OnlineRow, probability: float, now: datetime
    ) -> SlippingCustomer:
        person = profiles.person(row.customer_id)
        known = profiles.behaviour(row.customer_id, now).features
        return SlippingCustomer(
            customer_id=row.customer_id,
            name=f"{person.given_name} {person.family_name}",
            probability=probability,
            band=band(probability),
            lifetime_revenue=known["lifetime_revenue"],
            currency=known["currency"],
            last_booking_at=known["last_booking_at"],
        )

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
            self._tenants[operator_id] = _Tenant(
                profiles,
                recommending,
                Finding(self._database, operator),
                Facets(self._database, operator, profiles, self._models, self._clock),
                SegmentPages(self._database, operator),
                Inviting(
                    self._database, operator, self._features, self._models, recommending.offers, self._clock
                ),
            )
        return self._tenants[operator_id]


class CrmDesk:
    """The CRM screen's way to the answers: each in a thread, so that the page never holds up the widget."""

    def __init__(self, answers: Callable[[], Answers]):
        self._answers = answers

    async def search(self, operator_id: str, query: str, language: str) -> list[CustomerHit]:
        """Find customers."""
        return await anyio.to_thread.run_sync(self._answers().search_customers, operator_id, query)

    async def insight(self, operator_id: str, customer_id: str, language: str) -> CustomerInsight:
        """Return the profile, with identity."""
        spoken = language_of(language)
        return await anyio.to_thread.run_sync(
            lambda: self._answers().customer_insight(operator_id, customer_id, spoken, with_person=True)
        )

    async def timeline(
        self, operator_id: str, customer_id: str, language: str, cursor: str | None
    ) -> TimelinePage:
        """Return a page of touchpoints."""
        return await anyio.to_thread.run_sync(
            self._answers().customer_timeline, operator_id, customer_id, language_of(language), cursor
        )

    async def slipping_away(self, operator_id: str, language: str) -> list[SlippingCustomer]:
        """Return the customers with the most revenue at risk."""
        return await anyio.to_thread.run_sync(self._answers().slipping_customers, operator_id)


def open_answers(settings: Settings, clock: Clock = utc_now) -> Answers:
    """Wire the answers of an installation."""
    database = open_log(settings)
    features, registry = open_features(settings), ModelRegistry(settings)
    tickets = Tickets.open(settings.keys_dir)
    return Answers(database, features, registry, clock, tickets=tickets, explore=settings.explore)
