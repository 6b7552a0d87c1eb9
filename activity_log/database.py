"""The connection to the log's database: one way to read, one way to write, the schema kept by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from activity_log.errors import WrongUseError

MIGRATIONS = Path(__file__).parent / "migrations"
_WRITE = "busflow_write"


class Database:
    """A log database. `reading()` sees one snapshot; `writing()` is one transaction, all or nothing."""

    def __init__(self, engine: Engine):
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that only reads; writers are not held up."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that holds the write lock from its start, so that check-then-insert is safe."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(**{_WRITE: True})
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Open the database at `url` and bring its schema up to date.

    Raises WrongUseError for a URL of another kind than SQLite, and for a file that cannot be opened as one.
    """
    from alembic.util import CommandError

    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise WrongUseError(
            f"BUSFLOW_DATABASE_URL '{url}' is no URL: use sqlite:///path/to/log.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise WrongUseError(
            f"BUSFLOW_DATABASE_URL names '{parsed.get_backend_name()}': the log is kept in SQLite"
        )
    engine = create_engine(parsed, connect_args={"timeout": 30})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        _migrate(engine)
    except (OSError, DatabaseError, CommandError) as error:
        engine.dispose()
        problem = getattr(error, "orig", None) or error
        raise WrongUseError(f"{parsed.database}: cannot be opened as activity log: {problem}") from error
    return Database(engine)


def _configure(connection: Any, _record: Any) -> None:
    """Let us begin transactions ourselves, and make every commit durable."""
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    head = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.connect().execution_options(**{_WRITE: True}) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
