"""An operator to serve: a simulated one, learned from, whose people are there many times over.

Their rows in the read models and their states in the online store are copied under new ids. The log has one of each,
so nothing of the copies can be learned; but they are looked up, ranked and answered like anybody else.
"""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from activity_log.clock import utc_now
from activity_log.database import open_log
from activity_log.operators import find_operator
from activity_log.settings import Settings, load_settings
from busflow.demo import OPERATOR, learn, take_in
from feature_repo.freshness.filling import filling
from feature_repo.freshness.following import Following
from feature_repo.online.states import entity_key
from feature_repo.store import open_features

PEOPLE = 2_500
EVERYTHING_UP_TO = 200_000
"""Above, what happened to the copies is left out but for their bookings: it would be a hundred gigabytes."""
_ID = "customer_id"
_COPIED = {
    "person_profile": ("person_profile_id", _ID),
    "booking": ("booking_id", _ID),
    "party_member": ("booking_id", _ID),
    "cancellation": ("booking_id", _ID),
}


def make_world(home: Path, customers: int, now: datetime | None = None) -> Settings:
    """Make an installation in `home` with an operator of about so many customers."""
    settings, now = load_settings(home=home, database_url="", mlflow_tracking_uri=""), now or utc_now()
    take_in(settings, PEOPLE, now)
    learn(settings, now)
    _follow(settings)
    multiply(settings, max(1, round(customers / PEOPLE)))
    return settings


def _follow(settings: Settings) -> None:
    """Have the store follow the log: one that never did is filled anew, without the copies."""
    with closing(open_log(settings)) as database:
        Following(database, open_features(settings), utc_now, print, filling(settings)).catch_up()


def multiply(settings: Settings, times: int) -> None:
    """Have everybody there so many times."""
    with closing(open_log(settings)) as database:
        operator = find_operator(database, OPERATOR)
    log = settings.home / "log.db"
    with closing(sqlite3.connect(log, isolation_level=None)) as connection:
        people = connection.execute(
            "SELECT person_profile_id, customer_id FROM person_profile WHERE operator_id = ?", (OPERATOR,)
        ).fetchall()
        copies = [
            (customer_id, number, operator.pseudonym(f"{person}-{number}"))
            for number in range(1, times)
            for person, customer_id in people
        ]
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(
            "CREATE TEMP TABLE copy (old TEXT, number INTEGER, new TEXT, PRIMARY KEY (old, number))"
        )
        connection.executemany("INSERT INTO copy VALUES (?, ?, ?)", copies)
        connection.execute("BEGIN")
        for table, (key, who) in _COPIED.items():
            _copy(connection, table, key, who)
        if len(copies) <= EVERYTHING_UP_TO:
            _copy(connection, "touchpoint", None, _ID)
        connection.execute("COMMIT")
    _copy_states(settings, copies)


def _copy(connection: sqlite3.Connection, table: str, key: str | None, who: str) -> None:
    """Copy the rows of people who have copies. key: a column that must differ too."""
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    changed = {who: "copy.new"} | ({key: f"t.{key} || '-' || copy.number"} if key else {})
    values = ", ".join(changed.get(column, f"t.{column}") for column in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} AS t "
        f"JOIN copy ON copy.old = t.{who} WHERE t.operator_id = '{OPERATOR}'"
    )


def _copy_states(settings: Settings, copies: list[tuple[str, int, str]]) -> None:
    path = settings.feast_dir / "online.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        connection.execute("PRAGMA synchronous=OFF")
        for table in tables:
            kept = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            by_key = {row[0]: row[1:] for row in kept}
            rows = (
                (entity_key(OPERATOR, new), *by_key[found])
                for old, _, new in copies
                for found in [entity_key(OPERATOR, old)]
                if found in by_key
            )
            connection.execute("BEGIN")
            marks = ", ".join("?" * (1 + len(kept[0][1:]))) if kept else ""
            if kept:
                connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows)
            connection.execute("COMMIT")
