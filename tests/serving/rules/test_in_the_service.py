"""Rules where they count: in the lists of an operator without a model, and over HTTP with the tokens of each role."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from activity_log.catalogue import Catalogue, catalogue
from activity_log.clock import utc_now
from activity_log.database import Database, open_database
from activity_log.gate import Gate
from activity_log.ingestion import ingest
from activity_log.operators import register_operator
from activity_log.rules import keeping
from activity_log.rules.drafts import RuleDraft
from activity_log.settings import load_settings
from activity_log.vault import Vault
from serving.access import TokenKeys
from serving.answers import Answers
from serving.cors import Origins
from serving.gate import AccessGate
from serving.limits import Limits
from serving.replies import RecommendationModel
from serving.requests import Filters
from serving.rules.rulebook import Rulebook
from serving.visitor import Visitor
from serving.web import add_routes

NOW = utc_now()
TOURS = {"föhr": "Nordsee", "mainau": "Bodensee", "lübeck": "Ostsee"}


def events() -> Iterator[dict[str, Any]]:
    """Three tours, one departure each, a month after the other."""
    common = {
        "specversion": "1.0",
        "source": "commerce",
        "operatorid": "nordlicht",
        "time": "2026-01-01T00:00:00Z",
    }
    for month, (tour, region) in enumerate(TOURS.items(), 1):
        names = {"de": tour.title(), "en": tour.title()}
        data = {"tour_id": f"{tour}-27", "family_id": tour, "name": names, "region": region, "theme": "x",
                "nights": 3, "price_from": "100.00"}  # fmt: skip
        yield common | {"id": f"t-{tour}", "type": "TourPublished", "data": data}
        day = (NOW + timedelta(days=30 * month)).date().isoformat()
        data = {"departure_id": f"{tour}-d", "tour_id": f"{tour}-27", "departs_on": day, "seats_total": 40,
                "seats_left": 9, "price": "100.00", "boarding_point_ids": ["hamburg"]}  # fmt: skip
        yield common | {"id": f"d-{tour}", "type": "DepartureScheduled", "data": data}


class NoModels:
    """A registry in which nothing was ever promoted."""

    def version(self, operator_id: str, task: str, alias: str) -> None:
        return None


class Desk:
    """A small operator, the service's web app behind the gate, and a clock for the rulebook."""

    def __init__(self, home: Path):
        self.database: Database = open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))
        register_operator(self.database, "nordlicht", name="Nordlicht Reisen", now=NOW)
        register_operator(self.database, "fremd", now=NOW)
        gate = Gate({"nordlicht"}, NOW)
        assert ingest(self.database, [gate.admit_document(one) for one in events()], NOW).accepted == 6
        self.answers = Answers(self.database, None, NoModels())  # type: ignore[arg-type]
        self.keys = TokenKeys(home / "keys")
        web = Starlette()
        add_routes(web, lambda: self.keys)
        web.state.answers = self.answers
        limits, origins = Limits(load_settings(home=home)), Origins({})
        self.app = AccessGate(web, lambda: self.keys, lambda: limits, lambda: origins)

    def list_for(self, visitor: Visitor, n: int = 3, **filters: Any) -> RecommendationModel:
        return self.answers.recommend("nordlicht", visitor, "de", Filters(**filters), n)

    def shown(self, n: int = 3) -> list[str]:
        return [item.family_id for item in self.list_for(Visitor(), n).items]

    def shown_within_a_second(self, wanted: list[str]) -> bool:
        deadline = monotonic() + 1.0
        while monotonic() < deadline:
            if self.shown() == wanted:
                return True
        return False

    def catalogue(self) -> Catalogue:
        with self.database.reading() as connection:
            return catalogue(connection, "nordlicht")

    def add(self, **draft: Any) -> keeping.Rule:
        with self.database.writing() as connection:
            return keeping.add(connection, "nordlicht", RuleDraft.model_validate(draft), "test", utc_now())

    def ask(
        self, method: str, path: str, body: Any = None, role: str = "marketing", operator: str = "nordlicht"
    ):
        token = self.keys.mint(operator, role, now=utc_now())
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        content = None if body is None else json.dumps(body)

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, headers=headers, content=content)

        return anyio.run(send)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.database.close()


PIN = {"kind": "pin", "position": 1, "target": {"family_id": "lübeck"}}


def test_lists_follow_a_rule_within_a_second(desk: Desk):
    """As the running service does it: answers come from memory, which a thread keeps level."""
    assert desk.shown() == ["föhr", "mainau", "lübeck"]
    desk.answers.follow()
    rule = desk.add(**PIN)
    assert desk.shown_within_a_second(["lübeck", "föhr", "mainau"])
    with desk.database.writing() as connection:
        keeping.withdraw(connection, "nordlicht", rule.rule_id, "test", utc_now())
    assert desk.shown_within_a_second(["föhr", "mainau", "lübeck"])


