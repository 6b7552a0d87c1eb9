"""The one gate: decides whether raw input is an event of ours, without touching a database.

Whichever way an event comes in (HTTP, file, broker, table), it passes here, and so the same rules hold for all. What
is right in every way passes in one step; all else (what is wrong, of an old version, or has fields we do not know)
is looked at piece by piece.
"""

import functools
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import ValidationError

from activity_log.attribution import is_contact_without_person
from activity_log.contracts.envelope import Envelope
from activity_log.contracts.fields import Payload
from activity_log.contracts.typed import TypedEnvelope, typed_envelope, typed_envelopes
from activity_log.contracts.types import TYPES, EventType
from activity_log.contracts.upcasting import UPCASTS, Version, upcast
from activity_log.json_texts import canonical_json, elements, may_hold_nul, parse_json
from activity_log.moments import microseconds, quickly_read
from activity_log.personal import Parts, has_unknown_fields, owner_of, split, split_as_sent, split_known
from activity_log.refusals import RefusedError, on_one_line, refuse_unstorable, unknown_type, validated

CLOCK_TOLERANCE = timedelta(hours=24)
"""How far ahead of our clock a source's clock may run before its event is refused."""

LAUNCH_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Accepted(NamedTuple):
    """An event that may enter the log. Moments are microseconds since 1970.

    data: the payload as it was sent, as JSON without what is personal; that is `private`, and of the person `owner`.
    payload: in the current version.
    """

    operator_id: str
    event_id: str
    source: str
    type: str
    data_version: int
    occurred_us: int
    recorded_us: int
    data: str
    owner: str | None
    private: str | None
    event_type: EventType
    payload: Payload


