"""Inserting where a row may be there already, in the dialect of the store."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from activity_log.database import POSTGRESQL


def insert_for(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Return an INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, which both stores have."""
    if connection.dialect.name == POSTGRESQL:
        return postgresql.insert(table)
    return sqlite.insert(table)
