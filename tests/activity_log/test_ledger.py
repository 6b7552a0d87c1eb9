import json

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from activity_log import ledger, schema
from activity_log.contracts.backoffice import PersonProfileUpdated
from activity_log.database import Database
from tests.activity_log.stories import Books, logged_ids, send


def test_an_id_seen_before_changes_nothing(database: Database, books: Books):
    booking = books.books("anna", "nordsee-26", "2026-05-02")
    first, second = send(database, booking), send(database, booking)
    assert (first.accepted, first.duplicates) == (1, 0)
    assert (second.accepted, second.duplicates) == (0, 1)
    assert logged_ids(database) == [booking["id"]]


def test_an_id_seen_before_changes_nothing_even_with_other_content(database: Database, books: Books):
    booking = books.books("anna", "nordsee-26", "2026-05-02", amount="499.00")
    send(database, booking)
    send(database, booking | {"data": booking["data"] | {"total_amount": "1.00"}})
    with database.reading() as connection:
        [[event]] = ledger.read(connection, "reisen")
    assert str(event.payload.total_amount) == "499.00"  # type: ignore[attr-defined]


def test_doubles_within_a_batch_count_once(database: Database, books: Books):
    booking = books.books("anna", "nordsee-26", "2026-05-02")
    receipt = send(database, booking, booking, booking)
    assert (receipt.accepted, receipt.duplicates) == (1, 2)


def test_ids_are_each_operators_own(database: Database):
    ours = Books("reisen").books("anna", "nordsee-26", "2026-05-02")
    theirs = Books("konkurrenz").books("anna", "nordsee-26", "2026-05-02")
    assert ours["id"] == theirs["id"]
    assert (send(database, ours).accepted, send(database, theirs, ours).accepted) == (1, 1)
    assert logged_ids(database, "konkurrenz") == logged_ids(database, "reisen")


@pytest.mark.parametrize(
    "change", [update(schema.event).values(type="Nothing"), delete(schema.event)], ids=["update", "delete"]
)
def test_the_log_refuses_to_be_changed(database: Database, books: Books, change):
    send(database, books.books("anna", "nordsee-26", "2026-05-02"))
    with pytest.raises(IntegrityError, match="append-only"), database.writing() as connection:
        connection.execute(change)
    assert len(logged_ids(database)) == 1


def test_replacing_a_row_is_a_change_too(database: Database, books: Books):
    send(database, books.books("anna", "nordsee-26", "2026-05-02"))
    with pytest.raises(IntegrityError, match="append-only"), database.writing() as connection:
        connection.exec_driver_sql("INSERT OR REPLACE INTO event SELECT * FROM event")
    with database.writing() as connection:
        kept = connection.execute(schema.event_key.select()).all()
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO event_key SELECT operator_id, event_id, 99 FROM event_key"
        )
        assert connection.execute(schema.event_key.select()).all() == kept
    assert len(logged_ids(database)) == 1


def test_old_names_are_kept_in_the_log_and_read_as_new(database: Database, books: Books):
    old = books.knows("x", "Anna", "Müller") | {"type": "PassengerProfileUpdated"}
    old["data"] = {"passenger_profile_id": "anna", "given_name": "Anna", "family_name": "Müller"}
    send(database, old)
    with database.reading() as connection:
        stored = connection.execute(schema.event.select()).one()
        [[event]] = ledger.read(connection, "reisen", types=["PersonProfileUpdated"])
    assert stored.type == "PassengerProfileUpdated"
    assert json.loads(stored.data) == {"passenger_profile_id": "anna"}, "names lie sealed"
    assert stored.sealed_for == "anna"
    assert event.event_type.name == "PersonProfileUpdated"
    assert event.payload == PersonProfileUpdated(
        person_profile_id="anna", given_name="Anna", family_name="Müller"
    )


def test_reading_goes_on_from_a_place_in_chunks(database: Database, books: Books):
    send(database, *(books.books("anna", "nordsee-26", f"2026-05-{day:02}") for day in range(1, 8)))
    with database.reading() as connection:
        chunks = list(ledger.read(connection, "reisen", after=2, chunk=2))
        assert ledger.last_seq(connection, "reisen") == 7
        assert ledger.last_seq(connection, "konkurrenz") == 0
        some = ledger.read_some(connection, [5, 3])
    assert [[event.seq for event in chunk] for chunk in chunks] == [[3, 4], [5, 6], [7]]
    assert [event.seq for event in some] == [5, 3]


def test_asking_for_a_type_nobody_knows_is_an_error(database: Database):
    with database.reading() as connection, pytest.raises(LookupError, match="TeaPoured"):
        list(ledger.read(connection, "reisen", types=["TeaPoured"]))
