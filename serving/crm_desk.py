"""The CRM screen's desk, served by the answers of the process."""

from collections.abc import Callable
from typing import TypeVar

import anyio

from activity_log.timeline import TimelineFilter
from serving.answers import Answers
from serving.bookings import travel_record
from serving.consents import consent_state
from serving.crm.formats import office_day
from serving.crm.records import ConsentState, SegmentOverview, SegmentPage, SlippingAway, TravelRecord
from serving.languages import language_of
from serving.replies import CustomerHit, CustomerInsight, TimelinePage
from serving.segment_views import SegmentViews, segment_page

T = TypeVar("T")


class CrmDesk:
    """The CRM screen's way to the answers: each in a thread, so that the page never holds up the widget."""

    def __init__(self, answers: Callable[[], Answers]):
        self._answers = answers
        self._segments = SegmentViews()

    async def search(self, operator_id: str, query: str, language: str) -> list[CustomerHit]:
        """Find customers."""
        return await _aside(lambda: self._answers().search_customers(operator_id, query))

    async def insight(self, operator_id: str, customer_id: str, language: str) -> CustomerInsight:
        """Return the profile, with identity."""
        spoken = language_of(language)
        return await _aside(
            lambda: self._answers().customer_insight(operator_id, customer_id, spoken, with_person=True)
        )

    async def travels(self, operator_id: str, customer_id: str, language: str) -> TravelRecord:
        """Return the bookings, as of today at the operator's office."""
        answers, spoken = self._answers(), language_of(language)
        today = office_day(answers.now())

        def read() -> TravelRecord:
            with answers.database.reading() as connection:
                return travel_record(connection, operator_id, customer_id, spoken, today)

        return await _aside(read)

    async def consent(self, operator_id: str, customer_id: str) -> ConsentState:
        """Return what the customer agreed to."""

        def read() -> ConsentState:
            with self._answers().database.reading() as connection:
                return consent_state(connection, operator_id, customer_id)

        return await _aside(read)

    async def timeline(
        self, operator_id: str, customer_id: str, language: str, cursor: str | None, only: TimelineFilter
    ) -> TimelinePage:
        """Return a page of touchpoints."""
        spoken = language_of(language)
        return await _aside(
            lambda: self._answers().customer_timeline(operator_id, customer_id, spoken, cursor, only)
        )

    async def slipping_away(self, operator_id: str, language: str) -> SlippingAway:
        """Return the customers with the greatest expected loss."""
        return await _aside(lambda: self._answers().slipping_away(operator_id, language_of(language)))

    async def segments(self, operator_id: str, language: str) -> SegmentOverview:
        """Return all segments."""

        def read() -> SegmentOverview:
            with self._answers().database.reading() as connection:
                return self._segments.overview(connection, operator_id, language_of(language))

        return await _aside(read)

    async def segment(self, operator_id: str, segment_id: str, language: str, page: int) -> SegmentPage:
        """Return a page of members."""

        def read() -> SegmentPage:
            with self._answers().database.reading() as connection:
                return segment_page(connection, operator_id, segment_id, language_of(language), page)

        return await _aside(read)


async def _aside(answer: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(answer)
