"""`busflow doctor` on installations that are well, and on such that something is wrong with."""

import json
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from activity_log import ledger, projection_state
from activity_log.clock import utc_now
from activity_log.database import Database, open_database, open_log
from activity_log.ingestion import ingest_events
from activity_log.outbox import tables
from activity_log.outbox.destinations import add_webhook
from activity_log.settings import Settings, load_settings
from busflow import examination
from busflow.guards import unguarded
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import Books, anna_and_bernd
from tests.busflow.conftest import Busflow

Findings = dict[str, list[dict[str, str]]]


@pytest.fixture
def well(busflow: Busflow, home: Path) -> Path:
    """Reisen: a few customers, nothing wrong."""
    busflow("operator", "add", "reisen")
    with changing() as database:
        ingest_events(database, [json.dumps(one).encode() for one in anna_and_bernd(Books())], now=utc_now())
    return home


@contextmanager
def changing() -> Iterator[Database]:
    with closing(open_log(load_settings())) as database:
        yield database


def found(busflow: Busflow, code: int = 0) -> Findings:
    """All findings by their check."""
    ended = busflow("doctor", "--json")
    assert ended.code == code, ended.stderr
    findings: Findings = {}
    for finding in json.loads(ended.stdout)["findings"]:
        findings.setdefault(finding["check"], []).append(finding)
    return findings


def states(findings: Findings) -> dict[str, str]:
    return {check: found[0]["state"] for check, found in findings.items()}


def test_a_healthy_installation_has_a_line_for_each_check(busflow: Busflow, well: Path):
    assert states(found(busflow)) == {
        "settings": "ok", "disk": "ok", "database": "ok", "append-only": "ok", "keys": "ok", "operators": "ok",
        "reisen: log": "ok", "reisen: read models": "ok", "reisen: facts": "warn",
        "reisen: online features": "warn", "quarantine": "ok", "discarded": "ok", "outbox": "ok",
        "reisen: models": "warn",
    }  # fmt: skip
    ended = busflow("doctor")
    assert (ended.code, ended.stderr) == (0, "")
    assert "the database refuses changes of the log" in ended.stdout


def test_what_is_wrong_is_said_with_its_remedy_and_fails(busflow: Busflow, home: Path):
    ended = busflow("doctor")
    said = "busflow: operators: no operator is registered; run `busflow operator add`"
    assert (ended.code, ended.last_word) == (1, said)
    busflow("operator", "add", "leer")
    ended = busflow("doctor", "--json")
    assert (ended.code, ended.last_word) == (1, "busflow: leer: log: the log is empty; ingest events")
    assert json.loads(ended.stdout)["problems"] == ["leer: log: the log is empty; ingest events"]


def test_every_warning_and_failure_has_a_remedy(busflow: Busflow, well: Path):
    for findings in found(busflow).values():
        for finding in findings:
            assert bool(finding["remedy"]) == (finding["state"] != "ok"), finding


def test_looking_makes_no_key(busflow: Busflow, home: Path):
    found(busflow, 1)
    assert not (home / "keys").exists()


def test_a_master_key_that_is_gone_is_missed_and_not_replaced(busflow: Busflow, well: Path):
    key = well / "keys" / "master.key"
    key.rename(well / "elsewhere")
    [finding] = found(busflow, 1)["keys"]
    assert (finding["state"], finding["detail"]) == ("fail", "the master key is missing")
    assert str(key) in finding["remedy"]
    assert not key.exists()


def test_a_key_of_another_log_and_a_key_that_others_can_read(
    busflow: Busflow, well: Path, monkeypatch: pytest.MonkeyPatch
):
    (well / "keys" / "master.key").chmod(0o644)
    opens, readable = found(busflow, 1)["keys"]
    assert (opens["state"], readable["state"]) == ("ok", "fail")
    assert readable["remedy"] == f"chmod 600 {well / 'keys' / 'master.key'}"
    monkeypatch.setenv("BUSFLOW_MASTER_KEY", "A" * 43 + "=")
    assert found(busflow, 1)["keys"][0]["detail"] == "the master key is not the one of this log"


def test_a_read_model_that_is_behind_or_frozen_is_named(busflow: Busflow, well: Path):
    with changing() as database, database.writing() as connection:
        projection_state.settle(connection, "reisen", ["timeline"], 1)
    [behind] = found(busflow, 1)["reisen: read models"]
    assert behind["detail"].startswith("timeline is ")
    assert behind["remedy"] == "busflow replay -o reisen"
    with changing() as database, database.writing() as connection:
        projection_state.settle(connection, "reisen", ["timeline"], 1, utc_now() - timedelta(days=9))
    [frozen] = found(busflow)["reisen: read models"]
    assert (frozen["state"], frozen["detail"][:28]) == ("warn", "timeline shows the world of ")


def test_online_features_that_follow_the_log_are_well(busflow: Busflow, well: Path):
    [never] = found(busflow)["reisen: online features"]
    assert "busflow features follow" in never["remedy"]
    with changing() as database, database.writing() as connection:
        last = ledger.last_seq(connection, "reisen")
        projection_state.settle(connection, "reisen", [projection_state.ONLINE], last)
    assert states(found(busflow))["reisen: online features"] == "ok"


