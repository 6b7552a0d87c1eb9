"""Every command explains itself, ends with the right code, and says in one line what was wrong."""

import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from busflow.cli import app

HEAVY = ("feast", "mlflow", "bentoml", "pandas", "duckdb", "ibis", "lightgbm", "sqlalchemy")


def commands(group=app, prefix=()):
    for command in group.registered_commands:
        yield (*prefix, command.name or command.callback.__name__.replace("_", "-"))
    for inner in group.registered_groups:
        yield from commands(inner.typer_instance, (*prefix, inner.name) if inner.name else prefix)


NAMED_IN_THE_DESIGN = {
    "demo", "simulate", "import", "ingest", "replay", "features", "train", "evaluate", "promote", "rollback",
    "retrain", "history", "serve", "doctor", "token",
}  # fmt: skip


def test_the_commands_of_the_design_are_there():
    assert {name for name, *_ in commands()} >= NAMED_IN_THE_DESIGN


@pytest.mark.parametrize("command", [(), *commands()], ids=" ".join)
def test_every_command_has_a_help(busflow, command):
    ended = busflow(*command, "--help")
    assert (ended.code, ended.stderr) == (0, "")
    assert f"Usage: busflow {' '.join(command)}".strip() in ended.stdout.replace("\n", " ")


@pytest.mark.parametrize("command", [(), *commands()], ids=" ".join)
def test_every_option_is_explained(command):
    click_command = typer.main.get_command(app)
    for name in command:
        click_command = click_command.commands[name]
    assert click_command.help
    for parameter in click_command.params:
        assert getattr(parameter, "help", None), f"{' '.join(command)}: {parameter.name}"


def processor_seconds() -> float:
    """Of all processes started here that have ended: the machine may be busy with other things."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_instant_and_imports_nothing_heavy():
    code = f"""
import sys
sys.argv = ["busflow", "--help"]
from busflow.cli import main
try:
    main()
except SystemExit:
    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    floor, took = [], []
    for _ in range(2):
        before = processor_seconds()
        subprocess.run([sys.executable, "-c", "import typer.rich_utils, pydantic_settings"], check=True)
        floor.append(processor_seconds() - before)
        before = processor_seconds()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        took.append(processor_seconds() - before)
    assert "Customer Intelligence" in done.stdout
    assert done.stderr.strip() == "[]"
    assert min(took) < 2 * min(floor), "beside what any command line of these libraries takes"


WRONG_USE = [
    (("nonsense",), "No such command 'nonsense'; see --help"),
    (("train",), "Missing option '--operator' / '-o'; see --help"),
    (("train", "--nope", "-o", "leer"), "No such option: --nope"),
    (("serve", "--port", "99999"), "Invalid value for '--port'"),
    (("train", "-o", "nope"), "unknown operator 'nope': register it with `busflow operator add nope`"),
    (("promote", "-o", "nope"), "unknown operator 'nope'"),
    (("rollback", "-o", "nope", "-t", "churn"), "unknown operator 'nope'"),
    (("features", "build", "-o", "nope"), "unknown operator 'nope'"),
    (("replay", "-o", "nope"), "unknown operator 'nope'"),
    (("token", "-o", "nope", "--role", "crm"), "unknown operator 'nope'"),
    (("operator", "add", "Große Reisen"), "operator id 'Große Reisen': use a-z, 0-9, - and _"),
    (("operator", "add", "leer"), "operator 'leer' is registered already"),
    (("train", "-o", "leer", "--as-of", "soon"), "--as-of 'soon': use a date like 2026-05-01"),
    (("features", "build", "-o", "leer", "--as-of", "31.05.2026"), "--as-of '31.05.2026': use a date"),
    (("train", "-o", "leer", "--task", "fortune"), "--task 'fortune': use churn, value,"),
    (("train", "-o", "leer", "--horizon", "a year"), "--horizon 'a year': use a number of days, as in 180d"),
    (("rollback", "-o", "leer", "--task", "fortune"), "--task 'fortune'"),
    (("rollback", "-o", "leer", "--task", "churn"), "leer.churn: there is no earlier champion to go back to"),
    (("token", "-o", "leer", "--role", "king"), "--role 'king': use one of widget, crm, analyst"),
    (("token", "-o", "leer", "--role", "crm", "--customer", "c-1"), "--customer goes with role widget, not with"),
    (("token", "-o", "leer", "--role", "crm", "--hours", "-1"), "Invalid value for '--hours'"),
    (("ingest", "none.jsonl"), "none.jsonl: no such file"),
    (("import", "none.csv", "-o", "leer"), "none.csv: no such file; give a .parquet or .csv file"),
    (("import", "table.csv", "-o", "nope"), "unknown operator 'nope'"),
    (("import", "table.csv", "-o", "leer"), "table.csv: customer: there is no column 'customer_id'; there are a, b"),
    (("import", "table.csv", "-o", "leer", "--currency", "euro"), "currency 'euro' is no currency code"),
    (("simulate", "e.jsonl", "t.json", "--customers", "0"), "--customers: "),
    (("simulate", "gone/e.jsonl", "t.json"), "gone/e.jsonl: there is no folder gone; make it first"),
    (("evaluate", "churn", "--transactions", "none.csv", "--cutoff", "2026-01-01"), "none.csv"),
    (("evaluate", "value", "--transactions", "own.csv", "--cutoff", "2026-01-01", "--horizon", "2000d"),
     "--horizon: Input should be less than or equal to 1500 (got 2000)"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "message"), WRONG_USE, ids=str)
