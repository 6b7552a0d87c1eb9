"""Asking a running service for everything it answers, and printing what came."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from activity_log.errors import BusflowError
from activity_log.settings import Settings
from busflow.console import say

if TYPE_CHECKING:
    from serving.access import Role

READY_WITHIN_SECONDS = 180
SHOWN = 700


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Question(NamedTuple):
    """A request, and the status it must be answered with."""

    method: str
    path: str
    role: "Role | None"
    body: Any = None
    status: int = 200


def wait_until_ready(base: str, service: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait for the service. Raises BusflowError if it ends or takes too long."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if service.poll() is not None:
            raise BusflowError(f"the service ended at once (is the port taken?); see {log}")
        try:
            if ask(f"{base}/readyz", "GET").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise BusflowError(f"the service was not ready within {READY_WITHIN_SECONDS} seconds; see {log}")


def check_endpoints(settings: Settings, operator_id: str, base: str, customer_id: str, now: datetime) -> None:
    """Query every endpoint and print the answers. Raises BusflowError if one has the wrong status."""
    from serving.access import ROLES, TokenKeys

    keys = TokenKeys(settings.keys_dir)
    tokens = {role: keys.mint(operator_id, role, now=now) for role in ROLES}
    tour_id = _suggested_tour(base, tokens["crm"], customer_id)
    wrong = []
    for question in _questions(operator_id, customer_id, tour_id, now):
        headers = {"Authorization": f"Bearer {tokens[question.role]}"} if question.role else {}
        answer = ask(base + question.path, question.method, question.body, headers)
        sys.stdout.write(
            f"\n{question.method} {question.path} ({question.role or 'no token'}) -> {answer.status}\n"
        )
        sys.stdout.write(answer.body.decode(errors="replace")[:SHOWN] + "\n")
        if answer.status != question.status:
            wrong.append(f"{question.method} {question.path}: {answer.status} instead of {question.status}")
    if wrong:
        raise BusflowError("; ".join(wrong))
    say("every endpoint answered as it should")


def ask(url: str, method: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Send one request; an error status is an answer like any other. Raises OSError without a server."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 (our own loopback service)
        url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return Answer(response.status, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read())


def _suggested_tour(base: str, token: str, customer_id: str) -> str:
    answer = ask(
        f"{base}/recommend", "POST", {"customer_id": customer_id}, {"Authorization": f"Bearer {token}"}
    )
    items = json.loads(answer.body).get("items") if answer.status == 200 else None
    if not items:
        raise BusflowError(f"/recommend suggested nothing: {answer.body.decode(errors='replace')[:SHOWN]}")
    return str(items[0]["tour_id"])


def _questions(operator_id: str, customer_id: str, tour_id: str, now: datetime) -> list[Question]:
    consent = {
        "specversion": "1.0", "id": "demo-check-1", "source": "backoffice", "type": "ConsentGranted",
        "time": now.isoformat(), "operatorid": operator_id,
        "data": {"person_profile_id": "p-000001", "purpose": "newsletter"},
    }  # fmt: skip
    return [
        Question("GET", "/livez", None),
        Question("GET", "/readyz", None),
        Question("GET", "/metrics", "analyst"),
        Question("POST", "/recommend", None, {"n": 3}, 401),
        Question("POST", "/recommend", "widget", {"n": 3}),
        Question("POST", "/recommend", "crm", {"customer_id": customer_id, "n": 3}),
        Question("POST", "/also_booked", "widget", {"tour_id": tour_id, "n": 3}),
        Question("POST", "/churn_risk", "crm", {"customer_ids": [customer_id]}),
        Question("POST", "/customer_insight", "crm", {"customer_id": customer_id}),
        Question("POST", "/customer_insight", "widget", {"customer_id": customer_id}, 403),
        Question("POST", "/events", "ingest", consent, 202),
        Question("POST", "/events", "ingest", [consent, {"id": "demo-bad", "type": "Nonsense"}], 202),
        Question(
            "POST", "/recommend/batch", "marketing", {"customer_ids": [customer_id, "c-nobody"], "n": 2}
        ),
        Question("POST", "/churn_risk", "analyst", {"customer_ids": [customer_id], "reasons": False}),
        Question("POST", "/customer_insight/batch", "analyst", {"customer_ids": [customer_id]}),
        Question("POST", "/invite", "marketing", {"tour_id": tour_id, "n": 3}),
        Question("POST", "/invite", "widget", {"tour_id": tour_id}, 403),
        Question("POST", "/invite", "marketing", {"tour_id": "atlantis-2027"}, 404),
        Question("GET", "/customers?q=mei", "crm"),
        Question("GET", "/customers?q=Schmdit&limit=3", "crm"),
        Question("GET", f"/customers/{customer_id}/timeline", "crm"),
        *(
            Question("GET", f"/customers/{customer_id}/{side}", "analyst")
            for side in ("rfm", "clv", "insights", "segments")
        ),
        Question("GET", "/segments", "marketing"),
        Question("GET", "/segments/overlaps", "marketing"),
        Question("GET", "/segments/no-such-segment/members", "marketing", None, 404),
        Question("GET", "/recommendations/no-such-list", "crm", None, 404),
        Question("GET", "/openapi.json", "analyst"),
        Question("GET", "/v1/segments", "analyst"),
        Question("GET", "/v2/segments", "analyst", None, 404),
        Question("GET", "/crm", None, None, 401),
        Question("GET", "/widget.js", None),
        Question("GET", "/widget/demo", None),
    ]
