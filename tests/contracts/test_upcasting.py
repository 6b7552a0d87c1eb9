"""Producers rename fields and types over the years; what they sent then is still read today."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activity_log.contracts.fields import Payload
from activity_log.contracts.types import TYPES, EventType
from activity_log.contracts.upcasting import ROUTES, UPCASTS, Upcast, as_it_is, renamed, routes, upcast
from tests.contracts.examples import EXAMPLES, RETIRED_EXAMPLES

PERSON = EXAMPLES["PersonProfileUpdated"]
PASSENGER = RETIRED_EXAMPLES["PassengerProfileUpdated", 1]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def odd_data(*known: str) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads of any kind, some of whose fields have the names of the contract."""
    return st.dictionaries(st.sampled_from(known) | st.text(max_size=5), json_values, max_size=6)


@pytest.mark.parametrize("version", [1, 2])
def test_a_passenger_profile_of_either_version_is_a_person_profile(version: int):
    current = upcast("PassengerProfileUpdated", version, RETIRED_EXAMPLES["PassengerProfileUpdated", version])
    assert current is not None
    assert current.event_type is TYPES["PersonProfileUpdated"]
    assert current.data == PERSON


def test_who_sends_both_ids_means_the_new_one():
    current = upcast("PassengerProfileUpdated", 1, {**PASSENGER, "person_profile_id": "bernd"})
    assert current is not None
    assert current.data == {**PERSON, "person_profile_id": "bernd"}


def test_a_current_event_stays_as_it_is():
    current = upcast("PersonProfileUpdated", 1, PERSON)
    assert current is not None
    assert current.data is PERSON


def test_unknown_names_and_versions_have_no_current_form():
    assert upcast("TeaPoured", 1, {}) is None
    assert upcast("PersonProfileUpdated", 2, PERSON) is None
    assert upcast("PassengerProfileUpdated", 3, PASSENGER) is None


def test_every_retired_version_has_an_example_that_is_valid_then_and_now():
    assert RETIRED_EXAMPLES.keys() == UPCASTS.keys()
    for (name, version), data in RETIRED_EXAMPLES.items():
        sent = UPCASTS[name, version].sent
        assert sent.data_version == version
        assert sent.model_validate(data).model_fields_set == set(sent.model_fields)
        current = upcast(name, version, data)
        assert current is not None
        assert current.event_type.payload.model_validate(current.data).model_extra == {}


def test_every_type_can_be_read_in_all_its_versions():
    for name, newest in ROUTES:
        assert {(name, version) for version in range(1, newest)} <= ROUTES.keys()


@given(odd_data("passenger_profile_id", "person_profile_id", "given_name"))
def test_every_step_is_pure_and_total_and_carries_unknown_fields_along(data: dict[str, Any]):
    for step in UPCASTS.values():
        sent = dict(data)
        rewritten = step.rewrite(sent)
        assert sent == data
        assert step.rewrite(sent) == rewritten
        unknown = data.keys() - step.sent.model_fields.keys()
        assert {key: data[key] for key in unknown} == {key: rewritten[key] for key in unknown}


# A history with everything that happens to contracts: TicketSold grew two versions, became SeatBooked,
# which has grown to its version 3 since.


def _nights(data: dict[str, Any]) -> dict[str, Any]:
    """`SeatBooked` v2 counts nights, v1 counted days."""
    days = data.get("days")
    if not isinstance(days, int):
        return data
    return {key: value for key, value in data.items() if key != "days"} | {"nights": days - 1}


SEAT_BOOKED = EventType("SeatBooked", "commerce", 3, Payload)
TEA_POURED = EventType("TeaPoured", "operations", 1, Payload)
HISTORY_TYPES = {"SeatBooked": SEAT_BOOKED, "TeaPoured": TEA_POURED}
HISTORY = {
    ("TicketSold", 1): Upcast(Payload, "TicketSold", 2, renamed("who", "passenger")),
    ("TicketSold", 2): Upcast(Payload, "SeatBooked", 1, as_it_is),
    ("SeatBooked", 1): Upcast(Payload, "SeatBooked", 2, _nights),
    ("SeatBooked", 2): Upcast(Payload, "SeatBooked", 3, renamed("passenger", "traveller")),
}
LONG = routes(HISTORY_TYPES, HISTORY)


@pytest.mark.parametrize(
    ("name", "version", "data"),
    [
        ("TicketSold", 1, {"who": "anna", "days": 8, "mood": "gay"}),
        ("TicketSold", 2, {"passenger": "anna", "days": 8, "mood": "gay"}),
        ("SeatBooked", 1, {"passenger": "anna", "days": 8, "mood": "gay"}),
        ("SeatBooked", 2, {"passenger": "anna", "nights": 7, "mood": "gay"}),
        ("SeatBooked", 3, {"traveller": "anna", "nights": 7, "mood": "gay"}),
    ],
)
def test_one_story_told_in_five_versions_reads_the_same_today(name: str, version: int, data: dict[str, Any]):
    assert upcast(name, version, data, LONG) == (
        SEAT_BOOKED,
        {"traveller": "anna", "nights": 7, "mood": "gay"},
    )


@given(odd_data("who", "passenger", "days", "nights"), st.sampled_from(list(LONG)))
@example({"days": "eight"}, ("TicketSold", 1))
def test_a_chain_of_many_steps_never_raises(data: dict[str, Any], start: tuple[str, int]):
    sent = dict(data)
    assert upcast(*start, sent, LONG) is not None
    assert sent == data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({("SeatBooked", 2): Upcast(Payload, "TicketSold", 1, as_it_is)}, "in a circle"),
        ({("SeatBooked", 2): Upcast(Payload, "SeatBooked", 2, as_it_is)}, "in a circle"),
        ({("SeatBooked", 2): Upcast(Payload, "SeatSold", 1, as_it_is)}, r"\('SeatSold', 1\)"),
        ({("SeatBooked", 2): Upcast(Payload, "TeaPoured", 2, as_it_is)}, r"\('TeaPoured', 2\)"),
        ({("TeaPoured", 1): Upcast(Payload, "SeatBooked", 3, as_it_is)}, "upcast all the same"),
    ],
)
def test_a_broken_history_is_refused(change: dict[tuple[str, int], Upcast], said: str):
    with pytest.raises(ValueError, match=said):
        routes(HISTORY_TYPES, {**HISTORY, **change})
