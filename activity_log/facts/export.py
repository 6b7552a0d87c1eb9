"""Keeping the fact files level with the log.

Each refresh appends one segment (a Parquet file per table) for the events since the last one, then replaces
the manifest. The manifest is the truth about what counts: a segment written by a killed process is not in it,
is ignored, and is written again.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from activity_log import ledger
from activity_log.database import Database
from activity_log.facts.flatten import flatten
from activity_log.facts.tables import FACT_TABLES
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator

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

        progress is called with the number of events of each segment.
        """
        exported, segments = 0, self._segments()
        with database.reading() as connection:
            chunks = ledger.read(connection, operator.operator_id, after=self.level, chunk=SEGMENT_EVENTS)
            for events in chunks:
                segments = self._append(segments, operator, events)
                exported += len(events)
                progress(len(events))
        if not segments:
            self._append(segments, operator, [])
        return exported

    def drop(self) -> None:
        """Forget all segments, so that the next refresh rebuilds them from the log."""
        self._manifest.unlink(missing_ok=True)

    @property
    def _manifest(self) -> Path:
        return self._dir / "manifest.json"

    def _segments(self) -> list[Segment]:
        if not self._manifest.exists():
            return []
        return [(first, last) for first, last in json.loads(self._manifest.read_text())]

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
        with _replacing(self._manifest) as partial:
            partial.write_text(json.dumps([*segments, segment]))
        return [*segments, segment]


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a file of our own to write, which takes the place of `path` in one step."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    yield partial
    partial.replace(path)
