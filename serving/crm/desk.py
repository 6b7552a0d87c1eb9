"""What the CRM screen asks of the rest of the service."""

from typing import Protocol

from activity_log.timeline import TimelineFilter
from serving.crm.records import ConsentState, SegmentOverview, SegmentPage, SlippingAway, TravelRecord
from serving.replies import CustomerHit, CustomerInsight, TimelinePage


class Desk(Protocol):
    """The answers a dispatcher needs. `language` is `de` or `en`.

    What asks for one customer raises `activity_log.errors.UnknownCustomerError`.
    """

    async def search(self, operator_id: str, query: str, language: str) -> list[CustomerHit]:
        """Return up to 20 customers that match a name, phone number, e-mail or postcode, best first."""

    async def insight(self, operator_id: str, customer_id: str, language: str) -> CustomerInsight:
        """Return the profile."""

    async def travels(self, operator_id: str, customer_id: str, language: str) -> TravelRecord:
        """Return all bookings, who travels along, and the next trip."""

    async def consent(self, operator_id: str, customer_id: str) -> ConsentState:
        """Return what the customer agreed to."""

    async def timeline(
        self, operator_id: str, customer_id: str, language: str, cursor: str | None, only: TimelineFilter
    ) -> TimelinePage:
        """Return one page of touchpoints, newest first, of those that `only` lets pass."""

    async def slipping_away(self, operator_id: str, language: str) -> SlippingAway:
        """Return the customers with the greatest expected loss, the greatest first.

        Raises `activity_log.errors.NoModelError` while no churn model is live.
        """

    async def segments(self, operator_id: str, language: str) -> SegmentOverview:
        """Return all segments in use with their sizes, and where they overlap."""

    async def segment(self, operator_id: str, segment_id: str, language: str, page: int) -> SegmentPage:
        """Return a page of a segment's members. Raises `activity_log.segments.definitions.UnknownSegmentError`."""


class CrmAccess(Protocol):
    """Who may see the CRM screen."""

    def verify(self, token: str) -> str:
        """Return the operator of a valid token with role `crm`. Raises `serving.access.AccessDeniedError`."""
