"""Every event type as it passes the gate."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity_log.contracts.commerce import BookingConfirmed
from activity_log.contracts.published import Contract, contracts
from activity_log.contracts.schemas import schema_of
from activity_log.contracts.types import SOURCES, TYPES
from activity_log.gate import Accepted, Discarded, Gate
from activity_log.moments import microseconds
from activity_log.personal import join
from tests.contracts.examples import EXAMPLES
from tests.contracts.instances import instances

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def envelope(type_: str, data: dict[str, object], source: str | None = None, version: int = 1) -> bytes:
    document = {
        "specversion": "1.0",
        "id": "e1",
        "source": source or TYPES[type_].source,
        "type": type_,
        "time": "2026-05-01T10:00:00+02:00",
        "operatorid": "reisen",
        "dataversion": version,
        "data": data,
    }
    return json.dumps(document).encode()


def kept(admission: Accepted) -> dict[str, Any]:
    """Return the payload as the log keeps it, with its personal part."""
    return join(json.loads(admission.data), json.loads(admission.private or "{}"))


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
    assert kept(admission)["loyalty_tier"] == "gold"


def test_money_never_becomes_a_float():
    data = EXAMPLES["BookingConfirmed"] | {"total_amount": 1234567890.07}
    admission = Gate({"reisen"}, NOW).admit(envelope("BookingConfirmed", data))
    assert isinstance(admission, Accepted)
    assert isinstance(admission.payload, BookingConfirmed)
    assert admission.payload.total_amount == Decimal("1234567890.07")
    assert kept(admission)["total_amount"] == "1234567890.07"


def test_moments_are_kept_in_utc():
    admission = Gate({"reisen"}, NOW).admit(envelope("BookingNoShow", EXAMPLES["BookingNoShow"]))
    assert isinstance(admission, Accepted)
    assert admission.occurred_us == microseconds(datetime(2026, 5, 1, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    "contract", [one for one in contracts() if one.action == "receive"], ids=lambda one: one.path
)
@settings(max_examples=25)
@given(data=st.data())
def test_what_the_published_schema_allows_passes_the_gate(contract: Contract, data: st.DataObject):
    sent = data.draw(instances(schema_of(contract)))
    raw = envelope(contract.name, sent, contract.source, contract.version)
    admission = Gate({"reisen"}, NOW).admit(raw)
    assert isinstance(admission, Accepted | Discarded), admission.reason
    if isinstance(admission, Accepted):
        assert kept(admission).keys() >= sent.keys()
