"""Fresh installations to measure in, one store like the other, and nothing of them left behind."""

import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import create_engine, text

from activity_log.database import POSTGRESQL, SQLITE
from activity_log.settings import Settings, load_settings

SERVER = "postgresql+psycopg://root@127.0.0.1/test"
"""Where PostgreSQL is looked for unless BENCH_POSTGRESQL_URL names another; it makes and drops schemas there."""


class Store(NamedTuple):
    """A kind of database. `fresh` opens an installation with an empty log, which goes with the block."""

    name: str
    fresh: Callable[[], AbstractContextManager[Settings]]


def stores() -> list[Store]:
    """Return the stores that can be measured on this machine."""
    server = _postgresql()
    sqlite = Store(SQLITE, _in_a_file)
    return [sqlite] if server is None else [sqlite, Store(POSTGRESQL, lambda: _in_a_schema(server))]


@contextmanager
def _in_a_file() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="busflow-bench-") as home:
        yield load_settings(home=Path(home), database_url="")


@contextmanager
def _in_a_schema(server: str) -> Iterator[Settings]:
    name = f"bench_{secrets.token_hex(6)}"
    _run(server, f"CREATE SCHEMA {name}")
    try:
        with tempfile.TemporaryDirectory(prefix="busflow-bench-") as home:
            yield load_settings(home=Path(home), database_url=f"{server}?options=-csearch_path%3D{name}")
    finally:
        _run(server, f"DROP SCHEMA {name} CASCADE")


def _postgresql() -> str | None:
    named = os.environ.get("BENCH_POSTGRESQL_URL")
    if named:
        return named
    with socket.socket() as probe:
        probe.settimeout(1)
        return SERVER if probe.connect_ex(("127.0.0.1", 5432)) == 0 else None


def _run(server: str, statement: str) -> None:
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
