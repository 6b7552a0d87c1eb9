"""Keeping the fact files level with the log.

Each refresh appends one segment (a Parquet file per table) for the events since the last one, then replaces
the manifest. The manifest is the truth about what counts: a segment written by a killed process is not in it,
is ignored, and is written again.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from activity_log import ledger
from activity_log.database import Database
from activity_log.facts.flatten import flatten
from activity_log.facts.tables import FACT_TABLES
from activity_log.ledger import LoggedEvent
from activity_log.operators import Operator

SEGMENT_EVENTS = 200_000


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
        exported = 0
        with database.reading() as connection:
            chunks = ledger.read(connection, operator.operator_id, after=self.level, chunk=SEGMENT_EVENTS)
            for events in chunks:
                self._append(operator, events)
                exported += len(events)
                progress(len(events))
        if not self._segments():
            self._append(operator, [])
        return exported

    def drop(self) -> None:
        """Forget all segments, so that the next refresh rebuilds them from the log."""
        self._manifest.unlink(missing_ok=True)

    @property
    def _manifest(self) -> Path:
        return self._dir / "manifest.json"

    def _segments(self) -> list[tuple[int, int]]:
        if not self._manifest.exists():
            return []
        return [(first, last) for first, last in json.loads(self._manifest.read_text())]

    def _path(self, table: str, segment: tuple[int, int]) -> Path:
        return self._dir / table / f"{segment[0]:012d}-{segment[1]:012d}.parquet"

    def _append(self, operator: Operator, events: list[LoggedEvent]) -> None:
        rows: dict[str, list[dict[str, object]]] = {table: [] for table in FACT_TABLES}
        for event in events:
            for table, row in flatten(operator, event):
                rows[table].append(row)
        segment = (events[0].seq, events[-1].seq) if events else (0, 0)
        for table, schema in FACT_TABLES.items():
            path = self._path(table, segment)
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(rows[table], schema=schema), path)
        self._replace_manifest([*self._segments(), segment])

    def _replace_manifest(self, segments: list[tuple[int, int]]) -> None:
        partial = self._manifest.with_suffix(".partial")
        partial.write_text(json.dumps(segments))
        partial.replace(self._manifest)
