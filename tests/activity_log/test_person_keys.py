"""A key per person: made once, opening only what is theirs, and gone for good once destroyed."""

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from activity_log import ledger, schema
from activity_log.database import Database, open_database, open_log
from activity_log.errors import WrongUseError
from activity_log.facts.export import FactFiles
from activity_log.ledger import LoggedEvent
from activity_log.moments import from_microseconds
from activity_log.operators import find_operator
from activity_log.person_keys import PersonKey, keys_for_writing, known_keys
from activity_log.replaying import replay
from activity_log.settings import load_settings
from activity_log.vault import SealBrokenError
from tests.activity_log.dumps import dump
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import Books, anna_and_bernd, send
from tests.activity_log.test_facts import read

ANNA, BERND = ("reisen", "anna"), ("reisen", "bernd")
BOOKS = Books()


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


def key_for(log: Database, person: tuple[str, str], *moments: int) -> PersonKey:
    with log.writing() as connection:
        return keys_for_writing(connection, {person: moments or (1,)})[person]


def destroy(log: Database, person: tuple[str, str], until: int | None = None) -> None:
    key = schema.person_key
    gone = {"key_id": None, "wrapped": None, "erased_at": until and from_microseconds(until)}
    with log.writing() as connection:
        connection.execute(
            update(key)
            .where(key.c.operator_id == person[0], key.c.person_profile_id == person[1])
            .values(gone)
        )


def events(log: Database) -> dict[str, LoggedEvent]:
    with log.reading() as connection:
        return {event.event_id: event for chunk in ledger.read(connection, "reisen") for event in chunk}


def test_a_key_is_made_once_and_found_again(log: Database):
    made = key_for(log, ANNA)
    sealed = made.seal('{"a": 1}', "e1")
    again = key_for(log, ANNA)
    assert again.key_id == made.key_id
    assert again.open(sealed, "e1") == '{"a": 1}'
    with log.reading() as connection:
        assert known_keys(connection, [ANNA, BERND]).keys() == {ANNA}


def test_a_seal_opens_for_nobody_else_and_nowhere_else(log: Database):
    anna, bernd = key_for(log, ANNA), key_for(log, BERND)
    sealed = anna.seal("{}", "e1")
    assert bernd.open(sealed, "e1") is None
    with pytest.raises(SealBrokenError, match="event e2: the seal does not open"):
        anna.open(sealed, "e2")


@pytest.mark.parametrize("place", [8, 20, 25, -1])
def test_what_was_tampered_with_is_noticed(log: Database, place: int):
    send(log, BOOKS.knows("anna", "Anna", "Müller"))
    with log.writing() as connection:
        sealed = bytearray(connection.execute(select(schema.event.c.sealed)).scalar_one())
        sealed[place] ^= 1
        connection.execute(insert(schema.privacy_procedure).values(opened_at=from_microseconds(0)))
        connection.execute(update(schema.event).values(sealed=bytes(sealed)))
        connection.execute(schema.privacy_procedure.delete())
    with pytest.raises(SealBrokenError, match="event profile-anna-2020-01-01"):
        events(log)


def test_a_key_cannot_be_given_to_another_person(log: Database):
    key_for(log, ANNA)
    with log.writing() as connection:
        connection.execute(update(schema.person_key).values(person_profile_id="bernd"))
    with pytest.raises(SealBrokenError, match="key of bernd at reisen"), log.reading() as connection:
        known_keys(connection, [BERND])


def test_another_master_key_is_told_when_the_log_is_opened(log: Database, tmp_path: Path):
    url = log.engine.url.render_as_string(hide_password=False)
    another = load_settings(home=tmp_path, database_url=url, master_key=base64.b64encode(b"k" * 32).decode())
    open_log(another).close()  # nothing is sealed yet
    key_for(log, ANNA)
    with pytest.raises(WrongUseError) as refused:
        open_log(another)
    assert str(refused.value) == (
        "BUSFLOW_MASTER_KEY: not the master key of this log; give the one it was begun with"
    )


def test_what_was_forgotten_gets_no_new_key_what_comes_later_does(log: Database):
    old = key_for(log, ANNA)
    destroy(log, ANNA, until=100)
    assert key_for(log, ANNA, 50, 100).cipher is None
    new = key_for(log, ANNA, 100, 101)
    assert new.cipher is not None
    assert new.key_id != old.key_id
    assert (new.forgets(100), new.forgets(101)) == (True, False)
    assert new.open(old.seal("{}", "e1"), "e1") is None
    with pytest.raises(LookupError, match="a destroyed key seals nothing"):
        PersonKey(None, None, 100).seal("{}", "e1")


def analytic(log: Database, folder: Path) -> dict[str, Any]:
    """Everything that is computed from events, but for the profile and the area of the postcode in the facts."""
    operator = find_operator(log, "reisen")
    with log.writing() as connection:
        replay(connection, operator)
    files = FactFiles(folder, "reisen")
    files.rebuild(log, operator)
    tables = {name: rows for name, rows in dump(log).items() if name != "person_profile"}
    facts = read(files)
    facts["profiles"] = [row | {"postcode_area": None} for row in facts["profiles"]]
    return tables | facts


def test_without_any_key_all_that_is_personal_is_gone_and_nothing_else(log: Database, tmp_path: Path):
    cancelled = BOOKS.cancels("anna", "nordsee-24", "2024-05-02", "2024-05-09")
    cancelled["data"] |= {"reason": "Annas Mutter ist krank", "newer": "Am Wall 7"}
    send(log, *anna_and_bernd(BOOKS), cancelled)
    before, known = analytic(log, tmp_path), events(log)
    for person in ("anna", "bernd", "carla", "carla2"):
        destroy(log, ("reisen", person))
    assert analytic(log, tmp_path) == before
    for event_id, event in events(log).items():
        was = known[event_id]
        assert event.erased == (event_id.startswith("profile-") or event_id == cancelled["id"])
        assert event._replace(payload=was.payload, erased=was.erased) == was
    told = json.dumps([event.payload.model_dump(mode="json") for event in events(log).values()])
    assert not [word for word in ('Anna"', "Müller", "0421", "@example", "krank", "Wall") if word in told]
    with log.reading() as connection:
        assert connection.execute(select(schema.person_profile)).all() == []
