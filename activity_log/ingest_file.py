"""Taking in a file of events, however large: read in blocks, prepared in other processes, written in order.

Memory stays flat: only a few blocks are on their way at a time. A block and the note how far the file is read are one
transaction, so a run that was killed goes on where it stopped when it is started again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from activity_log import schema
from activity_log.database import Database
from activity_log.event_files import Block, fingerprint, read_blocks
from activity_log.garbage import without_cyclic_gc
from activity_log.gate import Gate
from activity_log.ingestion import Tally, operators_by_id, write
from activity_log.operators import Operator
from activity_log.preparing import Prepared, joined, prepare
from activity_log.processes import mapping, spare_processes
from activity_log.upserting import insert_for

WORTH_PROCESSES = 16 * 1024 * 1024
"""Bytes of a file from which on starting processes pays."""


TOGETHER = 60_000
"""Events in one transaction: the more, the more of them share pages of an index, and the more memory they take."""


def ingest_file(
    database: Database,
    path: Path,
    *,
    only_operator: str | None = None,
    now: datetime,
    progress: Callable[[int], object] = lambda _: None,
    processes: int | None = None,
) -> Tally:
    """Ingest a file of CloudEvents: one per line (`.jsonl`, or `.gz` of it), or one per row (`.parquet`).

    Run it again after an interruption: it goes on behind the last block written, and what comes again counts as
    duplicate. `recordedtime` is honoured, since a file brings history. progress is called with the bytes of the file
    read so far. processes: how many prepare blocks; 0 is this one alone, None is what the machine and the file's size
    suggest. Raises WrongUseError if the file cannot be read.
    """
    operators = operators_by_id(database)
    gate = Gate(frozenset(operators), now, keep_recorded_time=True, only_operator=only_operator)
    mark, tally = fingerprint(path), Tally()
    if processes is None:
        processes = spare_processes() if path.stat().st_size >= WORTH_PROCESSES else 0
    blocks = read_blocks(path, _position(database, mark))
    with mapping(_Desk(gate, operators).prepare, processes) as prepare_all:
        for group in _groups(prepare_all(blocks)):
            last, together = group[-1][0], joined([prepared for _, prepared in group])
            with database.writing() as connection:
                tally.add(write(connection, operators, together, "file", now))
                _note_position(connection, mark, last.position, now)
            progress(last.read)
    with database.writing() as connection:
        connection.execute(delete(schema.file_progress).where(schema.file_progress.c.fingerprint == mark))
    return tally


Group = list[tuple[Block, Prepared]]


def _groups(blocks: Iterable[tuple[Block, Prepared]]) -> Iterator[Group]:
    """Bring blocks together until a transaction is worth it."""
    group: Group = []
    for block in blocks:
        group.append(block)
        if sum(len(prepared.lines) for _, prepared in group) >= TOGETHER:
            yield group
            group = []
    if group:
        yield group


class _Desk(NamedTuple):
    """Prepares blocks; can be sent to another process."""

    gate: Gate
    operators: Mapping[str, Operator]

    def prepare(self, block: Block) -> tuple[Block, Prepared]:
        """Return the block without its text, and what it holds."""
        with without_cyclic_gc():
            lines = (line.strip() for line in block.text.splitlines())
            admissions = [self.gate.admit(line) for line in lines if line]
            return block._replace(text=b""), prepare(admissions, self.operators, self.gate.now)


def _position(database: Database, mark: str) -> int:
    table = schema.file_progress
    with database.reading() as connection:
        query = select(table.c.position).where(table.c.fingerprint == mark)
        return connection.execute(query).scalar() or 0


def _note_position(connection: Connection, mark: str, position: int, now: datetime) -> None:
    statement = insert_for(connection, schema.file_progress)
    row = {"fingerprint": mark, "position": position, "updated_at": now}
    connection.execute(statement.values(row).on_conflict_do_update(index_elements=["fingerprint"], set_=row))
