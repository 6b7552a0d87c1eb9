"""Everything the service can answer, wired once per process: database, features, models, and clock."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import anyio
import structlog

from activity_log.clock import Clock, utc_now
from activity_log.database import Database, open_log
from activity_log.errors import BusflowError
from activity_log.gate import Gate, Rejected
from activity_log.ingestion import Receipt, ingest, ingest_body
from activity_log.operators import Operator, find_operator, list_operators
from activity_log.settings import Settings
from activity_log.timeline import EVERYTHING, TimelineFilter
from feature_repo.store import CustomerFeatures, open_features
from models.registry import ModelRegistry
from serving.answer_writer import AnswerWriter
from serving.crm.records import SlippingAway
from serving.facets import Facets
from serving.feedback import FeedbackRefusedError, feedback_event, seen
from serving.finding import Finding
from serving.following import Following
from serving.guests import NOBODY, Guest
from serving.inviting import Inviting
from serving.languages import Language
from serving.live_models import LiveModels
from serving.logged_recommendations import logged_recommendation
from serving.lookups import LookupFailedError, Lookups, NotReadyError
from serving.offers import NO_FILTERS
from serving.recommending import Answer, Asked, Trouble, logged
from serving.replies import (
    ChurnRisk,
    CustomerHit,
    CustomerInsight,
    LoggedRecommendation,
    RecommendationModel,
    TimelinePage,
)
from serving.requests import Feedback, Filters
from serving.rules.answering import RulesAnswers
from serving.segment_pages import SegmentPages
from serving.showing import Showing
from serving.tenants import Tenant
from serving.tickets import Tickets
from serving.visitor import Visitor
from serving.whole_customer import WholeCustomer

INSIGHT_ITEMS = 5
AT_ONCE = 4
"""So many customers are scored without a thread of their own: changing to one costs as much as scoring them."""

_log = structlog.get_logger("serving.answers")


class Answers:
    """What the endpoints and the CRM screen ask.

    Until `follow` is called every question looks at the log first; afterwards threads of ours keep all operators
    that were asked about level with it, and `recommend_soon` answers from memory.
    """

    def __init__(
        self,
        database: Database,
        features: CustomerFeatures,
        registry: ModelRegistry,
        clock: Clock = utc_now,
        *,
        tickets: Tickets | None = None,
        explore: Mapping[str, float] | None = None,
        writer: AnswerWriter | None = None,
    ):
        self._database = database
        self._features = features
        self._models = LiveModels(registry)
        self._tickets = tickets or Tickets.of_this_process()
        self._explore = explore or {}
        self._clock = clock
        self._writer = writer
        self._operators: dict[str, Operator] = {}
        self._tenants: dict[str, Tenant] = {}
        self._following: Following | None = None
        self._lookups = Lookups()
        self._whole = WholeCustomer(database, self._models)
        self.rules = RulesAnswers(database, self._level, clock)

    def follow(self, operator_ids: Collection[str] = ()) -> None:
        """Keep operators level with the log from now on, in threads of ours: these, and all that are asked about."""
        self._following = Following(self._tenants, self._clock)
        self._following.start(lambda: [self._tenant(one) for one in operator_ids])

    def readiness(self) -> list[str]:
        """Name what must be read before this process should be sent requests; nothing: all is.

        Once ready it stays so: when a server goes away later, it answers from what it knows.
        """
        return self._following.missing() if self._following else []

    def operators(self) -> list[str]:
        """Return all operators there are."""
        return [one.operator_id for one in list_operators(self._database)]

    def close(self) -> None:
        """Write what waits to be logged. Raises what the database raises."""
        if self._writer is not None:
            self._writer.flush()

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
        tenant, guest = self._level(operator_id), NOBODY
        if visitor.customer_id is not None:
            customer_id, guest = tenant.guests.find(visitor.customer_id, self._clock())
            visitor = replace(visitor, customer_id=customer_id)
        asked = Asked(visitor, filters or NO_FILTERS, n, language, explore)
        return self._advise(tenant, asked, guest)

    async def recommend_soon(
        self,
        operator_id: str,
        visitor: Visitor,
        language: Language,
        filters: Filters | None = None,
        n: int = INSIGHT_ITEMS,
        *,
        explore: bool = False,
    ) -> RecommendationModel:
        """Suggest trips, in time whatever happens: what is not at hand soon enough is done without.

        Raises UnknownCustomerError for a customer nobody is, UnknownOperatorError, and NotReadyError.
        """
        asked = Asked(visitor, filters or NO_FILTERS, n, language, explore, "recommend")
        tenant = self._tenants.get(operator_id)
        if tenant is None:
            tenant = await self._first_met(operator_id)
        if visitor.customer_id is None:
            return self._advise(tenant, asked, NOBODY)
        found = tenant.guests.at_hand(visitor.customer_id) if self._following else None
        if found is None:
            customer_id = visitor.customer_id
            try:
                found = await self._lookups.within(lambda: self._find(operator_id, customer_id))
            except LookupFailedError as failed:
                return self._advise(tenant, asked, NOBODY, failed.trouble)
        customer_id, guest = found
        if customer_id != visitor.customer_id:
            asked = asked._replace(visitor=replace(visitor, customer_id=customer_id))
        return self._advise(tenant, asked, guest)

    async def _first_met(self, operator_id: str) -> Tenant:
        """Read an operator whom this process has not met. Raises UnknownOperatorError, and NotReadyError."""
        try:
            return await anyio.to_thread.run_sync(self._level, operator_id)
        except BusflowError:
            raise
        except Exception as error:  # whatever the database's driver raises
            _log.warning("operator not read yet", operator=operator_id, kind=type(error).__name__)
            raise NotReadyError(operator_id) from error

    def also_booked(self, operator_id: str, tour_id: str, n: int, language: Language) -> RecommendationModel:
        """Suggest what bookers of a tour booked too. Raises UnknownTourError and NoModelError."""
        tenant, now = self._level(operator_id), self._clock()
        loaded = self._models.recommender(operator_id)
        shelf = tenant.shelf(now)
        rules = tenant.rules(now)
        answer = tenant.recommending.also_booked(loaded, shelf, rules, tour_id, n, language, now)
        self._log(operator_id, "also_booked", answer)
        return answer.reply

    def _find(self, operator_id: str, customer_id: str) -> tuple[str, Guest]:
        return self._level(operator_id).guests.find(customer_id, self._clock())

    def _advise(
        self, tenant: Tenant, asked: Asked, guest: Guest, trouble: Trouble | None = None
    ) -> RecommendationModel:
        now = self._clock()
        answer = tenant.recommend(asked, guest, now, trouble=trouble)
        self._log(tenant.operator.operator_id, asked.endpoint, answer)
        return answer.reply

    def _log(self, operator_id: str, endpoint: str, answer: Answer) -> None:
        if self._writer is not None:
            self._writer.take(partial(logged, operator_id, endpoint, answer))

    def churn_risk(
        self, operator_id: str, customer_ids: Sequence[str], language: Language, *, reasons: bool = True
    ) -> list[ChurnRisk]:
        """Score customers, merged people once, as the survivor.

        Raises UnknownCustomerError naming all unknown ids, and NoModelError.
        """
        tenant, now = self._level(operator_id), self._clock()
        counted_as = tenant.guests.counted_as(customer_ids, now)
        return tenant.churn_risks(counted_as, language, now, reasons=reasons)

    async def churn_risk_soon(
        self, operator_id: str, customer_ids: Sequence[str], language: Language, *, reasons: bool = True
    ) -> list[ChurnRisk]:
        """Score customers as `churn_risk` does: a few at once if they are at hand, so that no file is read."""
        judge = partial(self.churn_risk, operator_id, customer_ids, language, reasons=reasons)
        if len(customer_ids) <= AT_ONCE and self._are_at_hand(operator_id, customer_ids):
            return judge()
        return await anyio.to_thread.run_sync(judge)

    def _are_at_hand(self, operator_id: str, customer_ids: Sequence[str]) -> bool:
        """Say whether customers can be scored from memory."""
        tenant = self._tenants.get(operator_id) if self._following else None
        return (
            tenant is not None
            and self._models.is_at_hand("churn", operator_id)
            and all(map(tenant.guests.has_features, customer_ids))
        )

    def customer_insight(
        self, operator_id: str, customer_id: str, language: Language, *, with_person: bool
    ) -> CustomerInsight:
        """Return the 360° profile; a merged person's is the survivor's. Raises UnknownCustomerError."""
        tenant, now = self._level(operator_id), self._clock()
        customer_id, guest = tenant.guests.find(customer_id, now)
        asked = Asked(Visitor(customer_id), NO_FILTERS, INSIGHT_ITEMS, language, endpoint="customer_insight")
        offers = self._advise(tenant, asked, guest)
        return self._whole.insight(tenant, customer_id, guest, offers, language, now, with_person=with_person)

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
        tenant, now = self._level(operator_id), self._clock()
        ticket = self._tickets.read(operator_id, feedback.recommendation_id)
        person = tenant.profiles.person_profile_id(ticket.customer_id) if ticket else None
        families = tenant.offers.programme.family_of_tour if ticket and ticket.alternatives else {}
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
        return self._level(operator_id).facets

    def segment_pages(self, operator_id: str) -> SegmentPages:
        """Return the segments of an operator."""
        return self._tenant(operator_id).segments

    def inviting(self, operator_id: str) -> Inviting:
        """Return what ranks customers for a departure, as the log knows it now: that takes long anyway."""
        tenant = self._tenant(operator_id)
        tenant.look(self._clock())
        return tenant.inviting

    def logged_recommendation(
        self, operator_id: str, recommendation_id: str, language: Language
    ) -> LoggedRecommendation:
        """Return a list as it was answered. Raises UnknownRecommendationError.

        What was answered a moment ago is written first.
        """
        self._operator(operator_id)
        if self._writer is not None:
            self._writer.flush()
        with self._database.reading() as connection:
            return logged_recommendation(connection, operator_id, recommendation_id)

    def customer_timeline(
        self,
        operator_id: str,
        customer_id: str,
        language: Language,
        cursor: str | None,
        only: TimelineFilter = EVERYTHING,
    ) -> TimelinePage:
        """Return a page of touchpoints, newest first. Raises UnknownCustomerError and BadCursorError."""
        tenant = self._level(operator_id)
        customer_id, _ = tenant.guests.find(customer_id, self._clock())
        return tenant.profiles.timeline(customer_id, language, cursor, only)

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

    def _operator(self, operator_id: str) -> Operator:
        """Look an operator up, once: none ever changes."""
        if operator_id not in self._operators:
            self._operators[operator_id] = find_operator(self._database, operator_id)
        return self._operators[operator_id]

    def _tenant(self, operator_id: str) -> Tenant:
        if operator_id not in self._tenants:
            operator = self._operator(operator_id)
            showing = Showing(self._tickets, operator_id, self._explore.get(operator_id, 0.0))
            tenant = Tenant(self._database, operator, self._features, self._models, showing, self._clock)
            tenant.look(self._clock())
            self._tenants.setdefault(operator_id, tenant)
        return self._tenants[operator_id]

    def _level(self, operator_id: str) -> Tenant:
        """Return an operator as level with the log as it is kept."""
        tenant = self._tenant(operator_id)
        if self._following is None:
            tenant.look(self._clock())
        return tenant


def open_answers(settings: Settings, clock: Clock = utc_now) -> Answers:
    """Wire the answers of an installation."""
    database = open_log(settings)
    features, registry = open_features(settings), ModelRegistry(settings, must_answer=False)
    tickets = Tickets.open(settings.keys_dir)
    writer = AnswerWriter(database, clock)
    return Answers(
        database, features, registry, clock, tickets=tickets, explore=settings.explore, writer=writer
    )
