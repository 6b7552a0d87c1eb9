"""How far each read model of an operator is folded, and which are frozen at a moment of the past."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.bulk import run
from activity_log.errors import WrongUseError
from activity_log.folding import Projection
from activity_log.read_models import PROJECTIONS
from activity_log.upserting import insert_for

FACTS = "facts"
"""The fact files are a projection too, kept outside the database; this is their name."""

NAMES: tuple[str, ...] = (*(projection.name for projection in PROJECTIONS), FACTS)

ONLINE = "online"
"""The online features follow the log too, in a store of their own, and are not rebuilt by a replay."""

_STATE = schema.projection_state


class Level(NamedTuple):
    """The seq up to which a read model is folded. `until`: it shows the world as known then, and is frozen."""

    seq: int
    until: datetime | None


def levels(connection: Connection, operator_id: str) -> Mapping[str, Level]:
    """Return the level of every projection, by name; 0 before the first event."""
    kept = _kept(connection, operator_id)
    return {name: kept.get(name, Level(0, None)) for name in NAMES}


def online_level(connection: Connection, operator_id: str) -> Level | None:
    """Return how far the online features follow the log; None: they never did."""
    return _kept(connection, operator_id).get(ONLINE)


def advance(connection: Connection, operator_id: str, names: Collection[str], seq: int) -> frozenset[str]:
    """Move those of `names` that are not frozen to the level `seq`, and return them. Wants a writing transaction."""
    marks = ", ".join("?" for _ in names)
    move = (
        f"UPDATE projection_state SET level = ? WHERE operator_id = ? AND name IN ({marks}) "
        "AND until IS NULL RETURNING name"
    )
    moved = frozenset(run(connection, move, (seq, operator_id, *names)).scalars())
    if len(moved) == len(names):
        return moved
    new = frozenset(names) - _kept(connection, operator_id).keys()
    settle(connection, operator_id, new, seq)
    return moved | new


def settle(
    connection: Connection,
    operator_id: str,
    names: Collection[str],
    seq: int,
    until: datetime | None = None,
) -> None:
    """Write down that `names` are folded up to `seq`, and frozen if `until` is given."""
    if not names:
        return
    statement = insert_for(connection, _STATE)
    rows = [
        {"operator_id": operator_id, "name": name, "level": seq, "until": until} for name in sorted(names)
    ]
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_STATE.c.operator_id, _STATE.c.name],
            set_={"level": statement.excluded.level, "until": statement.excluded.until},
        ),
        rows,
    )


def choose(names: Collection[str] | None) -> tuple[Projection, ...]:
    """Return the projections of these names, `facts` left out; all for None. Raises WrongUseError."""
    unknown = sorted(set(names or ()) - set(NAMES))
    if unknown:
        raise WrongUseError(f"no read model is called '{unknown[0]}'; there are {', '.join(NAMES)}")
    return tuple(one for one in PROJECTIONS if names is None or one.name in names)


def _kept(connection: Connection, operator_id: str) -> dict[str, Level]:
    query = select(_STATE.c.name, _STATE.c.level, _STATE.c.until).where(_STATE.c.operator_id == operator_id)
    return {name: Level(seq, until) for name, seq, until in connection.execute(query)}
