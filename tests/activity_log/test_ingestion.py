import json
from collections import Counter

import pytest
from sqlalchemy import func, select

from activity_log import ingestion, ledger, projection_state, quarantine, reading, schema
from activity_log.database import Database
from activity_log.gate import Gate
from activity_log.ingestion import Receipt, Tally, ingest
from activity_log.operators import Operator
from tests.activity_log.stories import (
    NOW,
    Books,
    OpenFresh,
    anna_and_bernd,
    logged_ids,
    read_models,
    send,
)


def counted(database: Database, table_name: str) -> int:
    with database.reading() as connection:
        table = schema.metadata.tables[table_name]
        return connection.execute(select(func.count()).select_from(table)).scalar() or 0


# Identity anchor


def test_events_of_an_unknown_person_wait_and_count_when_the_profile_arrives(
    database: Database, reisen: Operator, books: Books
):
    anna = reisen.pseudonym("anna")
    booking = books.books("anna", "nordsee-26", "2026-05-02")
    assert send(database, booking).accepted == 1
    with database.reading() as connection:
        assert reading.all_customers(connection, "reisen") == []
        assert reading.existing_customers(connection, "reisen", [anna]) == set()
    send(database, books.knows("anna", "Anna", "Müller", "2026-05-20"))
    with database.reading() as connection:
        assert reading.all_customers(connection, "reisen") == [anna]
        told = reading.timeline(connection, "reisen", anna)
    assert [row.event.event_id for row in told] == ["profile-anna-2026-05-20", booking["id"]]


# Contact filter


def test_a_contact_without_person_is_counted_once_even_when_sent_twice(database: Database, books: Books):
    message = books.writes("contact-nobody", "2026-04-01")
    first, second = send(database, message, message), send(database, message)
    assert (first.accepted, first.discarded, first.duplicates) == (0, 1, 1)
    assert (second.accepted, second.discarded, second.duplicates) == (0, 0, 1)
    assert counted(database, "discarded") == 1
    assert logged_ids(database) == []


# Levels


def test_the_read_models_are_as_far_as_the_log_and_no_farther(database: Database, books: Books):
    story = anna_and_bernd(books)
    send(database, *story)
    send(database, *story, *anna_and_bernd(Books("konkurrenz"))[:1])
    send(database, *story)
    with database.reading() as connection:
        for operator_id in ("reisen", "konkurrenz"):
            last, levels = (
                ledger.last_seq(connection, operator_id),
                projection_state.levels(connection, operator_id),
            )
            assert {level.seq for name, level in levels.items() if name != projection_state.FACTS} == {last}


# Quarantine


def test_a_bad_event_is_kept_byte_by_byte_and_once(database: Database):
    raw = b'{"id": "x", "operatorid": "reisen",   "type": "Tee\xc3\xa4", "time": 7}'
    rejected = [Gate({"reisen"}, NOW).admit(raw)]
    for _ in range(2):
        receipt = ingest(database, rejected, NOW)
        assert [one.id for one in receipt.quarantined] == ["x"]
    with database.reading() as connection:
        kept = connection.execute(select(schema.quarantine)).one()
        bytes_kept = quarantine.original(connection, quarantine.find(connection, kept.fingerprint))
    assert bytes_kept == raw
    assert raw not in kept.raw, "they lie sealed"
    assert (kept.event_id, kept.operator_id, kept.received_at) == ("x", "reisen", NOW)
    assert (kept.deliveries, kept.resolved_at) == (2, None)
    assert "source: Field required" in kept.reason


def test_a_corrected_event_counts(database: Database, books: Books):
    booking = books.books("anna", "nordsee-26", "2026-05-02")
    assert len(send(database, booking | {"source": "operations"}).quarantined) == 1
    assert send(database, booking).accepted == 1


def test_the_good_events_of_a_batch_are_not_held_up_by_the_bad(database: Database, books: Books):
    good = books.books("anna", "nordsee-26", "2026-05-02")
    receipt = send(database, good, good | {"id": "bad", "type": "TeaPoured"})
    assert (receipt.accepted, len(receipt.quarantined)) == (1, 1)


def test_a_tally_adds_receipts_up():
    bad = ingestion.Quarantined("x", "type: unknown event type 'Tea'; known are BookingConfirmed")
    tally = Tally()
    for receipt in (Receipt(1, 2, 3, (bad,)), Receipt(10, 0, 0, (bad, bad)), Receipt()):
        tally.add(receipt)
    assert tally == Tally(11, 2, 3, 3, Counter({"type: unknown event type …": 3}))


# One batch is one transaction


def test_an_error_in_the_middle_leaves_nothing(
    database: Database, books: Books, monkeypatch: pytest.MonkeyPatch
):
    def fall(*_args: object, **_more: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(ingestion.tallies, "count", fall)  # the last step of a batch
    story = [*anna_and_bernd(books), books.books("anna", "x", "2026-05-02") | {"source": "nowhere"}]
    before = {table: counted(database, table) for table in schema.metadata.tables}
    with pytest.raises(RuntimeError, match="power"):
        send(database, *story)
    assert {table: counted(database, table) for table in schema.metadata.tables} == before
    monkeypatch.undo()
    send(database, *story)
    for table in ("event", "event_key", "person_key", "touchpoint", "booking", "discarded", "quarantine"):
        assert counted(database, table) > 0


# Tenants


def test_tenants_never_mix(open_fresh: OpenFresh):
    alone, together = open_fresh(), open_fresh()
    ours, theirs = anna_and_bernd(Books("reisen")), anna_and_bernd(Books("konkurrenz"))
    send(alone, *ours)
    send(together, *(event for pair in zip(ours, theirs[:-3], strict=False) for event in pair), *ours[-3:])

    def of_reisen(database: Database) -> dict[str, list[tuple[object, ...]]]:
        return {
            name: [row for row in rows if "reisen" in row] for name, rows in read_models(database).items()
        }

    assert of_reisen(together) == of_reisen(alone)
    ids = {name: {row[1] for row in rows} for name, rows in read_models(together).items()}
    assert ids["person_profile"] == {"anna", "bernd", "carla", "carla2"}
    with together.reading() as connection:
        here = set(reading.all_customers(connection, "reisen"))
        there = set(reading.all_customers(connection, "konkurrenz"))
        assert len(here) == len(there) == 3
        assert not here & there, "the same person has another pseudonym at every operator"
        assert reading.existing_customers(connection, "konkurrenz", here) == set()
        assert all(reading.timeline(connection, "konkurrenz", one) == [] for one in here)


def test_an_operator_does_not_get_in_by_anothers_gate(database: Database):
    theirs = Books("konkurrenz").books("anna", "nordsee-26", "2026-05-02")
    admission = Gate({"reisen"}, NOW).admit(json.dumps(theirs).encode())
    receipt = ingest(database, [admission], NOW)
    assert receipt.quarantined[0].reason.startswith("operatorid: unknown operator 'konkurrenz'")
