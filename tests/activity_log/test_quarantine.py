import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from activity_log import mending, quarantine, resubmission, schema
from activity_log.database import Database, open_database
from activity_log.errors import WrongUseError
from activity_log.ingestion import Receipt, ingest_events
from activity_log.operators import register_operator
from activity_log.quarantine import Entry, Which
from activity_log.resubmission import Door, Result
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import KEY, NOW, Books, Event, anna_and_bernd, logged_ids, read_models

LATER = NOW + timedelta(days=1)
DOOR = Door(LATER)
WAITING = Which()


@pytest.fixture(params=STORES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with fresh_log(request.param, tmp_path) as fresh:
        yield fresh


@pytest.fixture
def log(url: str) -> Iterator[Database]:
    with closing(open_database(url, VAULT)) as database:
        yield database


def came(log: Database, *events: Event | bytes, **options) -> Receipt:
    raws = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    return ingest_events(log, raws, **{"now": NOW, **options})


def listed(log: Database, which: Which = WAITING, **options) -> list[Entry]:
    with log.reading() as connection:
        return quarantine.entries(connection, which, **options)


def the_one(log: Database, which: Which = WAITING) -> Entry:
    [entry] = listed(log, which)
    return entry


def bytes_of(log: Database, entry: Entry) -> bytes:
    with log.reading() as connection:
        return quarantine.original(connection, entry)


def annas_booking(books: Books, amount: str = "12,50") -> Event:
    """Anna books the North Sea; the amount is written the German way, which the contract does not take."""
    return books.books("anna", "nordsee-26", "2026-05-02", amount=amount)


# What is put aside


def test_the_bytes_come_back_as_they_were_and_lie_sealed(log: Database):
    raw = (
        b'{"id": "x", "operatorid": "reisen",   "type": "Tee\xc3\xa4", "data": {"email": "anna@example.org"}}'
    )
    came(log, raw)
    entry = the_one(log)
    assert bytes_of(log, entry) == raw
    assert (entry.operator_id, entry.event_id, entry.received_at) == ("reisen", "x", NOW)
    with log.reading() as connection:
        stored = connection.execute(select(schema.quarantine)).one()
    assert b"anna" not in stored.raw
    assert "anna" not in repr(stored._mapping)


def test_bytes_that_come_again_are_counted_not_doubled(log: Database, books: Books):
    came(log, annas_booking(books), annas_booking(books))
    came(log, annas_booking(books), now=LATER)
    assert (the_one(log).deliveries, the_one(log).received_at) == (3, NOW)


def test_bytes_that_come_again_take_the_reason_of_today(log: Database):
    neu = annas_booking(Books("neu"))
    came(log, neu)
    assert the_one(log).kind.startswith("operatorid: unknown operator")
    register_operator(log, "neu", now=NOW)
    came(log, neu)
    again = the_one(log)
    assert again.reason.startswith("data.total_amount: ")
    assert again.kind.startswith("data.total_amount: ")


def test_entries_are_found_by_operator_reason_and_moment(log: Database, books: Books):
    came(log, b"what?", annas_booking(books))
    came(log, Books("konkurrenz").event("TeaPoured", "2026-05-02", {}), now=LATER)
    assert {entry.event_id is None for entry in listed(log)} == {True, False}
    assert the_one(log, Which(operator_id="konkurrenz")).kind.startswith("type: unknown event type …")
    assert the_one(log, Which(kind="not JSON")).operator_id is None
    assert the_one(log, Which(since=LATER)).received_at == LATER
    assert the_one(log, Which("reisen", "data.total_amount")).event_id == annas_booking(books)["id"]
    assert listed(log, Which("konkurrenz", "data.total_amount")) == []
    assert listed(log, Which(resolved=True)) == []


def test_the_pages_of_a_list_hold_every_entry_once(log: Database):
    for day in range(3):
        came(
            log, *(b"poison %d" % number for number in range(day * 7, day * 7 + 7)), now=NOW + timedelta(day)
        )
    pages = [listed(log, limit=4)]
    while page := listed(log, limit=4, after=pages[-1][-1].fingerprint):
        pages.append(page)
    assert [len(page) for page in pages] == [4, 4, 4, 4, 4, 1]
    assert [entry for page in pages for entry in page] == listed(log)
    assert len(set(listed(log))) == 21


def test_reasons_of_one_kind_are_counted_together(log: Database, books: Books):
    came(log, *(books.event(f"Tea{n}", "2026-05-02", {}) for n in range(3)), annas_booking(books))
    with log.reading() as connection:
        tallies = quarantine.tallies(connection, Which())
    assert [(tally.operator_id, tally.entries) for tally in tallies] == [("reisen", 3), ("reisen", 1)]
    assert tallies[0].kind.startswith("type: unknown event type …")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("operatorid: unknown operator 'neu'; register it first", "operatorid: unknown operator …"),
        ("data.travellers.3.seat_position: too long", "data.travellers.*.seat_position: too long"),
        ("data.amount: too small (got '-4'); id: missing", "data.amount: too small"),
        ("x" * 500, "x" * quarantine.LONGEST_KIND),
    ],
)
def test_a_kind_says_nothing_of_the_event(reason: str, kind: str):
    assert quarantine.kind_of(reason) == kind


