import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.gate import Accepted, Discarded, Gate, Rejected
from activity_log.moments import microseconds
from tests.activity_log.stories import NOW, Books, Event

BOOKS = Books()
BOOKING = BOOKS.books("anna", "nordsee-26", "2026-05-02", "bernd")
PROFILE = BOOKS.knows("anna", "Anna", "Müller", email="anna@example.org")


def rejection(event: Any, gate: Gate | None = None) -> Rejected:
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    admission = (gate or Gate({"reisen"}, NOW)).admit(raw)
    assert isinstance(admission, Rejected)
    assert admission.raw == raw
    assert "\n" not in admission.reason
    return admission


def changed(event: Event, **data: Any) -> Event:
    return event | {"data": event["data"] | data}


BAD_ENVELOPES = [
    ({"type": "TeaPoured"}, "type: unknown event type 'TeaPoured'; known are AncillaryPurchased, "),
    ({"dataversion": 7}, "dataversion: BookingConfirmed has no version 7"),
    ({"source": "backoffice"}, "source: BookingConfirmed comes from 'commerce', not from 'backoffice'"),
    ({"operatorid": "fremd"}, "operatorid: unknown operator 'fremd'; register it first"),
    ({"operatorid": "Reisen!"}, "operatorid: String should match pattern"),
    ({"time": "2026-05-02T09:00:00"}, "time: Input should have timezone info; add an offset"),
    ({"time": "yesterday"}, "time: Input should be a time like 2026-05-01T10:00:00Z"),
    ({"time": "2026-99-01T00:00:00Z"}, "time: Input should be a valid datetime"),
    ({"time": None}, "time: Input should be a time like"),
    ({"time": 1777712400}, "time: Input should be a time like 2026-05-01T10:00:00Z"),
    ({"time": "1777712400"}, "time: Input should be a time like 2026-05-01T10:00:00Z"),
    ({"time": "2066-05-02T09:00:00Z"}, "time: 2066-05-02T09:00:00+00:00 is in the future"),
    ({"time": "1066-10-14T09:00:00Z"}, "time: 1066-10-14T09:00:00+00:00 is before 1970"),
    ({"recordedtime": "2066-05-02T09:00:00Z"}, "recordedtime: 2066-05-02T09:00:00+00:00 is in the future"),
    ({"specversion": "0.3"}, "specversion: Input should be '1.0' (got '0.3')"),
    ({"id": ""}, "id: String should have at least 1 character"),
    ({"id": "\ud800"}, "id: Input should be a valid string"),
    ({"data": "Anna"}, "data: Input should be a valid dictionary"),
]


@pytest.mark.parametrize(("change", "reason"), BAD_ENVELOPES)
def test_a_bad_envelope_is_refused_by_the_name_of_its_field(change: Event, reason: str):
    assert rejection(BOOKING | change).reason.startswith(reason)


@pytest.mark.parametrize("field", ["id", "source", "type", "time", "operatorid", "data"])
def test_a_missing_envelope_field_is_named(field: str):
    event = {key: value for key, value in BOOKING.items() if key != field}
    assert rejection(event).reason == f"{field}: Field required"


BAD_DATA = [
    (
        {"total_amount": "-5.00"},
        "data.total_amount: Input should be greater than or equal to 0 (got '-5.00')",
    ),
    ({"total_amount": "1.005"}, "data.total_amount: Decimal input should have no more than 2 decimal places"),
    ({"total_amount": 10**13}, "data.total_amount: Decimal input should have no more than 12 digits before"),
    ({"total_amount": "viel"}, "data.total_amount: Input should be a valid decimal"),
    ({"departure_date": "im Mai"}, "data.departure_date: Input should be a valid date"),
    ({"currency": "Euro"}, "data.currency: String should match pattern"),
    ({"travellers": []}, "data.travellers: Tuple should have at least 1 item"),
    (
        {"travellers": [{"seat_position": 7}]},
        "data.travellers.0.seat_position: Input should be a valid string",
    ),
    ({"booking_id": "b" * 201}, "data.booking_id: String should have at most 200 characters"),
    ({"note": "\ud800"}, "data: not Unicode text: surrogates not allowed"),
]