def test_wrong_use_ends_with_2_and_one_line(busflow, home, command, message):
    busflow("operator", "add", "leer")
    (home.parent / "table.csv").write_text("a,b\n1,2\n")
    (home.parent / "own.csv").write_text("customer_id,timestamp\nanna,2025-05-10\n")
    ended = busflow(*command)
    assert ended.last_word.startswith(f"busflow: {message}")
    assert (ended.code, ended.stdout) == (2, "")


FAILURES = [
    (("train", "-o", "leer"), "the log of 'leer' holds no booking: ingest events first"),
    (("train", "-o", "leer", "--json"), "the log of 'leer' holds no booking: ingest events first"),
    (("features", "build", "-o", "leer"), "the log of 'leer' holds no booking"),
    (
        ("promote", "-o", "leer"),
        "operator 'leer' has no churn challenger: train one first; operator 'leer' has no value",
    ),
]


@pytest.mark.parametrize(("command", "message"), FAILURES, ids=str)
def test_failure_ends_with_1_and_one_line(busflow, command, message):
    busflow("operator", "add", "leer")
    ended = busflow(*command)
    assert ended.last_word.startswith(f"busflow: {message}")
    assert (ended.code, ended.stdout) == (1, "")


SETTINGS = [
    ("BUSFLOW_ENGINE", "flink", "BUSFLOW_ENGINE='flink'"),
    ("BUSFLOW_ONLINE_STORE", "memcached", "BUSFLOW_ONLINE_STORE='memcached'"),
    ("BUSFLOW_DATABASE_URL", "nonsense", "BUSFLOW_DATABASE_URL is no URL"),
    ("BUSFLOW_DATABASE_URL", "mysql://x/y", "BUSFLOW_DATABASE_URL names 'mysql'"),
    ("BUSFLOW_HOME", "/proc/nowhere", "/proc/nowhere/keys/master.key: the master key cannot be kept here"),
]


@pytest.mark.parametrize(("name", "value", "message"), SETTINGS)
def test_a_bad_setting_is_named(busflow, monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)
    ended = busflow("operator", "list")
    assert ended.last_word.startswith(f"busflow: {message}")
    assert (ended.code, ended.stdout) == (2, "")


def test_a_log_that_is_no_database_is_named(busflow, home):
    home.mkdir()
    (home / "log.db").write_text("not a database at all, but long enough to be looked at" * 50)
    ended = busflow("operator", "list")
    assert f"{home / 'log.db'}: cannot be opened as activity log" in ended.last_word
    assert ended.code == 2


def test_a_port_that_is_taken_is_named(busflow):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = busflow("serve", "--port", port)
    assert f"port {port} on 127.0.0.1 is taken" in ended.last_word
    assert ended.code == 2


def test_a_group_without_its_command_shows_its_help(busflow):
    ended = busflow("features")
    assert ended.code == 2
    assert "build" in ended.stdout + ended.stderr


def test_operators_are_listed_for_people_and_for_machines(busflow):
    assert busflow("operator", "list").stdout == "nothing\n"
    assert json.loads(busflow("operator", "list", "--json").stdout) == []
    busflow("operator", "add", "nordlicht", "--name", "Nordlicht [Reisen]")
    assert "Nordlicht [Reisen]" in busflow("operator", "list").stdout
    listed = json.loads(busflow("operator", "list", "--json").stdout)
    assert listed == [{"operator": "nordlicht", "name": "Nordlicht [Reisen]", "undated": False}]


def test_a_token_is_one_line_and_opens_the_installation(busflow, home):
    from serving.access import Caller, TokenKeys

    busflow("operator", "add", "nordlicht")
    token = busflow("token", "-o", "nordlicht", "--role", "widget", "--customer", "c-anna").stdout
    assert token.endswith("\n")
    assert TokenKeys(home / "keys").verify(token.strip()) == Caller("nordlicht", "widget", "c-anna")
    as_json = json.loads(busflow("token", "-o", "nordlicht", "--role", "crm", "--json").stdout)
    assert TokenKeys(home / "keys").verify(as_json["token"]).role == "crm"


def test_the_installed_command_is_this_one():
    """As a subprocess: the entry point, the exit code, and no traceback."""
    environment = {**os.environ, "BUSFLOW_ENGINE": "flink"}
    command = Path(sys.executable).with_name("busflow")
    done = subprocess.run([command, "doctor"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("busflow: BUSFLOW_ENGINE='flink'")
    assert "Traceback" not in done.stderr
