"""Taking the log's work into a process of its own, and killing it in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

HEAD = """
import sys
from datetime import datetime
from pathlib import Path
from activity_log import event_files, ingest_file as files, replaying
from activity_log.database import open_database
from activity_log.ingestion import ingest_events
from activity_log.operators import find_operator
from activity_log.vault import Vault

database, now = open_database(sys.argv[1], Vault(bytes(32))), datetime.fromisoformat(sys.argv[2])

def tell(_):
    print("on", flush=True)
"""

INGEST_FILE = """
event_files.BLOCK_BYTES, files.TOGETHER = 60_000, 250
files.ingest_file(database, Path(sys.argv[3]), now=now, progress=tell, processes=2)
"""

INGEST_EVENTS = """
raws = Path(sys.argv[3]).read_bytes().splitlines()
for start in range(0, len(raws), 100):
    ingest_events(database, raws[start : start + 100], now=now, keep_recorded_time=True)
    tell(start)
"""

REPLAY = """
replaying.CHUNK = 200
with database.writing() as connection:
    replaying.replay(connection, find_operator(database, "reisen"), progress=tell)
"""


@contextmanager
def started(work: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `work` in a session of its own; whatever is left of it at the end is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEAD + work, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    try:
        yield process
    finally:
        if living(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout
        process.stdout.close()


def killed(work: str, *arguments: str, chance: Random, steps: int) -> bool:
    """Kill `work` a moment after it went on for up to `steps` times; say whether it was still at it.

    Fails if a process it started outlives it.
    """
    with started(work, *arguments) as process:
        assert process.stdout
        for _ in range(chance.randint(0, steps)):
            process.stdout.readline()
        try:
            process.wait(timeout=chance.uniform(0, 0.05))
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        assert process.returncode in (0, -signal.SIGKILL)
        until = time.monotonic() + 20
        while living(process.pid) and time.monotonic() < until:
            threading.Event().wait(0.02)
        assert not living(process.pid), "a process of the pool outlives the one that started it"
        return process.returncode != 0


def living(session: int) -> list[int]:
    """The processes of a session that run."""
    return [one.pid for one in running() if one.session == session]


def children(process: int) -> list[int]:
    """The processes that a process started and that run."""
    return [one.pid for one in running() if one.parent == process]


class Running(NamedTuple):
    pid: int
    parent: int
    session: int


def running() -> list[Running]:
    """All processes of this machine that run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, _, session, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if state != "Z":
            found.append(Running(int(path.parent.name), int(parent), int(session)))
    return found
