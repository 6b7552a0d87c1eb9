"""Traces by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT says whom to send them to; otherwise nothing is loaded.

Spans carry counts, types and operator ids, never payloads.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
MOST_LINKS = 32
Attribute = str | int | float | bool
NAME = "busflow"

_tracer: "Tracer | None" = None


def configure_tracing(provider: "TracerProvider | None" = None) -> None:
    """Start tracing, if the environment names an OTLP endpoint or a provider is given. Call it once per process."""
    if provider is None and any(os.environ.get(name) for name in ENDPOINTS):
        provider = _exporting()
    if provider is not None:
        trace_with(provider.get_tracer(NAME))


def trace_with(tracer: "Tracer | None") -> None:
    """Trace with this tracer from now on; with None, not at all."""
    global _tracer
    _tracer = tracer


def is_tracing() -> bool:
    """Say whether spans go anywhere."""
    return _tracer is not None


def span(name: str, **attributes: Attribute) -> "AbstractContextManager[Span | None]":
    """Time what happens inside as a span; it is None where nothing is traced."""
    if _tracer is None:
        return nullcontext()
    return _begun(_tracer, name, attributes)


def request_span(
    name: str, headers: Mapping[str, str], **attributes: Attribute
) -> "AbstractContextManager[Span | None]":
    """Time a request that was received, as part of the trace its `traceparent` names."""
    if _tracer is None:
        return nullcontext()
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = TraceContextTextMapPropagator().extract(headers)
    return _begun(_tracer, name, attributes, context=parent, kind=SpanKind.SERVER)


def batch_span(
    name: str, raws: Iterable[bytes], **attributes: Attribute
) -> "AbstractContextManager[Span | None]":
    """Time the taking in of events, linked to the traces their `traceparent` extensions name (the first few)."""
    if _tracer is None:
        return nullcontext()
    return _begun(_tracer, name, attributes, links=_links(raws))


def current_traceparent() -> str | None:
    """Return the `traceparent` (W3C Trace Context) of what is being done: for messages that go out."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def _begun(
    tracer: "Tracer", name: str, attributes: Mapping[str, Attribute], **options: Any
) -> "Iterator[Span | None]":
    """Time what happens inside; a failure is told by its kind, since its text may name somebody."""
    from opentelemetry.trace import StatusCode

    with tracer.start_as_current_span(
        name,
        attributes=_named(attributes),
        record_exception=False,
        set_status_on_exception=False,
        **options,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def _exporting() -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", NAME)
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _named(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """Write attribute names as OpenTelemetry does: http_route is `http.route`, operator is `busflow.operator`."""
    return {
        name.replace("_", ".") if name.startswith("http_") else f"busflow.{name}": value
        for name, value in attributes.items()
    }


_TRACEPARENT = re.compile(rb'"traceparent"\s*:\s*"(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"')


def _links(raws: Iterable[bytes]) -> "list[Link]":
    from opentelemetry.trace import Link, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    named = (match[1].decode() for raw in raws for match in _TRACEPARENT.finditer(raw))
    contexts = (
        get_current_span(TraceContextTextMapPropagator().extract({"traceparent": parent})).get_span_context()
        for parent in dict.fromkeys(islice(named, MOST_LINKS))
    )
    return [Link(context) for context in contexts if context.is_valid]
