"""`busflow features follow` as a process of its own: it catches up, follows, and ends when told or left alone."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from activity_log.clock import utc_now
from activity_log.database import Database, open_log
from activity_log.lags import online_lag
from activity_log.operators import register_operator
from activity_log.settings import Settings, load_settings
from tests.activity_log.stories import Books, anna_and_bernd, send

FOLLOW = [sys.executable, "-c", "from busflow.cli import main; main()", "features", "follow"]
BESIDE = """
import os, sys
from busflow.commands.following import start_following
print(start_following(dict(os.environ)).pid, flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home", database_url="", online_store="sqlite")


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    own = {"BUSFLOW_HOME": str(settings.home), "BUSFLOW_ONLINE_STORE": "sqlite", "BUSFLOW_DATABASE_URL": ""}
    return os.environ | own | {"PYTHONPATH": str(Path.cwd())}


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with closing(open_log(settings)) as opened:
        register_operator(opened, "reisen", now=utc_now())
        send(opened, *anna_and_bernd(Books()), now=utc_now())
        yield opened


def events_behind(database: Database) -> int:
    with database.reading() as connection:
        return online_lag(connection, "reisen", utc_now()).events


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    for _ in range(int(seconds / 0.1)):
        if holds():
            return
        threading.Event().wait(0.1)
    raise AssertionError("it never came")


@contextmanager
def process(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a process, and kill it if it is still there in the end."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as one:
        try:
            yield one
        finally:
            one.kill()


def test_once_it_catches_up_and_ends(database: Database, environment: dict[str, str]):
    assert events_behind(database) > 0
    with process([*FOLLOW, "--once", "--json"], environment) as once:
        out, err = once.communicate(timeout=120)
    assert (once.returncode, err) == (0, "· following the log\n")
    assert json.loads(out) == {"events": 0, "customers": 4, "failures": 0}
    assert events_behind(database) == 0


def test_it_follows_until_it_is_told_to_stop(database: Database, environment: dict[str, str]):
    with process([*FOLLOW, "--json"], environment) as running:
        wait_until(lambda: events_behind(database) == 0)
        send(database, Books().knows("dora", "Dora", "Dahl"), now=utc_now())
        wait_until(lambda: events_behind(database) == 0)
        running.send_signal(signal.SIGTERM)
        out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert json.loads(out) == {"events": 1, "customers": 5, "failures": 0}


def test_it_ends_with_the_process_that_started_it(database: Database, environment: dict[str, str]):
    with process([sys.executable, "-c", BESIDE], environment) as service:
        assert service.stdout is not None
        follower = int(service.stdout.readline())
        wait_until(lambda: events_behind(database) == 0)
        service.kill()
        service.wait()
        wait_until(lambda: not is_running(follower))


def is_running(process_id: int) -> bool:
    """Say whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