@pytest.mark.parametrize("fingerprint", ["", "abc", "xyzxyzxyz", "%%%%%%%%", "0" * 64])
def test_a_fingerprint_that_names_nothing_is_wrong_use(log: Database, fingerprint: str):
    came(log, b"what?")
    with log.reading() as connection, pytest.raises(WrongUseError, match=r"give 8 to 64|no such entry"):
        quarantine.find(connection, fingerprint)


# Repairing


def test_a_repaired_event_counts_and_its_entry_is_resolved(log: Database, books: Books):
    came(log, books.knows("anna", "Anna", "Müller"), annas_booking(books))
    entry = the_one(log)
    outcome = resubmission.repair(
        log, entry.fingerprint[:8], mending.by_setting({"data.total_amount": "12.50"}), DOOR
    )
    assert (outcome.result, outcome.event_id) == (Result.ACCEPTED, annas_booking(books)["id"])
    assert logged_ids(log)[1:] == [outcome.event_id]
    assert listed(log) == []
    resolved = the_one(log, Which(resolved=True))
    assert (resolved.resolution, resolved.resolved_at) == ("accepted", LATER)
    assert (resolved.resolved_event_id, resolved.attempts) == (outcome.event_id, 1)
    with log.reading() as connection:
        assert connection.execute(select(schema.quarantine.c.raw)).scalar() == b"", "the bytes are destroyed"


def test_repairing_gives_the_world_that_a_clean_pass_gives(log: Database, books: Books, tmp_path: Path):
    events = anna_and_bernd(books)
    came(log, *(event | {"source": "nobody"} for event in events))
    for event, entry in zip(events, _in_order(log, events), strict=True):
        patch = json.dumps({"source": event["source"]}).encode()
        resubmission.repair(log, entry.fingerprint, mending.by_patch(patch), Door(NOW))
    with fresh_log("sqlite", tmp_path / "clean") as url, closing(open_database(url, VAULT)) as clean:
        came(clean, *events)
        assert read_models(log) == read_models(clean)


def _in_order(log: Database, events: list[Event]) -> list[Entry]:
    by_id = {entry.event_id: entry for entry in listed(log)}
    return [by_id[event["id"]] for event in events]


def test_what_is_refused_again_stays_as_it_came_with_the_new_reason(log: Database, books: Books):
    came(log, annas_booking(books))
    entry, raw = the_one(log), bytes_of(log, the_one(log))
    mend = mending.by_setting({"data.total_amount": "12.50", "data.currency": "Taler"})
    outcome = resubmission.repair(log, entry.fingerprint, mend, DOOR)
    assert outcome.result is Result.REFUSED
    again = the_one(log)
    assert again.reason == outcome.reason
    assert again.kind.startswith("data.currency: ")
    assert (again.attempts, again.deliveries, again.resolved_at) == (1, 1, None)
    assert bytes_of(log, again) == raw
    assert logged_ids(log) == []


def test_what_is_no_json_can_only_be_replaced(log: Database, books: Books):
    came(log, b"Anna, 499 EUR")
    fingerprint = the_one(log).fingerprint
    with pytest.raises(WrongUseError, match=r"not JSON .*: give the whole event"):
        resubmission.repair(log, fingerprint, mending.by_setting({"id": "x"}), DOOR)
    whole = json.dumps(annas_booking(books, "499.00")).encode()
    assert resubmission.repair(log, fingerprint, mending.by_replacing(whole), DOOR).result is Result.ACCEPTED


def test_an_event_that_turns_out_to_be_nobodys_is_discarded(log: Database, books: Books):
    came(log, books.writes("contact-nobody", "2026-04-01") | {"source": "post office"})
    mend = mending.by_setting({"source": "communications"})
    assert resubmission.repair(log, the_one(log).fingerprint, mend, DOOR).result is Result.DISCARDED
    assert the_one(log, Which(resolved=True)).resolution == "discarded"
    assert len(read_models(log)["discarded"]) == 1


