import pytest

from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.contracts.envelope import Envelope
from activity_log.contracts.fields import personal_fields
from activity_log.contracts.outgoing import OUTGOING_TYPES, EngagementTrigger
from activity_log.contracts.types import TYPES
from activity_log.database import Database
from activity_log.outbox import put
from activity_log.outbox.reacting import RULES
from tests.activity_log.outbox.telling import outbox, states, trigger, webhook, write_down
from tests.activity_log.stories import NOW


def test_a_message_is_there_once_its_cause_is_committed(database: Database):
    with database.writing() as connection:
        assert put(connection, trigger("anna", "e1"), now=NOW) == 1
        assert outbox(database) == []
    assert [event["data"]["customer_id"] for event in outbox(database)] == ["c-anna"]


def test_a_cause_that_is_rolled_back_leaves_no_message(database: Database):
    webhook(database, "https://example.org/")

    def half_way() -> None:
        with database.writing() as connection:
            put(connection, trigger("anna", "e1"), now=NOW)
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        half_way()
    assert outbox(database) == []
    assert states(database) == {}


def test_a_cause_that_is_handled_again_writes_no_second_message(database: Database):
    hook = webhook(database, "https://example.org/").destination.destination_id
    assert write_down(database, trigger("anna", "e1"), trigger("anna", "e1")) == 1
    before = outbox(database)
    assert write_down(database, trigger("anna", "e1"), trigger("bernd", "e2")) == 1
    assert outbox(database)[0] == before[0]
    assert states(database) == {hook: ["pending", "pending"]}


def test_the_same_cause_at_another_operator_is_another_message(database: Database):
    assert write_down(database, trigger("anna", "e1"), trigger("anna", "e1", "konkurrenz")) == 2
    first, second = outbox(database)
    assert first["id"] != second["id"]


def test_a_message_travels_as_a_cloud_event_in_the_order_it_was_written(database: Database):
    write_down(database, trigger("anna", "e1"), trigger("anna", "e2"))
    first, second = outbox(database)
    envelope = Envelope.model_validate(first)
    assert (envelope.source, envelope.type, envelope.operatorid) == (
        "customer-intelligence",
        "EngagementTrigger",
        "reisen",
    )
    assert envelope.id == trigger("anna", "e1").message_id
    assert first["subject"] == first["partitionkey"] == "c-anna"
    assert first["sequence"] < second["sequence"]
    assert EngagementTrigger.model_validate(first["data"]) == trigger("anna", "e1").payload


def test_a_message_goes_to_those_who_take_its_type_and_its_operator(database: Database):
    triggers = webhook(database, "https://example.org/a", "EngagementTrigger").destination.destination_id
    webhook(database, "https://example.org/b", "CustomerSegmentChanged")
    webhook(database, "https://example.org/c", operator_id="konkurrenz")
    write_down(database, trigger("anna", "e1"))
    assert states(database) == {triggers: ["pending"]}


def test_no_type_that_we_publish_has_room_for_a_name_or_an_address():
    told = {name for type_ in OUTGOING_TYPES.values() for name in type_.payload.model_fields}
    who_they_are = personal_fields(PersonProfileUpdated)
    assert {"family_name", "email", "phone"} <= who_they_are
    assert not told & who_they_are


@pytest.mark.parametrize("name", RULES)
def test_the_evidence_of_a_trigger_holds_nothing_personal(name: str):
    payload = TYPES[name].payload
    assert set(RULES[name].evidence) <= payload.model_fields.keys() - personal_fields(payload)
