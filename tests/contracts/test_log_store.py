"""What a log store promises, whichever it is: SQLite in a file, PostgreSQL in a schema of its own."""

import json
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import DatabaseError

from activity_log import ledger, reading, schema
from activity_log.contracts.commerce import BookingConfirmed
from activity_log.database import POSTGRESQL, SQLITE
from activity_log.ingestion import Receipt, ingest_events
from tests.activity_log.logs import Log
from tests.activity_log.stories import NOW
from tests.contracts.log_store import BOOKING, PROFILE, append, stored

# Appending


def test_an_id_seen_before_changes_nothing(log: Log, operator_id: str):
    assert append(log, operator_id, BOOKING).accepted == 1
    other = BOOKING | {"data": BOOKING["data"] | {"total_amount": "1.00"}}
    assert append(log, operator_id, other, other) == Receipt(duplicates=2)
    assert append(log, operator_id, PROFILE, other, PROFILE) == Receipt(accepted=1, duplicates=2)
    booking, profile = stored(log, operator_id)
    assert isinstance(booking.payload, BookingConfirmed)
    assert booking.payload.total_amount == Decimal("499.00")
    assert profile.event_id == PROFILE["id"]


def test_the_first_of_two_with_one_id_counts(log: Log, operator_id: str):
    dearer = BOOKING | {"data": BOOKING["data"] | {"total_amount": "900.00"}}
    assert append(log, operator_id, dearer, BOOKING) == Receipt(accepted=1, duplicates=1)
    [event] = stored(log, operator_id)
    assert event.payload.total_amount == Decimal("900.00")  # type: ignore[attr-defined]


def test_the_same_id_of_two_operators_is_two_events(log: Log):
    one, other = log.operator(), log.operator()
    both = [BOOKING | {"operatorid": operator_id} for operator_id in (one, other)]
    receipt = ingest_events(log.database, [json.dumps(event).encode() for event in both], now=NOW)
    assert receipt == Receipt(accepted=2)
    assert [event.event_id for event in stored(log, one)] == [event.event_id for event in stored(log, other)]


def test_ids_that_look_alike_are_not_one(log: Log, operator_id: str):
    ids = ["1", "1.0", "01", "e1", "E1", "é", "e\u0301", "null", "true", '"', "\\", "'; --", "%", "a b", "🚌"]
    assert append(log, operator_id, *(BOOKING | {"id": id_} for id_ in ids)).accepted == len(ids)
    assert append(log, operator_id, *(BOOKING | {"id": id_} for id_ in ids)).duplicates == len(ids)
    assert [event.event_id for event in stored(log, operator_id)] == ids


def test_a_batch_of_thousands_keeps_its_order_and_knows_its_doubles(log: Log, operator_id: str):
    events = [BOOKING | {"id": f"e{n * 7919 % 3_000}"} for n in range(3_000)]
    first = append(log, operator_id, *events[:1_500])
    second = append(log, operator_id, *events)
    assert (first.accepted, second.accepted, second.duplicates) == (1_500, 1_500, 1_500)
    assert [event.event_id for event in stored(log, operator_id)] == [event["id"] for event in events]


# Reading


def test_places_rise_and_may_have_gaps(log: Log, operator_id: str):
    append(log, operator_id, PROFILE)
    append(log, operator_id, PROFILE, BOOKING)
    append(log, log.operator(), PROFILE)
    append(log, operator_id, BOOKING | {"id": "again"})
    events = stored(log, operator_id)
    places = [event.seq for event in events]
    assert [event.event_id for event in events] == [PROFILE["id"], BOOKING["id"], "again"]
    assert places == sorted(set(places))
    with log.database.reading() as connection:
        assert ledger.last_seq(connection, operator_id) == places[-1]
        assert ledger.last_seq(connection, "nobody") == 0


def test_reading_goes_on_from_a_place_in_chunks(log: Log, operator_id: str):
    append(log, operator_id, *(BOOKING | {"id": f"e{n}"} for n in range(7)))
    places = [event.seq for event in stored(log, operator_id)]
    with log.database.reading() as connection:
        chunks = list(ledger.read(connection, operator_id, after=places[1], chunk=2))
        some = ledger.read_some(connection, [places[5], places[2]])
    assert [[event.event_id for event in chunk] for chunk in chunks] == [["e2", "e3"], ["e4", "e5"], ["e6"]]
    assert [event.event_id for event in some] == ["e5", "e2"]


def test_a_type_is_read_under_its_old_names_too(log: Log, operator_id: str):
    old = [
        PROFILE | {"id": f"v{version}", "type": "PassengerProfileUpdated", "dataversion": version}
        for version in (1, 2)
    ]
    old[0]["data"] = {"passenger_profile_id": "anna", "given_name": "Anna", "family_name": "Müller"}
    append(log, operator_id, BOOKING, *old, PROFILE)
    read = stored(log, operator_id, types=["PersonProfileUpdated"])
    assert [event.event_id for event in read] == ["v1", "v2", PROFILE["id"]]
    assert {(event.event_type.name, event.payload.family_name) for event in read} == {  # type: ignore[attr-defined]
        ("PersonProfileUpdated", "Müller")
    }
    with log.database.reading() as connection, pytest.raises(LookupError, match="TeaPoured"):
        list(ledger.read(connection, operator_id, types=["TeaPoured"]))