def test_what_waits_in_quarantine_and_what_was_discarded(busflow: Busflow, well: Path):
    with changing() as database:
        ingest_events(database, [b"what?", b"who?"], now=utc_now())
    assert found(busflow)["quarantine"][0]["detail"] == "2 events wait"


def test_dead_letters_are_counted(busflow: Busflow, well: Path):
    with changing() as database, database.writing() as connection:
        webhook = add_webhook(connection, database.vault, "reisen", "https://crm.example", now=utc_now())
        _message_in_state(connection, webhook.destination.destination_id, tables.DEAD)
    [finding] = found(busflow)["outbox"]
    assert (finding["state"], finding["detail"]) == ("warn", "1 dead letters")


def _message_in_state(connection: Any, destination_id: str, state: str) -> None:
    now = utc_now()
    message = {"message_id": "m-1", "operator_id": "reisen", "customer_id": "c-1", "type": "EngagementTrigger",
               "data_version": 1, "as_of": now, "data": "{}", "written_at": now}  # fmt: skip
    connection.execute(tables.message.insert().values(message))
    delivery = {"destination_id": destination_id, "position": 1, "customer_id": "c-1", "state": state,
                "attempts": 10, "due_at": now}  # fmt: skip
    connection.execute(tables.delivery.insert().values(delivery))


def test_a_broker_that_does_not_answer_is_named_without_its_password(
    busflow: Busflow, well: Path, monkeypatch: pytest.MonkeyPatch
):
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        monkeypatch.setenv("BUSFLOW_BROKER_URL", f"amqp://bus:hunter2@127.0.0.1:{port}/")
        assert found(busflow)["broker"][0]["state"] == "ok"
    ended = busflow("doctor")
    assert ended.code == 1
    assert "does not answer" in ended.last_word
    assert "hunter2" not in ended.stdout + ended.stderr


def test_a_tracking_server_that_mlflow_does_not_know_is_named(
    busflow: Busflow, well: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "carrier-pigeon://roof")
    [finding] = found(busflow, 1)["models"]
    assert finding["detail"].startswith("MLFLOW_TRACKING_URI 'carrier-pigeon://roof'")


def test_a_database_that_is_none_is_named(busflow: Busflow, home: Path):
    home.mkdir()
    (home / "log.db").write_text("not a database at all, but long enough to be looked at" * 50)
    findings = found(busflow, 1)
    assert states(findings) == {"settings": "ok", "disk": "ok", "database": "fail"}


@pytest.mark.parametrize(("free", "state"), [(2**40, "ok"), (2**30, "warn"), (2**20, "fail")])
def test_a_full_disk_is_told_in_time(
    busflow: Busflow, well: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
):
    monkeypatch.setattr(examination.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert states(found(busflow, int(state == "fail")))["disk"] == state


def test_live_models_are_told(busflow: Busflow, well: Path):
    store = well / "mlflow" / "mlflow.db"
    store.parent.mkdir()
    with closing(sqlite3.connect(store)) as mlflow:
        mlflow.execute("CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT)")
        rows = [
            ("champion", 3, "reisen.churn"),
            ("challenger", 9, "reisen.recommender"),
            ("champion", 1, "x.churn"),
        ]
        mlflow.executemany("INSERT INTO registered_model_aliases VALUES (?, ?, ?)", rows)
        mlflow.commit()
    some = "not live: value, recommender, channel, clusters; live: churn version 3"
    assert found(busflow)["reisen: models"][0]["detail"] == some
    with closing(sqlite3.connect(store)) as mlflow:
        mlflow.executescript(
            "INSERT INTO registered_model_aliases SELECT 'champion', 7, 'reisen.' || column1 "
            "FROM (VALUES ('value'), ('recommender'), ('channel'), ('clusters'))"
        )
    every = "churn version 3, value version 7, recommender version 7, channel version 7, clusters version 7"
    assert found(busflow)["reisen: models"][0]["detail"] == every


def test_mlflow_keeps_its_aliases_where_we_look(registry_settings: Settings, registry: Any):
    engine = create_engine(registry_settings.tracking_uri)
    columns = {column["name"] for column in inspect(engine).get_columns("registered_model_aliases")}
    engine.dispose()
    assert columns >= {"name", "alias", "version"}


@pytest.mark.parametrize("store", STORES)
def test_a_trigger_that_is_gone_is_missed(store: str, tmp_path: Path):
    drop: dict[str, Callable[[str], str]] = {
        "sqlite": lambda name: f"DROP TRIGGER {name}",
        "postgresql": lambda name: f"DROP TRIGGER {name} ON event",
    }
    with fresh_log(store, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        with database.reading() as connection:
            assert unguarded(connection) == []
        with database.writing() as connection:
            connection.execute(text(drop[store]("event_refuses_DELETE")))
        with database.reading() as connection:
            assert unguarded(connection) == ["DELETE of event"]


def test_a_switched_off_trigger_is_missed_on_postgresql(tmp_path: Path):
    with fresh_log("postgresql", tmp_path) as url, closing(open_database(url, VAULT)) as database:
        with database.writing() as connection:
            connection.execute(text("ALTER TABLE event_key DISABLE TRIGGER ALL"))
        with database.reading() as connection:
            assert unguarded(connection) == ["UPDATE of event_key", "DELETE of event_key"]
