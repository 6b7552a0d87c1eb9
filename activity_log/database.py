"""The connection to the log's database: one way to read, one way to write, the schema kept by Alembic.

SQLite or PostgreSQL, by URL. Writers take turns on both, so that places in the log (seq) become visible in order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from activity_log.errors import WrongUseError
from activity_log.settings import Settings
from activity_log.vault import Vault, load_vault

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30
GIVE_UP_ON_POSTGRESQL = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Unless the URL says otherwise: seconds until a server that does not answer is told to be away, and (the second, in
milliseconds, and those behind it) until a connection is whose other end is gone. How long a query may take is not
limited."""
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_WRITE = "busflow_write"
_VAULT = "vault"


class Database:
    """A log database. `reading()` sees one snapshot; `writing()` is one transaction, all or nothing."""

    def __init__(self, engine: Engine, vault: Vault):
        self.engine = engine
        self.vault = vault
        # whoever waited for the write lock must see what was written meanwhile, not the snapshot from before
        fresh = {"isolation_level": "READ COMMITTED"} if engine.dialect.name == POSTGRESQL else {}
        self._to_write = {_WRITE: True, **fresh}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection that only reads; writers are not held up."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that holds the write lock from its start, so that check-then-insert is safe."""
        with self.engine.connect() as connection:
            connection = connection.execution_options(**self._to_write)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def vault_of(connection: Connection) -> Vault:
    """Return the vault of the database this connection belongs to."""
    vault: Vault = connection.info[_VAULT]
    return vault


def open_log(settings: Settings) -> Database:
    """Open the activity log of an installation and bring its schema up to date.

    Raises WrongUseError as `open_database` does, and for a master key that is not the one its keys were sealed by.
    """
    from activity_log.person_keys import check_vault

    database = open_database(settings.log_url, load_vault(settings))
    try:
        with database.reading() as connection:
            check_vault(connection)
    except WrongUseError:
        database.close()
        raise
    return database


def open_database(url: str, vault: Vault) -> Database:
    """Open the database at `url` (sqlite:// or postgresql://) and bring its schema up to date.

    Raises WrongUseError for another kind of URL, and for a database that cannot be opened as activity log.
    """
    engine = _engine(_parsed(url))
    event.listen(engine, "connect", lambda _, record: record.info.update({_VAULT: vault}))
    event.listen(engine, "begin", _begin)
    try:
        _migrate(engine, vault)
    except (OSError, DatabaseError) as error:
        engine.dispose()
        problem = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        shown = engine.url.render_as_string(hide_password=True)
        raise WrongUseError(f"{shown}: cannot be opened as activity log: {problem}") from error
    return Database(engine, vault)


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise WrongUseError(
            "BUSFLOW_DATABASE_URL is no URL: use sqlite:///path/to/log.db or postgresql://user@host/database"
        ) from error
    backend = parsed.get_backend_name()
    if backend not in (SQLITE, POSTGRESQL):
        raise WrongUseError(
            f"BUSFLOW_DATABASE_URL names '{backend}': the log is kept in sqlite or postgresql"
        )
    return parsed.set(drivername="postgresql+psycopg") if backend == POSTGRESQL else parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == POSTGRESQL:
        limits = {name: value for name, value in GIVE_UP_ON_POSTGRESQL.items() if name not in url.query}
        return create_engine(
            url,
            hide_parameters=True, pool_pre_ping=True, isolation_level="REPEATABLE READ", connect_args=limits,
        )  # fmt: skip
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WrongUseError(f"{url.database}: cannot be opened as activity log: {error}") from error
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _configure_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Let us begin transactions ourselves, and make every commit durable.

    A checkpoint every 32 MB instead of every 4: fewer than one in a hundred commits of single events wait for one.
    Temporary things in memory: otherwise a statement of many rows spills its journal into a file, and every later
    statement of the transaction writes there too.
    """
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
        "wal_autocheckpoint=8000",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITE, False)
    if connection.dialect.name == SQLITE:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
    elif writes:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.busflow'))")


def _migrate(engine: Engine, vault: Vault) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    head = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with Database(engine, vault).writing() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise OSError(f"{error}; this log is of another version of Busflow") from error
