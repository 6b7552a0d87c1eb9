"""What comes in (events, feedback), and the figures of what came."""

from http import HTTPStatus
from typing import Any

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict, Field

from activity_log.contracts.types import SOURCES, TYPES
from activity_log.errors import BusflowError
from activity_log.ingestion import MOST_EVENTS
from serving.replies import EventsReceipt, QuarantinedEvent
from serving.requests import Feedback
from serving.resources.examples import events
from serving.resources.operation import Operation, Question

TAG = "Events"


class NotJsonError(BusflowError):
    """The body is no JSON."""


class PostedEvent(BaseModel):
    """A CloudEvent 1.0; `data` as the contract of its type has it. What does not fit is quarantined."""

    model_config = ConfigDict(extra="allow")

    specversion: str = Field(default="1.0", examples=["1.0"])
    id: str = Field(description="Seen before: it changes nothing.")
    source: str = Field(json_schema_extra={"enum": [*sorted(SOURCES)]})
    type: str = Field(json_schema_extra={"enum": [*sorted(TYPES)]})
    time: str = Field(description="When it happened, with zone.", json_schema_extra={"format": "date-time"})
    operatorid: str = Field(description="The operator of the token.")
    dataversion: int = Field(default=1, ge=1)
    data: dict[str, Any]


def _post_events(question: Question) -> EventsReceipt:
    try:
        receipt = question.answers.post_events(question.operator_id, question.body)
    except ValueError as error:
        raise NotJsonError(f"the body is not JSON: {error}; nothing was taken in") from error
    return EventsReceipt(
        accepted=receipt.accepted,
        duplicates=receipt.duplicates,
        discarded=receipt.discarded,
        quarantined=[QuarantinedEvent(id=item.id, reason=item.reason) for item in receipt.quarantined],
    )


def _post_feedback(question: Question) -> None:
    question.answers.give_feedback(question.operator_id, question.body)


def _get_metrics(question: Question) -> bytes:
    return question.figures().of_operator(question.operator_id)


OPERATIONS = (
    Operation(
        "POST", "/events", f"Bring in one CloudEvent, or a list of {MOST_EVENTS:,} at most",
        TAG, EventsReceipt, {"taken in": events.TAKEN_IN, "one put aside": events.PUT_ASIDE}, _post_events,
        body=PostedEvent | list[PostedEvent], body_examples={"a booking": events.BOOKING, "a list": [events.CONSENT]},
        reads_bytes=True, status=HTTPStatus.ACCEPTED,
    ),
    Operation(
        "POST", "/feedback", "Say that a suggestion was shown or clicked; saying it twice changes nothing",
        TAG, None, {}, _post_feedback, body=Feedback,
        body_examples={"shown": events.SHOWN, "clicked": events.CLICKED},
        status=HTTPStatus.NO_CONTENT,
    ),
    Operation(
        "GET", "/metrics", "Figures of the operator's log for Prometheus",
        TAG, str, {"one figure": events.METRICS}, _get_metrics, media_type=CONTENT_TYPE_LATEST,
    ),
)  # fmt: skip
