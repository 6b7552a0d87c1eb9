"""Whether the database itself still refuses to change the log."""

from sqlalchemy import Connection, text

GUARDED = ("event", "event_key")
VERBS = ("UPDATE", "DELETE")

_SQLITE = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")
_POSTGRESQL = text(
    "SELECT tgtype FROM pg_trigger WHERE tgrelid = to_regclass(:table) AND NOT tgisinternal AND tgenabled <> 'D'"
)
_BEFORE = 2
_POSTGRESQL_VERBS = {"UPDATE": 16, "DELETE": 8}


def unguarded(connection: Connection) -> list[str]:
    """Return the changes that nothing refuses, as in "UPDATE of event"."""
    return [
        f"{verb} of {table}"
        for table in GUARDED
        for guards in [_guards(connection, table)]
        for verb in VERBS
        if verb not in guards
    ]


def _guards(connection: Connection, table: str) -> set[str]:
    if connection.dialect.name == "postgresql":
        kinds = list(connection.execute(_POSTGRESQL, {"table": table}).scalars())
        return {
            verb for verb, bit in _POSTGRESQL_VERBS.items() if any(k & bit and k & _BEFORE for k in kinds)
        }
    triggers = [sql.upper() for sql in connection.execute(_SQLITE, {"table": table}).scalars()]
    return {verb for verb in VERBS if any(f"BEFORE {verb} ON" in sql for sql in triggers)}
