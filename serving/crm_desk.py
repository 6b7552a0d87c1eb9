"""The CRM screen's desk, served by the answers of the process."""

from collections.abc import Callable

import anyio

from serving.answers import Answers
from serving.crm.desk import SlippingCustomer
from serving.languages import language_of
from serving.replies import CustomerHit, CustomerInsight, TimelinePage


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
