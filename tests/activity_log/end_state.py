"""All that a log has come to hold, without what depends on order and chance: places, seals, tallies."""

from typing import Any

from sqlalchemy import select

from activity_log import ledger, quarantine, schema
from activity_log.database import Database
from activity_log.operators import list_operators
from tests.activity_log.dumps import dump

_KEPT = ("source", "type", "data_version", "occurred_at", "recorded_at", "data", "sealed_for")


def end_state(database: Database) -> dict[str, Any]:
    """What two logs have in common that took in the same, in whatever order, batches and way."""
    operators = [operator.operator_id for operator in list_operators(database)]
    with database.reading() as connection:
        event, key = schema.event.c, schema.person_key.c
        kept = select(event.operator_id, event.event_id, *(event[name] for name in _KEPT))
        read = [one for name in operators for chunk in ledger.read(connection, name) for one in chunk]
        waiting = quarantine.batch(connection, quarantine.Which(), "", 10_000)
        return {
            "events": _sorted(connection.execute(kept)),
            "opened": _sorted((one.operator_id, one.event_id, one.erased, one.payload) for one in read),
            "ids": _sorted(connection.execute(select(schema.event_key.c[*("operator_id", "event_id")]))),
            "read models": {name: dump(database, name, places=False) for name in operators},
            "discarded": _sorted(connection.execute(select(schema.discarded))),
            "quarantine": _sorted(
                (one.fingerprint, one.operator_id, one.event_id, one.reason, raw)
                for one, raw in waiting.items()
            ),
            "keys": _sorted(
                connection.execute(
                    select(key.operator_id, key.person_profile_id, key.wrapped.is_(None), key.erased_at)
                )
            ),
        }


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in rows), key=repr)
