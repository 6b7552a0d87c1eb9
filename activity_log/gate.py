"""The one gate: decides whether raw input is an event of ours, without touching a database.

Whichever way an event comes in (HTTP, file, table), it passes `admit`, and so the same rules hold for all.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from activity_log.attribution import is_contact_without_person
from activity_log.contracts.envelope import Envelope
from activity_log.contracts.fields import Payload
from activity_log.contracts.types import TYPES, EventType
from activity_log.contracts.upcasting import UPCASTS, upcast

CLOCK_TOLERANCE = timedelta(hours=24)
"""How far ahead of our clock a source's clock may run before its event is refused."""

LAUNCH_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Accepted:
    """An event that may enter the log. `data` is the payload as sent, canonical JSON, money as text."""

    operator_id: str
    event_id: str
    source: str
    type: str
    data_version: int
    occurred_at: datetime
    recorded_at: datetime
    data: str
    event_type: EventType
    payload: Payload


@dataclass(frozen=True)
class Discarded:
    """A valid event that is nobody's: communication with a contact who is no person."""

    operator_id: str
    event_id: str
    type: str
    reason: str
    recorded_at: datetime


@dataclass(frozen=True)
class Rejected:
    """Input that may not enter, with the reason and the bytes that came."""

    operator_id: str | None
    event_id: str | None
    reason: str
    raw: bytes


Admission = Accepted | Discarded | Rejected


@dataclass(frozen=True)
class Gate:
    """The rules of entry at one moment.

    operator_ids: who may send. now: the moment of receipt. keep_recorded_time: honour `recordedtime` of
    history brought in by file; live events are recorded on receipt, whatever they claim, so that no claim of
    early knowledge leaks into a training set.
    """

    operator_ids: Collection[str]
    now: datetime
    keep_recorded_time: bool = False

    def admit(self, raw: bytes) -> Admission:
        """Judge one CloudEvent in JSON."""
        try:
            document = parse_json(raw)
        except ValueError as error:
            return Rejected(None, None, f"not JSON: {error}", raw)
        return self.admit_document(document, raw)

    def admit_document(self, document: object, raw: bytes | None = None) -> Admission:
        """Judge one CloudEvent that is parsed already; `raw` is kept with a rejection."""
        if not isinstance(document, dict):
            reason = "not a JSON object: send CloudEvents, one or a list of them"
            return Rejected(None, None, reason, _kept(document, raw))
        try:
            return self._judge(document)
        except _RefusedError as refused:
            operator_id, event_id = (
                _text_or_none(document.get("operatorid")),
                _text_or_none(document.get("id")),
            )
            return Rejected(operator_id, event_id, str(refused), _kept(document, raw))

    def _judge(self, document: dict[str, Any]) -> Accepted | Discarded:
        envelope = _validated(Envelope, document, "")
        if envelope.operatorid not in self.operator_ids:
            raise _RefusedError(f"operatorid: unknown operator '{envelope.operatorid}'; register it first")
        current = upcast(envelope.type, envelope.dataversion, envelope.data)
        if current is None:
            raise _RefusedError(_unknown_type(envelope))
        event_type = current.event_type
        if envelope.source != event_type.source:
            raise _RefusedError(
                f"source: {event_type.name} comes from '{event_type.source}', not from '{envelope.source}'"
            )
        recorded_at = self._recorded_at(envelope)
        payload = _validated(event_type.payload, current.data, "data.")
        if is_contact_without_person(payload):
            return Discarded(
                envelope.operatorid, envelope.id, event_type.name, "contact without person", recorded_at
            )
        return Accepted(
            operator_id=envelope.operatorid,
            event_id=envelope.id,
            source=envelope.source,
            type=envelope.type,
            data_version=envelope.dataversion,
            occurred_at=envelope.time.astimezone(UTC),
            recorded_at=recorded_at,
            data=_storable(envelope.data),
            event_type=event_type,
            payload=payload,
        )

    def _recorded_at(self, envelope: Envelope) -> datetime:
        for name, moment in (("time", envelope.time), ("recordedtime", envelope.recordedtime)):
            if moment is not None and moment > self.now + CLOCK_TOLERANCE:
                raise _RefusedError(
                    f"{name}: {moment.isoformat()} is in the future; correct the field or the clock"
                )
            if moment is not None and moment < LAUNCH_OF_TIME:
                raise _RefusedError(f"{name}: {moment.isoformat()} is before 1970; correct the field")
        claimed = envelope.recordedtime if self.keep_recorded_time else None
        return (claimed or self.now).astimezone(UTC)


def parse_json(raw: bytes) -> Any:
    """Parse JSON with exact decimals. Raises ValueError for what is no JSON, NaN and bottomless nesting."""
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def canonical_json(value: Any) -> str:
    """Return compact JSON with sorted keys; decimals become text, so that no float enters the log."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


class _RefusedError(Exception):
    """The reason why an event may not enter, in one line."""


Model = TypeVar("Model", bound=BaseModel)


def _validated(model: type[Model], value: dict[str, Any], prefix: str) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _RefusedError("; ".join(_problems(error, prefix))) from error


def _problems(error: ValidationError, prefix: str) -> list[str]:
    problems = []
    for item in error.errors(include_url=False)[:3]:
        field = prefix + ".".join(str(part) for part in item["loc"])
        shown = f" (got {_short(item['input'])})" if item["type"] in _IMPERSONAL else ""
        remedy = _REMEDIES.get(item["type"], "")
        problems.append(f"{field}: {item['msg']}{shown}{remedy}")
    return problems


_IMPERSONAL = {"greater_than_equal", "greater_than", "less_than_equal", "less_than", "literal_error"}
"""Problems whose offending value may be shown. Anything else could be a name or a number to call."""

_REMEDIES = {"timezone_aware": "; add an offset, as in 2026-05-01T10:00:00Z"}


def _short(value: Any) -> str:
    text = repr(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_type(envelope: Envelope) -> str:
    known = sorted({*TYPES, *(name for name, _ in UPCASTS)})
    if envelope.type in known:
        return f"dataversion: {envelope.type} has no version {envelope.dataversion}"
    return f"type: unknown event type '{envelope.type[:80]}'; known are {', '.join(known)}"


def _storable(data: dict[str, Any]) -> str:
    """Return canonical JSON that a database can hold: no half of a surrogate pair, no bottomless nesting."""
    try:
        text = canonical_json(data)
        text.encode()
    except UnicodeEncodeError as error:
        raise _RefusedError(f"data: not Unicode text: {error.reason}; send valid UTF-8") from error
    except RecursionError as error:
        raise _RefusedError("data: nested too deeply") from error
    return text


def _kept(document: object, raw: bytes | None) -> bytes:
    if raw is not None:
        return raw
    try:
        return canonical_json(document).encode(errors="backslashreplace")
    except RecursionError:
        return b"nested too deeply to be written down"


def _text_or_none(value: Any) -> str | None:
    return value[:200].encode(errors="replace").decode() if isinstance(value, str) else None
