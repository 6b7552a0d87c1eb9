"""Fresh logs in both stores, with the operators `reisen` and `konkurrenz`."""

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from activity_log.database import open_database
from activity_log.operators import register_operator
from activity_log.vault import Vault
from tests.activity_log.stories import KEY, NOW

STORES = ("sqlite", "postgresql")
VAULT = Vault(bytes(32))


@contextmanager
def fresh_log(store: str, folder: Path) -> Iterator[str]:
    """Give the URL of a log of its own; a PostgreSQL that is not there skips the test, except in CI."""
    with fresh_schema(store, folder) as url:
        yield _prepared(url)


@contextmanager
def fresh_schema(store: str, folder: Path) -> Iterator[str]:
    """Give the URL of a database without anything in it, as `fresh_log` does."""
    if store == "sqlite":
        yield f"sqlite:///{folder / 'log.db'}"
        return
    server = _postgresql()
    name = f"log_{secrets.token_hex(6)}"
    _run(server, f"CREATE SCHEMA {name}")
    try:
        yield f"{server}?options=-csearch_path%3D{name}"
    finally:
        _run(server, f"DROP SCHEMA {name} CASCADE")


def _postgresql() -> str:
    named = os.environ.get("BUSFLOW_TEST_POSTGRESQL_URL")
    if named:
        return named
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", 5432)) == 0:
            return "postgresql+psycopg://root@127.0.0.1/test"
    assert "CI" not in os.environ, "PostgreSQL must be there in CI"
    pytest.skip("no PostgreSQL on port 5432 and none named by BUSFLOW_TEST_POSTGRESQL_URL")


def _run(server: str, statement: str) -> None:
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _prepared(url: str) -> str:
    with closing(open_database(url, VAULT)) as database:
        register_operator(database, "reisen", now=NOW, pseudonym_key=KEY)
        register_operator(database, "konkurrenz", now=NOW, pseudonym_key=KEY[::-1])
    return url
