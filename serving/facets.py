"""One side of a customer at a time: RFM, value, what stands out, segments. The CustomerInsight has them all."""

from typing import Any

from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.errors import NoModelError
from activity_log.operators import Operator
from activity_log.segments.reading import segments_of
from feature_repo.store import OnlineRow
from models.registry import Loaded
from serving.guests import Guests
from serving.insight_texts import no_booking, no_model, not_computed
from serving.languages import Language
from serving.live_models import LiveModels
from serving.profiles import Profiles
from serving.replies import ChurnRisk, CustomerClv, CustomerInsights, CustomerRfm, SegmentMembership
from serving.worth import customer_insights, customer_value, rfm_score


class Facets:
    """The customers of one operator. A merged person's answers are the survivor's."""

    def __init__(
        self,
        database: Database,
        operator: Operator,
        guests: Guests,
        profiles: Profiles,
        models: LiveModels,
        clock: Clock,
    ):
        self._database = database
        self._operator_id = operator.operator_id
        self._guests = guests
        self._profiles = profiles
        self._models = models
        self._clock = clock

    def rfm(self, customer_id: str, language: Language) -> CustomerRfm:
        """Return the fifths and what they are of. Raises UnknownCustomerError."""
        row, value = self._row(customer_id), self._models.live_or_none("value", self._operator_id)
        score, known = rfm_score(row, value, language), row.features
        return CustomerRfm(
            customer_id=row.customer_id,
            as_of=row.as_of,
            days_since_last_booking=known["days_since_last_booking"],
            total_bookings=known["total_bookings"],
            lifetime_revenue=known["lifetime_revenue"],
            currency=known["currency"],
            score=score,
            note=None if score else _why_no_fifths(row, value, language),
        )

    def clv(self, customer_id: str, language: Language) -> CustomerClv:
        """Return what the customer is expected to bring. Raises UnknownCustomerError."""
        row = self._row(customer_id)
        value = customer_value(
            row, self._models.live_or_none("value", self._operator_id), self._clock(), language
        )
        return CustomerClv(customer_id=row.customer_id, **dict(value))

    def insights(self, customer_id: str, language: Language) -> CustomerInsights:
        """Return what stands out, the weightiest first. Raises UnknownCustomerError."""
        row = self._row(customer_id)
        risk = self._risk(row.customer_id, language)
        found = customer_insights(row, risk, self._models.live_or_none("value", self._operator_id), language)
        return CustomerInsights(customer_id=row.customer_id, as_of=row.as_of, insights=found)

    def segments(self, customer_id: str, language: Language) -> list[SegmentMembership]:
        """Return the segments the customer is in, by their ids. Raises UnknownCustomerError."""
        customer_id = self._guests.find(customer_id, self._clock())[0]
        with self._database.reading() as connection:
            found = segments_of(connection, self._operator_id, customer_id)
        return [
            SegmentMembership(
                segment_id=one.segment_id,
                name=one.name_in(language),
                kind=one.kind,
                member_since=one.valid_from,
            )
            for one in found
        ]

    def _row(self, customer_id: str) -> OnlineRow:
        return self._profiles.behaviour(self._guests.find(customer_id, self._clock())[0], self._clock())

    def _risk(self, customer_id: str, language: Language) -> ChurnRisk | None:
        try:
            return self._profiles.churn_risks([customer_id], language, self._clock())[0]
        except NoModelError:
            return None


def _why_no_fifths(row: OnlineRow, value: Loaded[Any] | None, language: Language) -> str:
    if row.as_of is None:
        return not_computed(language)
    if not row.features["total_bookings"]:
        return no_booking(language)
    return no_model(language) if value is None else too_few_customers(language)


def too_few_customers(language: Language) -> str:
    """Say why there are no fifths."""
    return {
        "de": "Für Fünftel haben noch zu wenige Kunden gebucht.",
        "en": "Too few customers have booked for fifths yet.",
    }[language]
