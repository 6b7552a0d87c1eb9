"""Keeping the fact files level with the log.

Each refresh appends one segment (a Parquet file per table) for the events since the last one, then replaces
the manifest. The manifest is the truth about what counts: a segment written by a killed process is not in it,
is ignored, and is written again.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from activity_log import ledger, projection_state
from activity_log.database import Database
from activity_log.facts.flatten import flatten
from activity_log.facts.tables import FACT_TABLES
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator
from activity_log.projection_state import FACTS

SEGMENT_EVENTS = 50_000

Segment = tuple[int, int]
"""The seqs of the first and the last event of a segment."""


class FactFiles:
    """The fact files of one operator under `root`."""

    def __init__(self, root: Path, operator_id: str):
        self._dir = root / operator_id

    def paths(self, table: str) -> list[str]:
        """Return the Parquet files that make up a table, oldest first; empty before the first refresh."""
        return [str(self._path(table, segment)) for segment in self._segments()]

    @property
    def level(self) -> int:
        """The seq of the last event that the files hold, 0 for none."""
        segments = self._segments()
        return segments[-1][1] if segments else 0

    def refresh(
        self,
        database: Database,
        operator: Operator,
        progress: Callable[[int], object] = lambda _: None,
    ) -> int:
        """Append the events logged since the last refresh; return their number.

        Files that show the world as known at a moment (see `rebuild`) stay as they are. progress is called with
        the number of events of each segment.
        """
        with database.reading() as connection:
            until = projection_state.levels(connection, operator.operator_id)[FACTS].until
        if until is not None and self._segments():
            return 0
        exported = self._export(database, operator, until, progress)
        if exported:
            with database.writing() as connection:
                projection_state.settle(connection, operator.operator_id, [FACTS], self.level, until)
        return exported

    def rebuild(
        self,
        database: Database,
        operator: Operator,
        until: datetime | None = None,
        progress: Callable[[int], object] = lambda _: None,
    ) -> int:
        """Write all files anew from the log; return the number of events.

        until: only what was recorded before; the files then stay so until they are rebuilt without it.
        """
        with database.writing() as connection:
            projection_state.settle(connection, operator.operator_id, [FACTS], 0, until)
        self.manifest.unlink(missing_ok=True)
        return self.refresh(database, operator, progress)

    def _export(
        self,
        database: Database,
        operator: Operator,
        until: datetime | None,
        progress: Callable[[int], object],
    ) -> int:
        exported, segments = 0, self._segments()
        with database.reading() as connection:
            chunks = ledger.read(connection, operator.operator_id, after=self.level, chunk=SEGMENT_EVENTS)
            for chunk in chunks:
                events = [event for event in chunk if until is None or event.recorded_at < until]
                if events:
                    segments = self._append(segments, operator, events)
                exported += len(events)
                progress(len(chunk))
        if not segments:
            self._append(segments, operator, [])
        return exported

    @property
    def manifest(self) -> Path:
        """The file that says which segments count."""
        return self._dir / "manifest.json"

    def _segments(self) -> list[Segment]:
        if not self.manifest.exists():
            return []
        return [(first, last) for first, last in json.loads(self.manifest.read_text())]

    def _path(self, table: str, segment: Segment) -> Path:
        return self._dir / table / f"{segment[0]:012d}-{segment[1]:012d}.parquet"

    def _append(
        self, segments: list[Segment], operator: Operator, events: list[LoggedEvent]
    ) -> list[Segment]:
        """Write one segment after those given; whoever else refreshes meanwhile writes the same or a longer one."""
        rows: dict[str, list[dict[str, object]]] = {table: [] for table in FACT_TABLES}
        for event in events:
            for table, row in flatten(operator, event):
                rows[table].append(row)
        segment = (events[0].seq, events[-1].seq) if events else (0, 0)
        for table, schema in FACT_TABLES.items():
            path = self._path(table, segment)
            path.parent.mkdir(parents=True, exist_ok=True)
            with _replacing(path) as partial:
                pq.write_table(pa.Table.from_pylist(rows[table], schema=schema), partial)
        with _replacing(self.manifest) as partial:
            partial.write_text(json.dumps([*segments, segment]))
        return [*segments, segment]


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a file of our own to write, which takes the place of `path` in one step."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    yield partial
    partial.replace(path)
