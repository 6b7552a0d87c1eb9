"""Operator rules in the running service: what marketing says counts for everybody within seconds."""

import time
from typing import Any

import pytest

from .conftest import Service

SOON = 3.0
"""A worker looks for changed rules once a second."""


@pytest.fixture(autouse=True)
def no_rules(service: Service) -> None:
    """Other tests of this service may have left rules of theirs."""
    left = service.ask("GET", "/rules", "crm").json()
    for rule in left:
        service.post(f"/rules/{rule['rule_id']}/withdraw", "marketing", {})
    if left:
        time.sleep(SOON)


def families(service: Service, **asked: Any) -> list[str]:
    found = service.post("/recommend", "crm", {"n": 5, **asked})
    assert found.status_code == 200, found.text
    return [item["family_id"] for item in found.json()["items"]]


def test_exclude_pin_and_withdraw(service: Service, regular: str) -> None:
    before = families(service, customer_id=regular)
    last = before[-1]
    wanted = [
        {"kind": "exclude", "target": {"family_id": before[0]}},
        {"kind": "pin", "position": 1, "target": {"family_id": last}},
    ]
    tried = service.post(
        "/rules/preview", "marketing", {"propose": wanted, "customers": [regular], "sample": 3}
    )
    assert tried.status_code == 200, tried.text
    lists = {one["customer_id"]: one for one in tried.json()["visitors"]}
    assert len(lists) == 5
    assert [rule["proposed"] for rule in tried.json()["rules"]] == [True, True]
    assert families(service, customer_id=regular) == before, "a preview changes nothing"

    rules = [service.post("/rules", "marketing", rule).json()["rule_id"] for rule in wanted]
    try:
        time.sleep(SOON)
        after = service.post("/recommend", "crm", {"n": 5, "customer_id": regular}).json()["items"]
        shown = [item["family_id"] for item in after]
        assert shown[0] == last
        assert before[0] not in shown
        assert [item["position"] for item in after] == list(range(1, len(after) + 1))
        assert after[0]["reason"]["evidence"]["rules"] == [rules[1]]
        place = lists[regular]["after"][0]
        assert (place["tour_id"], place["departure_id"]) == (after[0]["tour_id"], after[0]["departure_id"])
        assert before[0] not in families(service), "nor is it shown to anybody else"
        others = service.post("/also_booked", "crm", {"tour_id": after[0]["tour_id"], "n": 50}).json()[
            "items"
        ]
        assert before[0] not in [item["family_id"] for item in others]
    finally:
        for rule_id in rules:
            assert service.post(f"/rules/{rule_id}/withdraw", "marketing", {}).status_code == 200
    time.sleep(SOON)
    assert families(service, customer_id=regular) == before


def test_only_marketing_writes(service: Service) -> None:
    rule = {"kind": "exclude", "target": {"family_id": "x"}}
    assert service.post("/rules", "crm", rule).status_code == 403
    assert service.ask("GET", "/rules", "crm").json() == []
    assert service.ask("GET", "/rules", "widget").status_code == 403
    refused = service.post("/rules", "marketing", {"kind": "pin"})
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")
    assert refused.json()["detail"].startswith("position: a rule of kind 'pin' needs it")
