import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from activity_log import tracing
from activity_log.database import open_database
from activity_log.ingestion import ingest_events
from tests.activity_log.fresh_logs import VAULT, fresh_log
from tests.activity_log.stories import NOW, Books, anna_and_bernd

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.configure_tracing(provider)
    yield exporter
    tracing.trace_with(None)


def test_without_an_endpoint_nothing_is_traced_and_nothing_loaded():
    program = (
        "import sys; from activity_log import tracing; tracing.configure_tracing()\n"
        "with tracing.span('x') as span: assert span is None\n"
        "assert tracing.current_traceparent() is None and not tracing.is_tracing()\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": "."}, check=False).returncode == 0
    )


def test_an_endpoint_in_the_environment_starts_tracing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "busflow-test")
    tracing.configure_tracing()
    try:
        assert tracing.is_tracing()
    finally:
        tracing.trace_with(None)


def test_a_request_is_part_of_the_trace_its_caller_began(spans: InMemorySpanExporter):
    with (
        tracing.request_span("POST /events", {"traceparent": TRACEPARENT}, http_route="/events"),
        tracing.span("ingest batch", events=3),
    ):
        out = tracing.current_traceparent()
    inner, request = spans.get_finished_spans()
    assert f"{request.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == CALLER
    assert dict(request.attributes) == {"http.route": "/events"}
    assert inner.parent.span_id == request.context.span_id
    assert dict(inner.attributes) == {"busflow.events": 3}
    assert out == f"00-{TRACE}-{inner.context.span_id:016x}-01"


def test_a_traceparent_that_is_none_begins_a_new_trace(spans: InMemorySpanExporter):
    with tracing.request_span("GET /customers", {"traceparent": "nonsense"}):
        pass
    [request] = spans.get_finished_spans()
    assert request.parent is None


def test_a_batch_is_linked_to_the_traces_its_events_come_from(spans: InMemorySpanExporter):
    events = [{"id": str(n), "traceparent": f"00-{TRACE}-{n:016x}-01"} for n in (1, 2, 2)]
    raws = [json.dumps(event).encode() for event in [*events, {"id": "x", "traceparent": "?"}, {"id": "y"}]]
    with tracing.batch_span("ingest batch", raws, events=len(raws)):
        pass
    [batch] = spans.get_finished_spans()
    assert [f"{link.context.trace_id:032x}-{link.context.span_id:x}" for link in batch.links] == [
        f"{TRACE}-1", f"{TRACE}-2"
    ]  # fmt: skip


def test_only_the_first_traces_of_a_large_batch_are_linked(spans: InMemorySpanExporter):
    raws = (b'{"traceparent": "00-%s-%016x-01"}' % (TRACE.encode(), n) for n in range(1, 1_000))
    with tracing.batch_span("ingest batch", raws):
        pass
    assert len(spans.get_finished_spans()[0].links) == tracing.MOST_LINKS


def test_taking_events_in_is_a_span_with_one_for_each_read_model(spans: InMemorySpanExporter, tmp_path: Path):
    event = anna_and_bernd(Books())[0] | {"traceparent": TRACEPARENT}
    with fresh_log("sqlite", tmp_path) as url, closing(open_database(url, VAULT)) as log:
        ingest_events(log, [json.dumps(event).encode()], way="http", now=NOW)
    told = spans.get_finished_spans()
    [ingest] = [one for one in told if one.name == "ingest"]
    projected = [one for one in told if one.name == "project"]
    assert ingest.attributes["busflow.way"] == "http"
    assert [f"{link.context.trace_id:032x}" for link in ingest.links] == [TRACE]
    assert {one.attributes["busflow.read_model"] for one in projected} >= {"profiles", "timeline"}
    assert {one.parent.span_id for one in projected} == {ingest.context.span_id}
    assert "anna" not in "".join(one.to_json() for one in told).lower()
