"""A log in which every test gets an operator of its own, so that no test sees what another told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from activity_log.database import Database
from activity_log.ingestion import ingest_events
from activity_log.operators import find_operator, register_operator
from activity_log.projection_state import levels
from activity_log.replaying import replay
from tests.activity_log.stories import KEY, NOW, Event


@dataclass
class Log:
    """Registers operators as they are needed, all with the same pseudonyms."""

    database: Database
    _numbers: Iterator[int] = field(default_factory=count)

    def operator(self) -> str:
        operator_id = f"op-{next(self._numbers)}"
        register_operator(self.database, operator_id, now=NOW, pseudonym_key=KEY)
        return operator_id

    def tell(self, operator_id: str, events: list[Event]) -> None:
        raws = [json.dumps(event | {"operatorid": operator_id}).encode() for event in events]
        assert not ingest_events(self.database, raws, now=NOW, keep_recorded_time=True).quarantined

    def told(self, events: list[Event]) -> str:
        operator_id = self.operator()
        self.tell(operator_id, events)
        return operator_id

    def customer(self, operator_id: str, person: str) -> str:
        return find_operator(self.database, operator_id).pseudonym(person)

    def replay(self, operator_id: str, *names: str, until: datetime | None = None) -> int:
        known = find_operator(self.database, operator_id)
        with self.database.writing() as connection:
            return replay(connection, known, names or None, until)

    def levels(self, operator_id: str) -> dict[str, int]:
        with self.database.reading() as connection:
            return {name: level.seq for name, level in levels(connection, operator_id).items()}
