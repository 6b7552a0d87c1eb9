"""What the schemas promise to producers is what the log takes in, and the other way round where JSON Schema can."""

import copy
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from activity_log.contracts.asyncapi import ENVELOPE, asyncapi_document
from activity_log.contracts.envelope import Envelope
from activity_log.contracts.outgoing import (
    CustomerSegmentChanged,
    ModelVersion,
    PersonalizedOfferGenerated,
    Reason,
)
from activity_log.contracts.published import Contract, contracts
from activity_log.contracts.schemas import envelope_schema, schema_of
from activity_log.contracts.types import TYPES
from activity_log.contracts.upcasting import upcast
from simulator import SimulationSpec, simulate
from tests.contracts.examples import EXAMPLES, RETIRED_EXAMPLES
from tests.contracts.instances import instances

ALL = contracts()
RECEIVED = [one for one in ALL if one.action == "receive"]
SENT = [one for one in ALL if one.action == "send"]
ALL_EXAMPLES = {**{(name, TYPES[name].version): data for name, data in EXAMPLES.items()}, **RETIRED_EXAMPLES}


def named(contract: Contract) -> str:
    return contract.path


def valid(contract: Contract) -> Draft202012Validator:
    return Draft202012Validator(schema_of(contract))


def of(name: str) -> Contract:
    return next(one for one in ALL if one.name == name)


@pytest.mark.parametrize("contract", ALL, ids=named)
def test_every_schema_is_one(contract: Contract):
    Draft202012Validator.check_schema(schema_of(contract))
    Draft202012Validator.check_schema(envelope_schema())


@pytest.mark.parametrize("contract", RECEIVED, ids=named)
def test_the_examples_keep_to_the_schemas(contract: Contract):
    valid(contract).validate(ALL_EXAMPLES[contract.name, contract.version])


@pytest.mark.parametrize("contract", RECEIVED, ids=named)
@settings(max_examples=25)
@given(data=st.data())
def test_what_the_schema_allows_is_taken_in(contract: Contract, data: st.DataObject):
    sent = data.draw(instances(schema_of(contract)))
    valid(contract).validate(sent)
    current = upcast(contract.name, contract.version, sent)
    assert current is not None
    current.event_type.payload.model_validate(current.data)


@settings(max_examples=50)
@given(sent=instances(envelope_schema()))
def test_what_the_envelope_allows_is_taken_in(sent: dict[str, Any]):
    Envelope.model_validate(sent)


ODD_TEXTS = ["", " ", "2026-05-01", "2026-02-30", "12.505", "-1", "x" * 2_001]
ODD = st.sampled_from([*ODD_TEXTS, None, [], {}, {"de": None}, [None], -1, 0, 1_000_000, 0.5, 10**13, True])
BEYOND_JSON_SCHEMA = {"date_from_datetime_parsing", "date_parsing"}
"""That February has no 30th."""


def refusals(contract: Contract, payload: dict[str, Any]) -> set[str]:
    try:
        contract.payload.model_validate(payload)
    except ValidationError as error:
        return {problem["type"] for problem in error.errors()}
    return set()


@pytest.mark.parametrize("contract", RECEIVED, ids=named)
@settings(max_examples=50)
@given(data=st.data())
def test_what_is_refused_is_refused_by_the_schema_too(contract: Contract, data: st.DataObject):
    example = copy.deepcopy(ALL_EXAMPLES[contract.name, contract.version])
    field = data.draw(st.sampled_from(list(contract.payload.model_fields)))
    example[field] = data.draw(ODD)
    if refusals(contract, example) - BEYOND_JSON_SCHEMA:
        assert not valid(contract).is_valid(example)


@pytest.mark.parametrize("contract", RECEIVED, ids=named)
def test_a_required_field_is_required_by_the_schema(contract: Contract):
    example = ALL_EXAMPLES[contract.name, contract.version]
    for name, field in contract.payload.model_fields.items():
        without = {key: value for key, value in example.items() if key != name}
        assert valid(contract).is_valid(without) != field.is_required()


@pytest.mark.parametrize(
    ("type_", "field", "refused"),
    [
        ("BookingConfirmed", "booking_id", "  "),
        ("BookingConfirmed", "departure_date", "next May"),
        ("BookingConfirmed", "departure_date", 20260501),
        ("BookingConfirmed", "total_amount", "998.005"),
        ("BookingConfirmed", "total_amount", "-1.00"),
        ("BookingConfirmed", "total_amount", "1234567890123.00"),
        ("BookingConfirmed", "total_amount", -1),
        ("BookingConfirmed", "currency", "euro"),
        ("BookingConfirmed", "travellers", []),
        ("BookingConfirmed", "travellers", [{"boarding_point_id": ""}]),
        ("TourPublished", "nights", 366),
        ("TourPublished", "name", {"en": "North Sea"}),
        ("MessageRead", "channel", "fax"),
        ("ConversationResolved", "nps", 11),
        ("RecommendationShown", "propensity", 0),
        ("PersonProfileUpdated", "locale", "deutsch"),
        ("PersonProfileUpdated", "birth_date", "1951-13-04"),
    ],
)
def test_the_schema_refuses(type_: str, field: str, refused: object):
    assert not valid(of(type_)).is_valid({**EXAMPLES[type_], field: refused})


