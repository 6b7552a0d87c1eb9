"""What of an event is personal is taken out of it, at any depth, and nothing is lost on the way."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activity_log.attribution import touches
from activity_log.contracts.fields import personal_fields
from activity_log.contracts.types import TYPES
from activity_log.gate import Accepted, Gate
from activity_log.personal import NOBODY, join
from tests.contracts.examples import EXAMPLES, RETIRED_EXAMPLES

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECRET = "Am Wall 7"
UNKNOWN = st.recursive(
    st.just(SECRET) | st.none() | st.booleans() | st.integers(-9, 9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
SENT = [*((name, TYPES[name].version) for name in EXAMPLES), *RETIRED_EXAMPLES]


def admitted(name: str, version: int, data: dict[str, Any]) -> Accepted:
    source = TYPES[name].source if name in TYPES else "backoffice"
    document = {
        "id": "e1", "source": source, "type": name, "dataversion": version, "time": "2026-05-01T10:00:00Z",
        "operatorid": "reisen", "data": data,
    }  # fmt: skip
    admission = Gate({"reisen"}, NOW).admit(json.dumps(document).encode())
    assert isinstance(admission, Accepted), admission
    return admission


def example(name: str, version: int) -> dict[str, Any]:
    return copy.deepcopy(RETIRED_EXAMPLES.get((name, version)) or EXAMPLES[name])


def joined(admission: Accepted) -> Any:
    return join(json.loads(admission.data), json.loads(admission.private or "{}"))


def models_within(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The payload itself, a localized name, the travellers: wherever a newer producer may add something."""
    listed = [one for value in data.values() if isinstance(value, list) for one in value]
    return [data, *(value for value in [*data.values(), *listed] if isinstance(value, dict))]


@settings(max_examples=200)
@given(st.data())
def test_what_nobody_knows_is_sealed_wherever_it_stands(data: st.DataObject):
    name, version = data.draw(st.sampled_from(SENT))
    sent = example(name, version)
    for place in models_within(sent):
        if data.draw(st.booleans()):
            place["newer"] = [SECRET, data.draw(UNKNOWN)]
    admission = admitted(name, version, sent)
    assert joined(admission) == sent
    assert SECRET not in admission.data
    assert "newer" not in admission.data


@pytest.mark.parametrize(("name", "version"), SENT)
def test_what_is_marked_personal_is_in_the_private_part_alone(name: str, version: int):
    admission = admitted(name, version, example(name, version))
    marked = personal_fields(admission.event_type.payload)
    assert joined(admission) == example(name, version)
    assert not marked & json.loads(admission.data).keys()
    assert json.loads(admission.private or "{}").keys() == marked & example(name, version).keys()
    assert (admission.owner is None) == (admission.private is None)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_private_part_belongs_to_who_is_named_first(name: str):
    admission = admitted(name, TYPES[name].version, example(name, TYPES[name].version) | {"newer": SECRET})
    people = [touch.person_profile_id for touch in touches(admission.payload)]
    assert admission.owner == (people[0] if people else NOBODY)


@pytest.mark.parametrize("name", ["CheckoutAbandoned", "OnboardSaleRecorded"])
def test_what_is_unknown_of_a_stranger_is_sealed_too(name: str):
    data = example(name, 1) | {"email": "anna@example.org"}
    del data["person_profile_id"]
    admission = admitted(name, 1, data)
    assert (admission.owner, "anna@example.org" in admission.data) == (NOBODY, False)
    assert joined(admission) == data


def test_only_what_was_sent_is_kept():
    data = {"booking_id": "b1", "booker_profile_id": "anna", "refund_amount": "0.00"}
    admission = admitted("BookingCancelled", 1, data)
    assert json.loads(admission.data) == data
    assert (admission.owner, admission.private) == (None, None), "nothing personal, nothing to seal"
    admission = admitted("BookingCancelled", 1, data | {"reason": None})
    assert json.loads(admission.private or "") == {"reason": None}