def test_a_resolved_entry_cannot_be_resolved_again(log: Database, books: Books):
    came(log, annas_booking(books))
    fingerprint = the_one(log).fingerprint
    mend = mending.by_setting({"data.total_amount": "12.50"})
    resubmission.repair(log, fingerprint, mend, DOOR)
    for again in (
        lambda: resubmission.repair(log, fingerprint, mend, DOOR),
        lambda: resubmission.resubmit(log, [fingerprint], DOOR),
        lambda: resubmission.drop(log, [fingerprint], "of no use", LATER),
    ):
        with pytest.raises(WrongUseError, match="was resolved at 2026-06-02 12:00 UTC: accepted"):
            again()
    assert len(logged_ids(log)) == 1


# Re-submitting unchanged


def test_events_of_an_operator_registered_later_count_as_if_they_had_come_in_time(
    log: Database, tmp_path: Path
):
    events = anna_and_bernd(Books("neu"))
    came(log, *events, b"what?")
    assert len(listed(log)) == len(events) + 1
    assert resubmission.resubmit_all(log, Which(kind="operatorid: unknown"), DOOR) == {
        Result.REFUSED: len(events)
    }
    register_operator(log, "neu", now=NOW, pseudonym_key=KEY)
    steps: list[int] = []
    results = resubmission.resubmit_all(log, Which(kind="operatorid: unknown"), Door(NOW), steps.append)
    assert results == {Result.ACCEPTED: len(events) - 1, Result.DISCARDED: 1}
    assert steps == [len(events)]
    assert the_one(log).kind.startswith("not JSON")
    with fresh_log("sqlite", tmp_path / "clean") as url, closing(open_database(url, VAULT)) as clean:
        register_operator(clean, "neu", now=NOW, pseudonym_key=KEY)
        came(clean, *events)
        assert read_models(log) == read_models(clean)


def test_of_two_entries_with_one_event_id_the_second_is_a_duplicate(log: Database):
    neu = annas_booking(Books("neu"), "12.50")
    came(log, neu, neu | {"dataschema": "another writing of the same"})
    register_operator(log, "neu", now=NOW)
    outcomes = resubmission.resubmit(log, [entry.fingerprint for entry in listed(log)], DOOR)
    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED, Result.DUPLICATE]
    assert logged_ids(log, "neu") == [neu["id"]]
    assert listed(log) == []


def test_an_event_that_came_meanwhile_by_another_way_is_a_duplicate(log: Database):
    neu = annas_booking(Books("neu"), "12.50")
    came(log, neu)
    register_operator(log, "neu", now=NOW)
    came(log, neu)
    assert resubmission.resubmit_all(log, Which(), DOOR) == {Result.DUPLICATE: 1}
    assert logged_ids(log, "neu") == [neu["id"]]


def test_an_event_of_another_operator_than_the_sender_can_be_let_in_by_name(log: Database):
    foreign = annas_booking(Books("konkurrenz"), "12.50")
    came(log, foreign, only_operator="reisen")
    entry = the_one(log)
    assert entry.kind.startswith("operatorid: ")
    assert not entry.kind.startswith("operatorid: unknown"), "it is known, but not the sender's"
    assert resubmission.resubmit(log, [entry.fingerprint], DOOR)[0].result is Result.ACCEPTED
    assert logged_ids(log, "konkurrenz") == [foreign["id"]]


def test_history_keeps_the_moment_its_source_learned_of_it_if_asked_to(log: Database):
    register_operator(log, "neu", now=NOW)
    for year, as_history in ((2020, True), (2021, False)):
        event = annas_booking(Books("neu"), "12,50") | {
            "id": str(year),
            "recordedtime": f"{year}-05-02T10:00:00Z",
        }
        came(log, event)
        mend = mending.by_setting({"data.total_amount": "12.50"})
        resubmission.repair(log, the_one(log).fingerprint, mend, Door(LATER, as_history))
    with log.reading() as connection:
        rows = connection.execute(select(schema.event.c.event_id, schema.event.c.recorded_at)).all()
    recorded = {row.event_id: row.recorded_at for row in rows}
    assert recorded["2020"].isoformat() == "2020-05-02T10:00:00+00:00"
    assert recorded["2021"] == LATER


# Dropping


def test_dropping_needs_a_reason_destroys_the_bytes_and_stays_decided(log: Database, books: Books):
    came(log, annas_booking(books), b"what?")
    fingerprint = the_one(log, Which(kind="not JSON")).fingerprint
    with pytest.raises(WrongUseError, match="a reason is needed"):
        resubmission.drop(log, [fingerprint], "  ", LATER)
    assert resubmission.drop(log, [fingerprint], "a port scan", LATER) == 1
    came(log, b"what?", now=LATER)
    dropped = the_one(log, Which(resolved=True))
    assert (dropped.resolution, dropped.resolved_at, dropped.deliveries) == ("dropped: a port scan", LATER, 2)
    assert dropped.resolved_event_id is None
    with pytest.raises(WrongUseError, match="was resolved"):
        bytes_of(log, dropped)
    assert resubmission.drop_all(log, Which(operator_id="konkurrenz"), "gone", LATER) == 0
    assert resubmission.drop_all(log, Which(operator_id="reisen"), "gone", LATER) == 1
    assert listed(log) == []


