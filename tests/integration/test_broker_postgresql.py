"""PostgreSQL goes away under a consumer and comes back: nothing is lost, nothing is acknowledged too early."""

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.integration.broker_wires import RabbitWire, laid, left
from tests.integration.broker_worlds import WITH_NUL, World, deliveries, drain, ended, stop, until

pytestmark = pytest.mark.slow

STANDARD = "postgresql+psycopg://root@127.0.0.1/test"


class Server:
    """A PostgreSQL server on which one database of our own can be shut and opened."""

    def __init__(self, url: str):
        self._url = make_url(url).set(drivername="postgresql")
        self._name = f"busflow_broker_{uuid.uuid4().hex[:8]}"
        self.database_url = make_url(url).set(database=self._name).render_as_string(hide_password=False)

    def create(self) -> None:
        self._do("CREATE DATABASE {}")

    def drop(self) -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def shut(self) -> int:
        """Let nobody in and throw everybody out; return how many."""
        self._do("ALTER DATABASE {} ALLOW_CONNECTIONS false")
        with self._connect() as connection:
            ask = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
            row = connection.execute(ask, (self._name,)).fetchone()
        return int(row[0]) if row else 0

    def open(self) -> None:
        self._do("ALTER DATABASE {} ALLOW_CONNECTIONS true")

    def _do(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(sql.Identifier(self._name)))  # type: ignore[arg-type]

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self._url.render_as_string(hide_password=False), autocommit=True)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(os.environ.get("BUSFLOW_TEST_POSTGRESQL_URL", STANDARD))
    try:
        server.create()
    except psycopg.OperationalError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"PostgreSQL must be there in CI: {error}")
        pytest.skip(f"no PostgreSQL: {error}")
    yield server
    server.drop()


def test_a_database_that_goes_away_is_waited_for_and_what_it_cannot_store_is_put_aside(
    server: Server, tmp_path: Path
):
    messages = deliveries(tmp_path, customers=60)
    clean = World.make(tmp_path / "clean")
    clean.fill_in_one_clean_pass(messages)
    world = World.make(tmp_path / "world", database_url=server.database_url)
    with laid(RabbitWire()) as wire, ended(world):
        asyncio.run(wire.send([*messages, WITH_NUL]))
        process = world.start(wire)
        for part in (0.1, 0.5):
            until(lambda part=part: world.events() > part * clean.events(), process)
            assert server.shut() > 0
            server.open()
        until(lambda: left(wire) == 0, process)
        stop(process)
        drain(world, wire)
    state = world.end_state()
    (refused,) = [row for row in state["quarantine"] if "x-3" in row]
    state["quarantine"].remove(refused)
    assert state == clean.end_state()
