from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.contracts.commerce import BookingCancelled
from activity_log.contracts.fields import personal_fields
from activity_log.contracts.types import TYPES

PERSONAL = {
    "PersonProfileUpdated": {
        "given_name",
        "family_name",
        "email",
        "phone",
        "birth_date",
        "postcode",
        "dietary_needs",
    },
    "BookingCancelled": {"reason"},
}


def test_these_fields_and_no_others_are_personal():
    for name, event_type in TYPES.items():
        assert personal_fields(event_type.payload) == PERSONAL.get(name, set())


def test_the_schema_says_which_fields_are_personal():
    for payload in (PersonProfileUpdated, BookingCancelled):
        properties = payload.model_json_schema()["properties"]
        marked = {name for name, schema in properties.items() if schema.get("x-personal")}
        assert marked == personal_fields(payload)


def test_a_mark_changes_nothing_about_what_is_valid():
    schema = PersonProfileUpdated.model_json_schema()
    assert schema["required"] == ["person_profile_id", "given_name", "family_name"]
    assert schema["properties"]["given_name"]["maxLength"] == 2_000
