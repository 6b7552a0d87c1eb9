"""The ids of events that were seen: what makes a second delivery a duplicate, however late it comes."""

import json
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from activity_log.database import POSTGRESQL

_KEYS_PER_STATEMENT = 5_000

_SQLITE = """
INSERT INTO event_key (operator_id, event_id, seq) SELECT ?, value, ? + key FROM json_each(?)
WHERE true ON CONFLICT DO NOTHING RETURNING seq
"""
_POSTGRESQL = """
INSERT INTO event_key (operator_id, event_id, seq)
SELECT %s, event_id, %s + place - 1 FROM unnest(%s::text[]) WITH ORDINALITY AS incoming (event_id, place)
ON CONFLICT DO NOTHING RETURNING seq
"""


def note_ids(connection: Connection, keys: Sequence[tuple[str, str]], first_seq: int) -> frozenset[int]:
    """Note (operator_id, event_id) of new events; return the places of those that were noted before.

    The event at place p gets the seq `first_seq` + p. An id that comes twice in `keys` counts the first time.
    """
    driver: Any = connection.connection.driver_connection  # a row for every id: as bare as can be
    fresh: set[int] = set()
    for place in range(0, len(keys), _KEYS_PER_STATEMENT):
        seq = first_seq + place
        for operator_id, run in groupby(keys[place : place + _KEYS_PER_STATEMENT], itemgetter(0)):
            ids = [event_id for _, event_id in run]
            if connection.dialect.name == POSTGRESQL:
                noted = driver.execute(_POSTGRESQL, (operator_id, seq, ids))
            else:
                noted = driver.execute(_SQLITE, (operator_id, seq, json.dumps(ids)))
            fresh.update(seq for (seq,) in noted.fetchall())
            seq += len(ids)
    if len(fresh) == len(keys):
        return frozenset()
    return frozenset(range(len(keys))).difference(seq - first_seq for seq in fresh)
