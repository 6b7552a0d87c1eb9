from activity_log.contracts.types import TYPES
from activity_log.contracts.upcasting import UPCASTS, upcast
from tests.contracts.examples import EXAMPLES

PERSON = EXAMPLES["PersonProfileUpdated"]
PASSENGER = {key: value for key, value in PERSON.items() if key != "person_profile_id"} | {
    "passenger_profile_id": "anna"
}


def test_a_passenger_profile_is_a_person_profile():
    current = upcast("PassengerProfileUpdated", 1, PASSENGER)
    assert current is not None
    assert current.event_type is TYPES["PersonProfileUpdated"]
    assert current.data == PERSON


def test_what_was_sent_is_not_changed():
    sent = dict(PASSENGER)
    upcast("PassengerProfileUpdated", 1, sent)
    assert sent == PASSENGER


def test_a_current_event_stays_as_it_is():
    current = upcast("PersonProfileUpdated", 1, PERSON)
    assert current is not None
    assert current.data is PERSON


def test_unknown_names_and_versions_have_no_current_form():
    assert upcast("TeaPoured", 1, {}) is None
    assert upcast("PersonProfileUpdated", 2, PERSON) is None
    assert upcast("PassengerProfileUpdated", 2, PASSENGER) is None


def test_every_upcast_leads_to_a_current_type():
    for name, version in UPCASTS:
        assert upcast(name, version, {}) is not None
