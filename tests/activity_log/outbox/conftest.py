import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from activity_log.database import Database, open_database
from activity_log.operators import register_operator
from activity_log.vault import Vault
from tests.activity_log.outbox.receiver import Receiver, receiving
from tests.activity_log.stories import KEY, NOW

VAULT = Vault(bytes(32))


def postgresql_url() -> str | None:
    """The server named by BUSFLOW_TEST_POSTGRESQL_URL, or the one on the standard port of this machine."""
    named = os.environ.get("BUSFLOW_TEST_POSTGRESQL_URL")
    if named:
        return named
    with socket.socket() as probe:
        probe.settimeout(1)
        there = probe.connect_ex(("127.0.0.1", 5432)) == 0
    return "postgresql+psycopg://root@127.0.0.1/test" if there else None


@pytest.fixture(params=["sqlite", "postgresql"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh log with the operators `reisen` and `konkurrenz`, in each of the two stores."""
    if request.param == "sqlite":
        yield _prepared(f"sqlite:///{tmp_path / 'log.db'}")
        return
    server = postgresql_url()
    if server is None:
        assert "CI" not in os.environ, "PostgreSQL must be there in CI"
        pytest.skip("no PostgreSQL on port 5432 and none named by BUSFLOW_TEST_POSTGRESQL_URL")
    name = f"outbox_{secrets.token_hex(6)}"
    _run(server, f"CREATE SCHEMA {name}")
    try:
        yield _prepared(f"{server}?options=-csearch_path%3D{name}")
    finally:
        _run(server, f"DROP SCHEMA {name} CASCADE")


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


@pytest.fixture
def open_again(log_url: str) -> Iterator[Callable[[], Database]]:
    """Open the log once more, as another process would."""
    opened: list[Database] = []

    def open_() -> Database:
        opened.append(open_database(log_url, VAULT))
        return opened[-1]

    yield open_
    for database in opened:
        database.close()


@pytest.fixture
def database(open_again: Callable[[], Database]) -> Database:
    return open_again()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def another_receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one
