import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from activity_log.contracts.commerce import BookingConfirmed
from activity_log.contracts.types import SOURCES, TYPES
from activity_log.gate import Accepted, Gate
from tests.contracts.examples import EXAMPLES

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def envelope(type_: str, data: dict[str, object]) -> bytes:
    document = {
        "specversion": "1.0",
        "id": "e1",
        "source": TYPES[type_].source,
        "type": type_,
        "time": "2026-05-01T10:00:00+02:00",
        "operatorid": "reisen",
        "data": data,
    }
    return json.dumps(document).encode()


def test_there_is_an_example_of_every_type():
    assert EXAMPLES.keys() == TYPES.keys()
    assert {event_type.source for event_type in TYPES.values()} == set(SOURCES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_valid_and_every_field_of_it_is_known(name: str):
    admission = Gate({"reisen"}, NOW).admit(envelope(name, EXAMPLES[name]))
    assert isinstance(admission, Accepted)
    assert admission.payload.model_extra == {}
    assert admission.payload.model_fields_set == set(TYPES[name].payload.model_fields)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_required_field_may_be_missing(name: str):
    for field, spec in TYPES[name].payload.model_fields.items():
        if spec.is_required():
            without = {key: value for key, value in EXAMPLES[name].items() if key != field}
            admission = Gate({"reisen"}, NOW).admit(envelope(name, without))
            assert getattr(admission, "reason", None) == f"data.{field}: Field required"


@pytest.mark.parametrize("name", EXAMPLES)
def test_fields_of_a_newer_producer_are_kept(name: str):
    admission = Gate({"reisen"}, NOW).admit(envelope(name, EXAMPLES[name] | {"loyalty_tier": "gold"}))
    assert isinstance(admission, Accepted)
    assert admission.payload.model_extra == {"loyalty_tier": "gold"}
    assert json.loads(admission.data)["loyalty_tier"] == "gold"


def test_money_never_becomes_a_float():
    data = EXAMPLES["BookingConfirmed"] | {"total_amount": 1234567890.07}
    admission = Gate({"reisen"}, NOW).admit(envelope("BookingConfirmed", data))
    assert isinstance(admission, Accepted)
    assert isinstance(admission.payload, BookingConfirmed)
    assert admission.payload.total_amount == Decimal("1234567890.07")
    assert json.loads(admission.data)["total_amount"] == "1234567890.07"


def test_moments_are_kept_in_utc():
    admission = Gate({"reisen"}, NOW).admit(envelope("BookingNoShow", EXAMPLES["BookingNoShow"]))
    assert isinstance(admission, Accepted)
    assert admission.occurred_at == datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert admission.occurred_at.tzinfo is UTC
