"""What a request leaves behind: in the log, in the figures, in a trace; and that none of it names anybody."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from activity_log import tracing
from activity_log.settings import load_settings
from activity_log.telemetry import configure_logging, logger
from serving.observability import Observed, RouteNames, ScrapeDoor

from .conftest import METRICS_TOKEN

PERSON = {"given_name": "Friedhelm", "family_name": "Katzenellenbogen", "email": "fk@example.org",
          "phone": "0421 555 0107", "birth_date": "1941-02-03", "postcode": "28195"}  # fmt: skip


async def _customer(request: Request) -> Response:
    return PlainTextResponse(request.path_params["customer_id"])


async def _explode(request: Request) -> Response:
    body = await request.body()
    logger("serving").warning("about to fail", body=body.decode(), customer=json.loads(body))
    raise LookupError(body.decode())


def observed_app() -> Observed:
    routes = [
        Route("/customers/{customer_id}", _customer),
        Route("/explode", _explode, methods=["POST"]),
        Mount("/files", Starlette()),
    ]
    return Observed(Starlette(routes=routes), RouteNames(["/recommend", "/livez"], routes))


class Client:
    """Asks an application without a server."""

    def __init__(self, app: ASGIApp):
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return anyio.run(ask)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)


@pytest.fixture
def client() -> Client:
    return Client(observed_app())


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, stream = (root.handlers, root.level), io.StringIO()
    configure_logging(load_settings(log_level="debug", log_format="json"), stream)
    yield stream
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.configure_tracing(provider)
    yield exporter
    tracing.trace_with(None)


def requests_in(log: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "request"]


def timed(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("busflow_http_request_seconds_count", labels) or 0


def test_a_request_is_one_line_by_its_route_not_by_its_path(client: Client, log: io.StringIO):
    reply = client.get("/customers/c-0815?q=Katzenellenbogen", headers={"X-Request-ID": "from-the-proxy-1"})
    [line] = requests_in(log)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/customers/{customer_id}", 200)
    assert line["request_id"] == reply.headers["x-request-id"] == "from-the-proxy-1"
    assert line["ms"] >= 0
    assert "c-0815" not in log.getvalue()
    assert "Katzenellenbogen" not in log.getvalue()


@pytest.mark.parametrize("theirs", ["", "x" * 65, "two words", "a\tb", "{}"])
def test_an_id_that_is_none_is_replaced(client: Client, theirs: str):
    ids = {
        client.get("/recommend", headers={"X-Request-ID": theirs}).headers["x-request-id"] for _ in range(2)
    }
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)


@pytest.mark.parametrize(
    ("method", "path", "status", "labels"),
    [
        ("GET", "/customers/c-1", 200, ("GET", "/customers/{customer_id}")),
        ("POST", "/customers/c-1", 405, ("POST", "/customers/{customer_id}")),
        ("GET", "/recommend", 404, ("GET", "/recommend")),
        ("GET", "/files/a/b", 404, ("GET", "/files")),
        ("GET", "/wp-admin/1", 404, ("GET", "unmatched")),
        ("BREW", "/coffee", 404, ("OTHER", "unmatched")),
        ("POST", "/explode", 500, ("POST", "/explode")),
    ],
)
def test_figures_are_by_route_and_nobody_can_make_more_of_them(client: Client, method, path, status, labels):
    before = timed(*labels, status)
    client.request(method, path, content=b"{}")
    assert timed(*labels, status) == before + 1


@pytest.mark.parametrize(
    ("method", "path", "told_from"),
    [("GET", "/customers/c-1", "debug"), ("GET", "/recommend", "info"), ("POST", "/explode", "error")],
)
def test_what_goes_well_is_told_only_to_who_listens_closely(client: Client, log, method, path, told_from):
    client.request(method, path, content=b"{}")
    assert [line["level"] for line in requests_in(log)] == [told_from]


def test_health_checks_are_counted_but_not_told(client: Client, log: io.StringIO):
    client.get("/livez")
    assert requests_in(log) == []
    assert timed("GET", "/livez", 404) > 0


def test_a_request_that_fails_leaves_a_line_but_not_its_body(client: Client, log: io.StringIO):
    assert client.request("POST", "/explode", json=PERSON).status_code == 500
    [line] = requests_in(log)
    assert (line["level"], line["status"]) == ("error", 500)
    assert "about to fail" in log.getvalue()
    for value in PERSON.values():
        assert value not in log.getvalue()


def test_lines_of_one_request_carry_nothing_of_the_one_before(client: Client, log: io.StringIO):
    with structlog.contextvars.bound_contextvars(operator="somebody else"):
        client.get("/recommend")
    assert "operator" not in requests_in(log)[0]


def test_a_request_is_a_span_in_its_callers_trace(client: Client, spans: InMemorySpanExporter):
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    client.get("/customers/c-1", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    [span] = spans.get_finished_spans()
    assert (span.name, f"{span.context.trace_id:032x}") == ("GET /customers/{customer_id}", trace)
    assert dict(span.attributes) == {
        "http.request.method": "GET", "http.route": "/customers/{customer_id}", "http.response.status_code": 200
    }  # fmt: skip


def test_a_failing_request_is_a_failed_span_that_quotes_nobody(client: Client, spans: InMemorySpanExporter):
    client.request("POST", "/explode", json=PERSON)
    [span] = spans.get_finished_spans()
    assert span.attributes["http.response.status_code"] == 500
    assert not span.status.is_ok
    for value in PERSON.values():
        assert value not in span.to_json()


# The door for the scraper


class _Everything:
    def of_all(self) -> bytes:
        return b"everything\n"


@pytest.mark.parametrize(
    ("token", "shown", "status"),
    [
        (SecretStr("s3cret"), "Bearer s3cret", 200),
        (SecretStr("s3cret"), "Bearer s3cre", 404),
        (SecretStr("s3cret"), "Bearer s3crét", 404),
        (SecretStr("s3cret"), "", 404),
        (None, "Bearer None", 404),
        (None, "Bearer ", 404),
        (None, "", 404),
    ],
)
def test_who_shows_the_metrics_token_sees_everything_all_others_go_on_to_the_gate(token, shown, status):
    behind = Starlette(routes=[])
    door = ScrapeDoor(behind, token=lambda: token, figures=_Everything)
    reply = Client(door).get("/metrics", headers={"Authorization": shown.encode("latin-1")})
    assert reply.status_code == status
    assert (reply.text == "everything\n") == (status == 200)


def test_the_metrics_token_opens_nothing_else():
    door = ScrapeDoor(Starlette(routes=[]), token=lambda: SecretStr("s3cret"), figures=_Everything)
    for path in ("/metrics/", "/metrics/x", "/events", "/"):
        assert Client(door).get(path, headers={"Authorization": "Bearer s3cret"}).status_code == 404


# The running service


def figures(text: str) -> list[tuple[str, dict[str, str], float]]:
    families = text_string_to_metric_families(text)
    return [(one.name, one.labels, one.value) for family in families for one in family.samples]


def test_an_analyst_sees_the_figures_of_the_own_operator_only(service):
    shown = figures(service.ask("GET", "/metrics", "analyst").text)
    operators = {labels["operator"] for _, labels, _ in shown if "operator" in labels}
    assert operators == {"nordlicht"}
    assert {name for name, _, _ in shown} >= {"busflow_events_total", "busflow_projection_lag_seconds"}
    assert not [
        name for name, _, _ in shown if name.startswith(("busflow_http", "busflow_ingest", "bentoml"))
    ]


def test_the_scraper_sees_all_operators_and_every_route_by_its_name(service):
    service.ask("GET", "/customers/c-nobody/timeline", "crm")
    service.post("/recommend", "widget", {})
    service.post("/events", "ingest", [service.event("o-1", "ConsentGranted", "backoffice")])
    shown = figures(service.ask("GET", "/metrics", token=METRICS_TOKEN).text)
    routes = {labels["route"] for name, labels, _ in shown if name == "busflow_http_request_seconds_count"}
    assert routes >= {"/recommend", "/events", "/customers/{customer_id}/timeline"}
    assert "c-nobody" not in str(shown)
    assert {labels["way"] for name, labels, _ in shown if name == "busflow_ingest_batch_seconds_count"} == {
        "http"
    }
    assert not [name for name, _, _ in shown if name.startswith("bentoml")], (
        "its own are labelled by raw paths"
    )
    lags = {labels["operator"] for name, labels, _ in shown if name == "busflow_projection_lag_events"}
    assert lags == {"nordlicht", "fremd", "leer"}


def test_the_scrapers_token_opens_nothing_but_the_figures(service):
    for path in ("/customers?q=a", "/docs.json", "/customers/c-1/timeline"):
        assert service.ask("GET", path, token=METRICS_TOKEN).status_code == 401


def test_the_log_of_the_service_names_nobody(service):
    data = {"person_profile_id": "p-obs", **PERSON, "locale": "de", "marketing_consent": False}
    good = service.event("obs-1", "PersonProfileUpdated", "backoffice", **data)
    bad = service.event("obs-2", "PersonProfileUpdated", "operations", **data)
    worse = service.event(
        "obs-3", "PersonProfileUpdated", "backoffice", **data | {"birth_date": PERSON["email"]}
    )
    receipt = service.post("/events", "ingest", [good, bad, worse]).json()
    assert (receipt["accepted"], len(receipt["quarantined"])) == (1, 2)
    assert service.ask("POST", "/events", "ingest", content=json.dumps(good)[:-1]).status_code == 400
    assert service.post("/recommend", "crm", {"customer_id": [PERSON["email"]]}).status_code == 400
    assert service.post("/feedback", "widget", {"kind": PERSON["email"]}).status_code == 400
    assert service.ask("GET", f"/customers?q={PERSON['family_name']}", "crm").status_code == 200
    ended = service.ask("GET", "/livez", headers={"X-Request-ID": "the-end"})
    assert ended.headers["x-request-id"] == "the-end"
    written = service.log.read_text()
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    told = [(one["route"], one["status"]) for one in lines if one["event"] == "request"]
    assert {
        ("/events", 202),
        ("/events", 400),
        ("/recommend", 400),
        ("/feedback", 400),
        ("/customers", 200),
    } <= set(told)
    assert "nordlicht" in {one.get("operator") for one in lines}
    for value in (*PERSON.values(), *(service.token(role) for role in ("ingest", "crm"))):
        assert value not in written
