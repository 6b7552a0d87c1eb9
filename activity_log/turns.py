"""Taking turns at work that one process at a time may do, with nothing left behind by whoever is killed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from activity_log.database import POSTGRESQL


@contextmanager
def turn(connection: Connection, work: str) -> Iterator[bool]:
    """Say whether it is our turn at `work`, for the length of the block; False while another has it.

    On PostgreSQL it is held by the transaction of the connection, which must not end before the block; on SQLite by a
    lock file beside the database.
    """
    if connection.dialect.name == POSTGRESQL:
        yield _is_ours(connection, work)
        return
    database = connection.engine.url.database
    if not database or database == ":memory:":
        yield True
        return
    with Path(f"{database}.{work}.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _is_ours(connection: Connection, work: str) -> bool:
    lock = text("SELECT pg_try_advisory_xact_lock(hashtext(current_schema() || '.' || :work))")
    return bool(connection.execute(lock, {"work": work}).scalar_one())