@dataclass(frozen=True)
class Discarded:
    """A valid event that is nobody's: communication with a contact who is no person."""

    operator_id: str
    event_id: str
    type: str
    reason: str
    recorded_us: int


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

    operator_ids: who is registered. now: the moment of receipt. keep_recorded_time: honour `recordedtime` of
    history brought in by file; live events are recorded on receipt, whatever they claim, so that no claim of early
    knowledge leaks into a training set. only_operator: whose events these must be, whoever else is registered.
    """

    operator_ids: Collection[str]
    now: datetime
    keep_recorded_time: bool = False
    only_operator: str | None = None

    def admit(self, raw: bytes) -> Admission:
        """Judge one CloudEvent in JSON."""
        if may_hold_nul(raw):
            return self._explain(raw)
        try:
            envelope = typed_envelope().validator.validate_json(raw)
        except (ValidationError, ValueError):
            return self._explain(raw)
        return self._admit_valid(envelope) or self._explain(raw)

    def admit_body(self, body: bytes) -> list[Admission]:
        """Judge one CloudEvent or a JSON list of them. Raises ValueError for what is no JSON."""
        if may_hold_nul(body):
            return self._admit_one_by_one(body)
        try:
            envelopes = typed_envelopes().validator.validate_json(body)
        except (ValidationError, ValueError):
            return self._admit_one_by_one(body)
        admissions = [self._admit_valid(envelope) for envelope in envelopes]
        whole = [admission for admission in admissions if admission is not None]
        return whole if len(whole) == len(admissions) else self._admit_one_by_one(body)

    def admit_document(self, document: object, raw: bytes | None = None) -> Admission:
        """Judge one CloudEvent that is parsed already; `raw` is kept with a rejection."""
        if not isinstance(document, dict):
            reason = "not a JSON object: send CloudEvents, one or a list of them"
            return Rejected(None, None, reason, _kept(document, raw))
        try:
            return self._judge(document)
        except RefusedError as refused:
            operator_id, event_id = (
                _text_or_none(document.get("operatorid")),
                _text_or_none(document.get("id")),
            )
            return Rejected(operator_id, event_id, on_one_line(str(refused)), _kept(document, raw))

    def _admit_one_by_one(self, body: bytes) -> list[Admission]:
        parsed = parse_json(body)
        if isinstance(parsed, list):
            return [self.admit(raw) for raw in elements(body)]
        return [self.admit_document(parsed, body)]

    def _explain(self, raw: bytes) -> Admission:
        try:
            document = parse_json(raw)
        except ValueError as error:
            return Rejected(None, None, f"not JSON: {error}", raw)
        return self.admit_document(document, raw)

    def _admit_valid(self, envelope: TypedEnvelope) -> Admission | None:
        """Judge an event whose fields are all right. None: it needs a closer look."""
        claimed = envelope.get("recordedtime")
        occurred_us = quickly_read(envelope["time"])
        claimed_us = self._now_us if claimed is None else quickly_read(claimed)
        payload = envelope["data"]
        if (
            occurred_us is None
            or claimed_us is None
            or not 0 <= occurred_us <= self._latest_us
            or not 0 <= claimed_us <= self._latest_us
            or not self._may_send(envelope["operatorid"])
            or has_unknown_fields(payload)
        ):
            return None
        recorded_us = claimed_us if self.keep_recorded_time else self._now_us
        event_type = TYPES[envelope["type"]]
        sent_as, parts = (event_type.name, event_type.version), split_known(payload)
        return _admitted(
            event_type,
            envelope["operatorid"],
            envelope["id"],
            sent_as,
            occurred_us,
            recorded_us,
            payload,
            parts,
        )

    def _judge(self, document: dict[str, Any]) -> Accepted | Discarded:
        refuse_unstorable(document)
        envelope = validated(Envelope, document, "")
        self._check_operator(envelope.operatorid)
        current = upcast(envelope.type, envelope.dataversion, envelope.data)
        if current is None:
            raise RefusedError(unknown_type(envelope))
        event_type = current.event_type
        if envelope.source != event_type.source:
            raise RefusedError(
                f"source: {event_type.name} comes from '{event_type.source}', not from '{envelope.source}'"
            )
        self._check_moments(envelope)
        payload = validated(event_type.payload, current.data, "data.")
        step = UPCASTS.get((envelope.type, envelope.dataversion))
        sent = None if step is None else validated(step.sent, envelope.data, "data.")
        parts = _parts(payload, sent, envelope.data)
        sent_as, occurred_us = (envelope.type, envelope.dataversion), microseconds(envelope.time)
        recorded_us = self._recorded_us(envelope)
        return _admitted(
            event_type, envelope.operatorid, envelope.id, sent_as, occurred_us, recorded_us, payload, parts
        )

    def _may_send(self, operator_id: str) -> bool:
        return operator_id in self.operator_ids and self.only_operator in (None, operator_id)

    def _check_operator(self, operator_id: str) -> None:
        if self.only_operator not in (None, operator_id):
            raise RefusedError(
                f"operatorid: '{operator_id}' may not be sent here, only events of '{self.only_operator}' may"
            )
        if not self._may_send(operator_id):
            raise RefusedError(f"operatorid: unknown operator '{operator_id}'; register it first")

    def _recorded_us(self, envelope: Envelope) -> int:
        claimed = envelope.recordedtime if self.keep_recorded_time else None
        return self._now_us if claimed is None else microseconds(claimed)

    @functools.cached_property
    def _now_us(self) -> int:
        return microseconds(self.now)

    @functools.cached_property
    def _latest_us(self) -> int:
        return microseconds(self.now + CLOCK_TOLERANCE)

    def _check_moments(self, envelope: Envelope) -> None:
        for name, moment in (("time", envelope.time), ("recordedtime", envelope.recordedtime)):
            if moment is not None and moment > self.now + CLOCK_TOLERANCE:
                raise RefusedError(
                    f"{name}: {moment.isoformat()} is in the future; correct the field or the clock"
                )
            if moment is not None and moment < LAUNCH_OF_TIME:
                raise RefusedError(f"{name}: {moment.isoformat()} is before 1970; correct the field")


def _admitted(
    event_type: EventType,
    operator_id: str,
    event_id: str,
    sent_as: Version,
    occurred_us: int,
    recorded_us: int,
    payload: Payload,
    parts: Parts,
) -> Accepted | Discarded:
    if is_contact_without_person(payload):
        return Discarded(operator_id, event_id, event_type.name, "contact without person", recorded_us)
    public, owner, private = parts
    name, version = sent_as
    return Accepted(
        operator_id, event_id, event_type.source, name, version, occurred_us, recorded_us, public, owner, private,
        event_type, payload,
    )  # fmt: skip


def _parts(payload: Payload, sent: Payload | None, data: dict[str, Any]) -> Parts:
    """Take apart what a database can hold: no half of a surrogate pair, no bottomless nesting.

    sent: the payload in its old version, None if that is the current one.
    """
    try:
        parts = split(payload) if sent is None else split_as_sent(data, sent, owner_of(payload))
        f"{parts.public}{parts.private}".encode()
    except UnicodeEncodeError as error:
        raise RefusedError(f"data: not Unicode text: {error.reason}; send valid UTF-8") from error
    except (RecursionError, ValueError) as error:
        raise RefusedError("data: nested too deeply, or not Unicode text") from error
    return parts


def _kept(document: object, raw: bytes | None) -> bytes:
    if raw is not None:
        return raw
    try:
        return canonical_json(document).encode(errors="backslashreplace")
    except RecursionError:
        return b"nested too deeply to be written down"


def _text_or_none(value: Any) -> str | None:
    """Return an id as far as it can be written down; half a surrogate pair and NUL cannot."""
    if not isinstance(value, str):
        return None
    return value[:200].replace("\0", "?").encode(errors="replace").decode()
