"""What the CRM screen asks of the rest of the service."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from serving.replies import Band, CustomerHit, CustomerInsight, TimelinePage


@dataclass(frozen=True)
class SlippingCustomer:
    """A customer worth a call: likely to book nothing more, and worth much so far.

    probability: 0-1, as in `ChurnRisk`. last_booking_at: aware; null when the customer only travelled.
    """

    customer_id: str
    name: str
    probability: float
    band: Band
    lifetime_revenue: float
    currency: str | None
    last_booking_at: datetime | None


class Desk(Protocol):
    """The answers a dispatcher needs. `language` is `de` or `en`."""

    async def search(self, operator_id: str, query: str, language: str) -> list[CustomerHit]:
        """Return up to 20 customers that match a name, phone number, e-mail or postcode, best first."""

    async def insight(self, operator_id: str, customer_id: str, language: str) -> CustomerInsight:
        """Return the profile. Raises `activity_log.errors.UnknownCustomerError`."""

    async def timeline(
        self, operator_id: str, customer_id: str, language: str, cursor: str | None
    ) -> TimelinePage:
        """Return one page of touchpoints, newest first. Raises `activity_log.errors.UnknownCustomerError`."""

    async def slipping_away(self, operator_id: str, language: str) -> list[SlippingCustomer]:
        """Return the customers with the most revenue at risk, most first.

        Raises `activity_log.errors.NoModelError` while no churn model is live.
        """


class CrmAccess(Protocol):
    """Who may see the CRM screen."""

    def verify(self, token: str) -> str:
        """Return the operator of a valid token with role `crm`. Raises `serving.access.AccessDeniedError`."""
