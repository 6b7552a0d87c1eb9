"""Inserting where a row may be there already, in the dialect of the store."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_for(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """Return an INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, which both stores have."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