@pytest.mark.parametrize(
    ("field", "refused"),
    [
        ("time", "2026-05-01T10:00:00"),
        ("time", "2026-05-01"),
        ("time", 1_777_777_777),
        ("operatorid", "Reisen GmbH"),
        ("specversion", "0.3"),
        ("dataversion", 0),
        ("data", []),
        ("id", ""),
    ],
)
def test_the_envelope_refuses(field: str, refused: object):
    envelope = {"id": "e1", "source": "commerce", "type": "BookingNoShow", "operatorid": "reisen", "data": {}}
    envelope |= {"time": "2026-05-01T10:00:00+02:00"}
    assert Draft202012Validator(envelope_schema()).is_valid(envelope)
    changed = {**envelope, field: refused}
    assert not Draft202012Validator(envelope_schema()).is_valid(changed)
    with pytest.raises(ValidationError):
        Envelope.model_validate(changed)


def message_validators() -> dict[tuple[str, int], Draft202012Validator]:
    """One validator per message of the AsyncAPI document, which finds the schemas beside it."""
    files = {f"./{ENVELOPE}": envelope_schema(), **{f"./{one.path}": schema_of(one) for one in ALL}}
    found = [(path, Resource.from_contents(schema, DRAFT202012)) for path, schema in files.items()]
    registry = Registry().with_resources(found)
    messages = asyncapi_document(ALL)["components"]["messages"]
    return {
        (one.name, one.version): Draft202012Validator(
            messages[f"{one.name}.v{one.version}"]["payload"]["schema"], registry=registry
        )
        for one in ALL
    }


def test_what_the_simulator_sends_keeps_to_the_schemas():
    validators = message_validators()
    spec = SimulationSpec(customers=300, years=1, seed=7, until=date(2026, 1, 1))
    checked = Counter[str]()
    for event in simulate(spec).events:
        if checked[event["type"]] < 200:  # the others are alike
            validators[event["type"], event["dataversion"]].validate(event)
            checked[event["type"]] += 1
    assert len(checked) > 20


def test_a_message_is_of_its_own_type_source_and_version_only():
    validator = message_validators()["PassengerProfileUpdated", 2]
    event = {
        "id": "e1",
        "source": "backoffice",
        "type": "PassengerProfileUpdated",
        "time": "2026-05-01T10:00:00Z",
        "operatorid": "reisen",
        "dataversion": 2,
        "data": RETIRED_EXAMPLES["PassengerProfileUpdated", 2],
    }
    assert validator.is_valid(event)
    for field, other in {"source": "commerce", "type": "PersonProfileUpdated", "dataversion": 1}.items():
        assert not validator.is_valid({**event, field: other})
    assert not validator.is_valid({key: value for key, value in event.items() if key != "dataversion"})


NOW = datetime(2026, 6, 1, tzinfo=UTC)
WHO = {"customer_id": "c1", "person_profile_id": "anna", "as_of": NOW}
WHY = Reason(kind="rhythm", evidence={"trips": 4, "amount": "12.50", "late": None}, event_ids=("e1",))


@pytest.mark.parametrize(
    "said",
    [
        CustomerSegmentChanged(**WHO, segment_id="s", change="left", definition_version="1", reason=WHY),
        PersonalizedOfferGenerated(
            **WHO,
            offer_id="o",
            tour_id="t",
            position=1,
            reason=WHY,
            basis="als",
            model=ModelVersion(name="m", version="3", trained_at=NOW),
        ),
    ],
)
def test_what_we_send_keeps_to_its_schema(said: CustomerSegmentChanged | PersonalizedOfferGenerated):
    valid(of(type(said).__name__)).validate(said.model_dump(mode="json"))


@pytest.mark.parametrize("contract", SENT, ids=named)
def test_what_we_send_has_all_its_fields(contract: Contract):
    assert schema_of(contract)["required"] == list(contract.payload.model_fields)


def test_amounts_we_send_are_text():
    text = schema_of(of("PaymentCompleted")._replace(action="send"))["properties"]["amount"]
    assert text["type"] == "string"
    assert Draft202012Validator(text).is_valid(str(Decimal("12.50")))
