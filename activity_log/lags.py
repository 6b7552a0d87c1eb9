"""How far what is derived from the log is behind it, by index look-ups alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from activity_log import projection_state, schema
from activity_log.projection_state import ONLINE, Level

MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Lag:
    """How far a read model of an operator is behind.

    events: not in it yet, counted up to MOST_COUNTED. seconds: since the oldest of them was logged, 0 without any.
    frozen_at: the moment it was rebuilt for (`busflow replay --until`), null for the present.
    """

    operator_id: str
    projection: str
    level: int
    events: int
    seconds: float
    frozen_at: datetime | None = None


def lags(connection: Connection, operator_ids: Iterable[str], now: datetime) -> list[Lag]:
    """Return the lags of all read models, of the fact files and of the online features of these operators."""
    found = []
    for operator_id in operator_ids:
        levels = _levels(connection, operator_id)
        behind = {level.seq: _behind(connection, operator_id, level.seq, now) for level in levels.values()}
        found += [
            Lag(operator_id, name, level.seq, *behind[level.seq], level.until)
            for name, level in levels.items()
        ]
    return found


def online_lag(connection: Connection, operator_id: str, now: datetime) -> Lag:
    """Return the lag of an operator's online features."""
    online = projection_state.online_level(connection, operator_id) or Level(0, None)
    return Lag(operator_id, ONLINE, online.seq, *_behind(connection, operator_id, online.seq, now))


def _levels(connection: Connection, operator_id: str) -> dict[str, Level]:
    online = projection_state.online_level(connection, operator_id)
    return {**projection_state.levels(connection, operator_id), ONLINE: online or Level(0, None)}


def _behind(connection: Connection, operator_id: str, level: int, now: datetime) -> tuple[int, float]:
    """Return how many events come after a level, and for how many seconds the first of them has been there."""
    table = schema.event
    beyond = (table.c.operator_id == operator_id, table.c.seq > level)
    first = connection.execute(
        select(table.c.recorded_at).where(*beyond).order_by(table.c.seq).limit(1)
    ).scalar()
    if first is None:
        return 0, 0.0
    some = select(table.c.seq).where(*beyond).limit(MOST_COUNTED).subquery()
    events = connection.execute(select(func.count()).select_from(some)).scalar_one()
    return events, max(0.0, (now - first).total_seconds())
