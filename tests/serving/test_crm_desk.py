"""The screen on the trained Nordlicht: every page answers in both languages, and its lists say what its pages say."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from activity_log.database import open_log
from activity_log.errors import UnknownCustomerError
from feature_repo.store import open_features
from models.registry import ModelRegistry
from serving.answers import Answers
from serving.crm.routes import crm_routes
from serving.crm_desk import CrmDesk


class OpenDoor:
    """Takes everybody for a dispatcher of Nordlicht."""

    def verify(self, token: str) -> str:
        return "nordlicht"


@pytest.fixture(scope="module")
def desk(installation, trained) -> Iterator[CrmDesk]:
    database = open_log(installation)
    answers = Answers(database, open_features(installation), ModelRegistry(installation), lambda: trained.now)
    yield CrmDesk(lambda: answers)
    database.close()


def page(desk: CrmDesk, address: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=crm_routes(desk, OpenDoor())))
        async with httpx.AsyncClient(transport=transport, base_url="http://crm") as client:
            return await client.get(address)

    return asyncio.run(ask())


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_page_answers(desk, regular, another, language):
    for path in ("/crm?", "/crm?q=a", "/crm/slipping?", "/crm/segments?"):
        assert page(desk, f"{path}&lang={language}").status_code == 200
    for customer in (regular, another):
        record = asyncio.run(desk.travels("nordlicht", customer, language))
        profile = page(desk, f"/crm/customers/{customer}?lang={language}")
        assert profile.status_code == 200
        assert record.bookings[0].tour_name in profile.text
        assert page(desk, f"/crm/charts/{customer}?lang={language}").text.count("<svg") == 2


def test_who_slips_away_is_at_risk_without_a_trip_ahead_by_expected_loss(desk):
    away = asyncio.run(desk.slipping_away("nordlicht", "de"))
    losses = [one.expected_loss for one in away.customers]
    assert len(losses) > 3
    assert losses == sorted(losses, reverse=True)
    assert (away.basis, away.horizon_days) == ("expected_spend", 365)
    for one in away.customers:
        assert one.band != "low"
        assert one.window is not None
        assert (one.window.earliest - away.as_of.date()).days <= 7


def test_the_list_says_what_the_page_says(desk):
    away = asyncio.run(desk.slipping_away("nordlicht", "de"))
    for one in away.customers[:3]:
        insight = asyncio.run(desk.insight("nordlicht", one.customer_id, "de"))
        assert insight.churn_risk is not None
        assert insight.value is not None
        assert insight.value.spend is not None
        assert one.probability == pytest.approx(insight.churn_risk.probability)
        assert one.expected_loss == pytest.approx(one.probability * insight.value.spend.expected, abs=0.01)
        assert asyncio.run(desk.travels("nordlicht", one.customer_id, "de")).next_trip is None
        consent = asyncio.run(desk.consent("nordlicht", one.customer_id))
        assert one.contact_allowed == consent.marketing


def test_whom_nobody_knows(desk):
    for ask in (desk.travels("nordlicht", "nobody", "de"), desk.consent("nordlicht", "nobody")):
        with pytest.raises(UnknownCustomerError):
            asyncio.run(ask)
    for path in ("customers", "timelines", "charts"):
        assert page(desk, f"/crm/{path}/nobody").status_code == 404
    assert page(desk, "/crm/segments/nothing").status_code == 404