# Two at once, and a kill


def test_of_two_people_at_once_one_resolves_it_and_the_other_is_told(url: str):
    with closing(open_database(url, VAULT)) as log:
        came(log, annas_booking(Books("neu"), "12.50"))
        register_operator(log, "neu", now=NOW)
        fingerprint = the_one(log).fingerprint
        together = Barrier(2)

        def person() -> str:
            with closing(open_database(url, VAULT)) as own:
                together.wait()
                try:
                    return resubmission.resubmit(own, [fingerprint], DOOR)[0].result.value
                except WrongUseError as told:
                    return str(told).partition("was ")[2][:8]

        with ThreadPoolExecutor(2) as people:
            ends = [person_.result() for person_ in [people.submit(person), people.submit(person)]]
        assert sorted(ends) == ["accepted", "resolved"]
        assert len(logged_ids(log, "neu")) == 1
        assert the_one(log, Which(resolved=True)).attempts == 1


KILLED_WHILE_RESUBMITTING = """
import os, signal, sys
from datetime import datetime, UTC
from activity_log import resubmission
from activity_log.database import open_database
from activity_log.vault import Vault

resubmission.BATCH = 10
noted = []
note = resubmission._note

def die_in_the_second_batch(*args):
    note(*args)
    noted.append(1)
    if len(noted) == 15:
        os.kill(os.getpid(), signal.SIGKILL)

resubmission._note = die_in_the_second_batch
database = open_database(sys.argv[1], Vault(bytes(32)))
resubmission.resubmit_all(database, resubmission.Which(), resubmission.Door(datetime.now(UTC)))
"""


def test_after_a_kill_nothing_is_lost_and_nothing_doubled(url: str):
    books = Books("neu")
    events = [books.books(f"p{n}", "harz-26", "2026-01-05") for n in range(40)]
    with closing(open_database(url, VAULT)) as log:
        came(log, *events)
        register_operator(log, "neu", now=NOW)
        command = [sys.executable, "-c", KILLED_WHILE_RESUBMITTING, url]
        process = subprocess.run(command, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())})
        assert process.returncode == -signal.SIGKILL
        assert (len(listed(log)), len(logged_ids(log, "neu"))) == (30, 10), "the second batch left nothing"
        assert resubmission.resubmit_all(log, Which(), DOOR) == {Result.ACCEPTED: 30}
        assert sorted(logged_ids(log, "neu")) == sorted(event["id"] for event in events)


# Mending


@pytest.mark.parametrize(
    ("document", "patch", "mended"),
    [  # the examples of RFC 7396, those of objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_the_rfc_says(document: object, patch: object, mended: object):
    result = mending.by_patch(json.dumps(patch).encode())(json.dumps(document).encode())
    assert json.loads(result) == mended


@pytest.mark.parametrize(("patch", "problem"), [(b"{", "not JSON"), (b"[1]", "not a JSON object")])
def test_a_patch_that_is_none_is_wrong_use(patch: bytes, problem: str):
    with pytest.raises(WrongUseError, match=problem):
        mending.by_patch(patch)


@given(
    st.recursive(
        st.none() | st.integers() | st.text("ab"),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
    ),
    st.lists(st.sampled_from(["a", "b", "0", "2", ""]), min_size=1, max_size=4),
)
def test_setting_a_field_sets_that_field_and_nothing_else(inner: object, path: list[str]):
    document = {"a": inner, "b": 1}
    try:
        mended = json.loads(mending.by_setting({".".join(path): '"new"'})(json.dumps(document).encode()))
    except WrongUseError:
        assert not _reachable(document, path)
        return
    before, after = document, mended
    for step in path:
        key = int(step) if isinstance(after, list) else step
        siblings = [other for other in _keys(before) if other != key]
        assert [before[other] for other in siblings] == [after[other] for other in siblings]
        before, after = before[key] if key in _keys(before) else {}, after[key]
    assert after == "new"


def _reachable(place: object, path: list[str]) -> bool:
    """Every step is a name in an object, which may be new, or the place of something in a list."""
    for step in path:
        if isinstance(place, dict) and step:
            place = place.get(step, {})
        elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
            place = place[int(step)]
        else:
            return False
    return True


def _keys(value: object) -> list:
    return (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )


def test_money_that_is_set_keeps_its_cents(books: Books):
    raw = json.dumps(annas_booking(books)).encode()
    assert b'"total_amount":"12.50"' in mending.by_setting({"data.total_amount": "12.50"})(raw)