def test_a_rule_ends_on_time_without_anybody_changing_it(desk: Desk):
    desk.add(**PIN | {"valid_to": utc_now() + timedelta(days=1)})
    book, known = Rulebook(desk.database, "nordlicht"), desk.catalogue()
    book.look()
    assert book.in_force(known, utc_now()).pins
    assert book.in_force(known, utc_now()) is book.in_force(known, utc_now()), "made once"
    assert not book.in_force(known, utc_now() + timedelta(days=1))


def test_a_pinned_tour_says_who_recommends_it_and_by_which_rule(desk: Desk):
    desk.add(**PIN)
    first, *others = desk.list_for(Visitor()).items
    assert (first.reason.kind, first.reason.text) == ("operator_pick", "Empfehlung von Nordlicht Reisen.")
    assert first.reason.evidence == {"rules": [1]}
    assert {one.reason.kind for one in others} == {"next_departures"}


def test_a_pin_asks_what_the_visitor_may_see(desk: Desk):
    desk.add(**PIN)
    only = desk.list_for(Visitor(), regions=["Nordsee"])
    elsewhere = desk.list_for(Visitor(boarding_point="münchen"))
    assert [item.family_id for item in only.items] == ["föhr"]
    assert elsewhere.items == []


def test_a_boost_counts_where_no_model_has_scored(desk: Desk):
    desk.add(kind="boost", factor=4, target={"region": "Ostsee"})
    assert desk.shown() == ["lübeck", "föhr", "mainau"]


def test_marketing_adds_previews_withdraws_and_sees_it_all(desk: Desk):
    tried = desk.ask("POST", "/rules/preview", {"propose": [PIN], "n": 2}).json()
    assert (tried["lists"], tried["lists_changed"]) == (1, 1)
    assert [place["tour_id"] for place in tried["visitors"][0]["after"]] == ["lübeck-27", "föhr-27"]
    assert desk.ask("GET", "/rules").json() == []
    added = desk.ask("POST", "/rules", PIN | {"note": "Advent füllen", "created_by": "Maren"})
    assert added.status_code == 201
    assert (added.json()["rule_id"], added.json()["created_by"], added.json()["in_force"]) == (
        1,
        "Maren",
        True,
    )
    replaced = desk.ask("POST", "/rules", PIN | {"position": 2, "replaces": 1}).json()
    assert [one["rule_id"] for one in desk.ask("GET", "/rules", role="crm").json()] == [replaced["rule_id"]]
    ended = desk.ask("POST", "/rules/2/withdraw").json()
    assert (ended["in_force"], ended["withdrawn_by"]) == (False, "marketing")
    assert desk.ask("GET", "/rules").json() == []
    assert desk.ask("POST", "/rules/preview", {}).json()["rules"] == []
    everything = desk.ask("GET", "/rules?all=1").json()
    assert [(one["rule_id"], one["replaced_by"]) for one in everything] == [(1, 2), (2, None)]


def test_a_target_that_nobody_published_is_remarked(desk: Desk):
    body = {"kind": "exclude", "target": {"region": "Nordse"}}
    assert desk.ask("POST", "/rules", body).json()["remarks"] == [
        "The catalogue has no 'Nordse'. Did you mean 'Nordsee'?"
    ]


@pytest.mark.parametrize(
    ("method", "path", "role", "status"),
    [
        ("GET", "/rules", "crm", 200), ("GET", "/rules", "widget", 403), ("GET", "/rules", "analyst", 403),
        ("POST", "/rules", "crm", 403), ("POST", "/rules/1/withdraw", "crm", 403),
        ("POST", "/rules/preview", "crm", 200), ("POST", "/rules/preview", "widget", 403),
        ("POST", "/rules/9/withdraw", "marketing", 404), ("POST", "/rules/x/withdraw", "marketing", 404),
    ],
)  # fmt: skip
def test_who_may_do_what(desk: Desk, method: str, path: str, role: str, status: int):
    reply = desk.ask(method, path, PIN if path == "/rules" and method == "POST" else {}, role=role)
    assert reply.status_code == status, reply.text


@pytest.mark.parametrize(
    ("path", "body", "detail"),
    [
        ("/rules", {"kind": "pin", "target": {"family_id": "x"}}, "position: a rule of kind 'pin' needs it"),
        ("/rules", {"kind": "pin", "positon": 1}, "positon: Extra inputs are not permitted"),
        ("/rules", [], "Input should be an object"),
        ("/rules", PIN | {"replaces": 7}, "operator 'nordlicht' has no rule 7"),
        (
            "/rules/preview",
            {"propose": [{"kind": "boost"}]},
            "propose.0: factor: a rule of kind 'boost' needs it",
        ),
        ("/rules/preview", {"sample": 1000}, "sample: Input should be less than or equal to 50"),
        ("/rules/preview", {"withdraw": [7]}, "operator 'nordlicht' has no rule 7"),
        ("/rules/preview", {"customers": ["c-nobody"]}, "unknown customer: c-nobody"),
    ],
)
def test_what_is_wrong_is_named(desk: Desk, path: str, body: Any, detail: str):
    reply = desk.ask("POST", path, body)
    assert reply.status_code in (400, 404)
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"].startswith(detail)
    assert desk.ask("GET", "/rules?all=1").json() == []