def test_a_reader_sees_one_snapshot(log: Log, operator_id: str):
    with log.database.reading() as reader:
        assert ledger.last_seq(reader, operator_id) == 0
        append(log, operator_id, PROFILE, BOOKING)
        assert ledger.last_seq(reader, operator_id) == 0
        assert reading.all_customers(reader, operator_id) == []
    with log.database.reading() as reader:
        assert ledger.last_seq(reader, operator_id) > 0
        assert len(reading.all_customers(reader, operator_id)) == 1


# Nothing of what happened is changed

IN_EVERY_STORE = (
    "UPDATE event SET type = 'Nothing'",
    "UPDATE event SET data = '{}'",
    "UPDATE event SET seq = seq + 1000000",
    "UPDATE event SET recorded_at = recorded_at + 1",
    "UPDATE event SET operator_id = 'reisen'",
    "UPDATE event SET sealed = NULL",
    "UPDATE event SET sealed_for = NULL",
    "DELETE FROM event",
    "UPDATE event_key SET event_id = 'other'",
    "UPDATE event_key SET operator_id = 'konkurrenz'",
    "UPDATE event_key SET seq = 0",
    "DELETE FROM event_key",
)
UPSERT = (
    "INSERT INTO event_key SELECT * FROM event_key WHERE true "
    "ON CONFLICT (operator_id, event_id) DO UPDATE SET seq = 0"
)
IN_ONE_STORE = {
    SQLITE: (
        "INSERT OR REPLACE INTO event SELECT * FROM event",
        "REPLACE INTO event SELECT * FROM event",
        "UPDATE OR REPLACE event SET seq = 1",
        "INSERT INTO event SELECT * FROM event WHERE true ON CONFLICT (seq) DO UPDATE SET data = '{}'",
        "UPDATE OR REPLACE event_key SET event_id = 'other'",
    ),
    POSTGRESQL: (
        "TRUNCATE event",
        "TRUNCATE event CASCADE",
        "TRUNCATE event_key",
        "TRUNCATE event_2026",
        "UPDATE event_2026 SET type = 'Nothing'",
        "DELETE FROM event_2026",
        "INSERT INTO event SELECT * FROM event ON CONFLICT (seq, recorded_at) DO UPDATE SET data = '{}'",
        "MERGE INTO event_key USING event_key AS same ON event_key.event_id = same.event_id "
        "WHEN MATCHED THEN DELETE",
        UPSERT,
    ),
}
WITHOUT_EFFECT = {
    SQLITE: (UPSERT, "REPLACE INTO event_key SELECT operator_id, event_id, 0 FROM event_key"),
    POSTGRESQL: (),
}
"""What a noted event id ignores."""


def contents(log: Log) -> list[Any]:
    tables = (schema.event, schema.event_key)
    with log.database.reading() as connection:
        return [connection.execute(select(table).order_by(table.c.seq)).all() for table in tables]


def test_the_store_itself_refuses_to_change_what_happened(log: Log, operator_id: str):
    store = log.database.engine.dialect.name
    append(log, operator_id, PROFILE, BOOKING)
    before = contents(log)
    for statement in (*IN_EVERY_STORE, *IN_ONE_STORE[store]):
        with pytest.raises(DatabaseError, match="append-only"), log.database.writing() as connection:
            connection.exec_driver_sql(statement)
    for statement in WITHOUT_EFFECT[store]:
        with log.database.writing() as connection:
            connection.exec_driver_sql(statement)
    assert contents(log) == before


OPEN_PROCEDURE = "INSERT INTO privacy_procedure VALUES (0)"


def change_by_procedure(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(OPEN_PROCEDURE)
    connection.exec_driver_sql(statement)


def test_the_privacy_procedure_may_seal_anew_and_no_more(log: Log, operator_id: str):
    append(log, operator_id, PROFILE)
    with log.database.writing() as connection:
        connection.exec_driver_sql(OPEN_PROCEDURE)
        forget = update(schema.event).where(schema.event.c.operator_id == operator_id).values(sealed=None)
        assert connection.execute(forget).rowcount == 1
        connection.exec_driver_sql("DELETE FROM privacy_procedure")
    [event] = stored(log, operator_id)
    assert event.erased


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = '{}'",
        "UPDATE event SET sealed = NULL, data = '{}'",
        "UPDATE event SET sealed_for = 'bernd'",
        "DELETE FROM event",
        "UPDATE event_key SET seq = 0",
        "DELETE FROM event_key",
    ],
)
def test_even_the_privacy_procedure_changes_no_fact(log: Log, operator_id: str, statement: str):
    append(log, operator_id, PROFILE)
    before = contents(log)
    with pytest.raises(DatabaseError, match="append-only"), log.database.writing() as connection:
        change_by_procedure(connection, statement)
    assert contents(log) == before
    with log.database.reading() as connection:
        assert connection.execute(select(schema.privacy_procedure)).all() == []
