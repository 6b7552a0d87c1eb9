"""A backup taken while events come in, and the master key, are enough to begin anew in an empty home."""

import json
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from activity_log import reading
from activity_log.clock import utc_now
from activity_log.database import open_log
from activity_log.ingestion import ingest_body
from activity_log.settings import load_settings
from tests.activity_log.dumps import dump
from tests.activity_log.stories import Books, anna_and_bernd


def back_up(log: Path, copy: Path) -> None:
    """What `sqlite3 log.db ".backup copy.db"` does."""
    with closing(sqlite3.connect(log)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def consent(number: int) -> dict[str, object]:
    return {"specversion": "1.0", "id": f"later-{number}", "source": "backoffice", "type": "ConsentGranted",
            "time": utc_now().isoformat(), "operatorid": "reisen",
            "data": {"person_profile_id": "p-anna", "purpose": f"purpose-{number}"}}  # fmt: skip


@pytest.mark.parametrize("with_key", [True, False])
def test_a_log_comes_back_from_its_backup_and_names_with_the_master_key_only(
    busflow, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_key: bool
):
    events = anna_and_bernd(Books())
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert busflow("operator", "add", "reisen").code == 0
    assert busflow("ingest", file).code == 0
    database, stop = open_log(load_settings()), threading.Event()

    def go_on() -> None:
        number = 0
        while not stop.is_set():
            ingest_body(database, json.dumps(consent(number)).encode(), now=utc_now())
            number += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    back_up(home / "log.db", tmp_path / "copy.db")
    stop.set()
    writer.join()
    database.close()

    new = tmp_path / "new"
    (new / "keys").mkdir(parents=True)
    shutil.copy(tmp_path / "copy.db", new / "log.db")
    if with_key:
        shutil.copy(home / "keys" / "master.key", new / "keys" / "master.key")
    monkeypatch.setenv("BUSFLOW_HOME", str(new))
    if not with_key:
        assert "master key" in busflow("replay", "-o", "reisen").last_word
        return
    restored = open_log(load_settings())
    before = dump(restored)
    with restored.reading() as connection:
        known = {profile.given_name for profile in reading.search_profiles(connection, "reisen", "anna")}
    assert "Anna" in known
    restored.close()
    assert busflow("replay", "-o", "reisen").code == 0
    assert dump(open_log(load_settings())) == before
    again = busflow("ingest", file, "--json")
    assert json.loads(again.stdout)["accepted"] == 0, "all of it is there"