@pytest.mark.parametrize(("change", "reason"), BAD_DATA)
def test_a_bad_field_is_named_and_its_problem_said(change: Event, reason: str):
    assert rejection(changed(BOOKING, **change)).reason.startswith(reason)


NOT_EVENTS = [
    (b"", "not JSON: "),
    (b"{'id': 1}", "not JSON: "),
    (b"\xff\xfe\x00", "not JSON: "),
    (b'{"id": NaN}', "not JSON: NaN is not a JSON value"),
    (b'{"x":' + b"[" * 100_000, "not JSON: nested too deeply"),
    (b"[]", "not a JSON object"),
    (b"42", "not a JSON object"),
    (b'"Anna"', "not a JSON object"),
    (b"null", "not a JSON object"),
]


@pytest.mark.parametrize(("raw", "reason"), NOT_EVENTS)
def test_what_is_no_event_is_refused_and_kept(raw: bytes, reason: str):
    rejected = rejection(raw)
    assert rejected.reason.startswith(reason)
    assert (rejected.operator_id, rejected.event_id) == (None, None)


def test_a_rejection_names_event_and_operator_where_they_can_be_read():
    rejected = rejection(BOOKING | {"type": "TeaPoured"})
    assert (rejected.operator_id, rejected.event_id) == ("reisen", BOOKING["id"])
    assert rejection(BOOKING | {"id": 5, "operatorid": None}).event_id is None


@pytest.mark.parametrize(
    "change",
    [
        {"given_name": 12345},
        {"email": ["Anna-Privat@example.org"]},
        {"phone": 491705550101},
        {"birth_date": "4.3.51 Bremen"},
        {"locale": "Plattdeutsch"},
        {"marketing_consent": "Anna-sagt-ja"},
        {"family_name": None, "postcode": {"street": "Am Wall 7"}},
    ],
)
def test_no_personal_value_is_in_a_reason(change: Event):
    reason = rejection(changed(PROFILE, **change)).reason
    assert reason.startswith("data.")
    for value in change.values():
        assert str(value) not in reason
        assert "Am Wall" not in reason


def test_a_phone_number_as_contact_is_personal_too():
    message = BOOKS.writes("k", "2026-05-01", "anna")
    reason = rejection(changed(message, contact_id=491705550101)).reason
    assert reason == "data.contact_id: Input should be a valid string"


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)


@given(JSON, st.binary())
def test_nothing_whatever_makes_the_gate_fall(value: object, raw: bytes):
    gate = Gate({"reisen"}, NOW)
    assert isinstance(gate.admit(raw), Rejected)
    assert isinstance(gate.admit(json.dumps(value).encode()), Rejected)
    for field in BOOKING.keys() - {"id"}:
        assert isinstance(gate.admit_document(BOOKING | {field: value}), Rejected)


def test_a_parsed_document_is_judged_as_its_json():
    gate = Gate({"reisen"}, NOW)
    assert gate.admit_document(BOOKING) == gate.admit(json.dumps(BOOKING).encode())


def test_a_clock_may_run_a_little_ahead():
    ahead = BOOKING | {"time": "2026-06-02T11:00:00Z"}
    assert isinstance(Gate({"reisen"}, NOW).admit(json.dumps(ahead).encode()), Accepted)


def test_live_events_are_recorded_on_receipt_history_may_say_when():
    claimed = json.dumps(BOOKING | {"recordedtime": "2026-05-03T00:00:00Z"}).encode()
    live, history = Gate({"reisen"}, NOW), Gate({"reisen"}, NOW, keep_recorded_time=True)
    recorded = [gate.admit(claimed).recorded_us for gate in (live, history)]  # type: ignore[union-attr]
    assert recorded == [microseconds(NOW), microseconds(datetime(2026, 5, 3, tzinfo=UTC))]


@pytest.mark.parametrize("type_", ["MessageDelivered", "MessageRead"])
def test_a_contact_without_person_is_discarded(type_: str):
    gate = Gate({"reisen"}, NOW)
    event = BOOKS.writes("k", "2026-05-01", type_=type_)
    discarded = gate.admit(json.dumps(event).encode())
    assert isinstance(discarded, Discarded)
    assert discarded.reason == "contact without person"
    with_person = BOOKS.writes("k", "2026-05-01", "anna", type_=type_)
    assert isinstance(gate.admit(json.dumps(with_person).encode()), Accepted)
