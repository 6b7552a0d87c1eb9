"""Taking in a file of events, however large: read in blocks, prepared in other processes, written in order.

Memory stays flat: only a few blocks are on their way at a time. A block and the note how far the file is read are one
transaction, so a run that was killed goes on where it stopped when it is started again.
"""

import gc
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from activity_log import schema
from activity_log.database import Database
from activity_log.event_files import Block, fingerprint, read_blocks
from activity_log.gate import Gate
from activity_log.ingestion import Tally, operators_by_id, write
from activity_log.operators import Operator
from activity_log.preparing import Prepared, prepare, without_cyclic_gc
from activity_log.upserting import insert_for

WORTH_PROCESSES = 16 * 1024 * 1024
"""Bytes of a file from which on starting processes pays."""

_AHEAD = 2
"""Blocks that are prepared ahead of the one being written, per process."""


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
        processes = (os.cpu_count() or 1) if path.stat().st_size >= WORTH_PROCESSES else 0
    blocks = read_blocks(path, _position(database, mark))
    with _preparers(gate, operators, processes) as prepare_all:
        for block, prepared in prepare_all(blocks):
            with database.writing() as connection:
                tally.add(write(connection, operators, prepared, "file", now))
                _note_position(connection, mark, block.position, now)
            progress(block.read)
    with database.writing() as connection:
        connection.execute(delete(schema.file_progress).where(schema.file_progress.c.fingerprint == mark))
    return tally


PrepareAll = Callable[[Iterator[Block]], Iterator[tuple[Block, Prepared]]]


@contextmanager
def _preparers(gate: Gate, operators: Mapping[str, Operator], processes: int) -> Iterator[PrepareAll]:
    desk = _Desk(gate, operators)
    if not processes:
        yield lambda blocks: ((block, desk.prepare(block.text)) for block in blocks)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), initializer=_start, initargs=(desk,))
    try:
        yield lambda blocks: _in_order(pool, blocks, processes * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, blocks: Iterator[Block], ahead: int
) -> Iterator[tuple[Block, Prepared]]:
    on_their_way: deque[tuple[Block, Future[Prepared]]] = deque()
    for block in blocks:
        on_their_way.append((block._replace(text=b""), pool.submit(_prepare, block.text)))
        if len(on_their_way) > ahead:
            first, prepared = on_their_way.popleft()
            yield first, prepared.result()
    for last, prepared in on_their_way:
        yield last, prepared.result()


class _Desk(NamedTuple):
    """What a process needs to prepare blocks."""

    gate: Gate
    operators: Mapping[str, Operator]

    def prepare(self, text: bytes) -> Prepared:
        with without_cyclic_gc():
            lines = (line.strip() for line in text.splitlines())
            return prepare([self.gate.admit(line) for line in lines if line], self.operators, self.gate.now)


_desk: _Desk


def _start(desk: _Desk) -> None:
    """Take a seat in a process of the pool; leave it when the process that started us is gone, killed even."""
    global _desk
    _desk = desk
    gc.freeze()
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _prepare(text: bytes) -> Prepared:
    return _desk.prepare(text)


def _position(database: Database, mark: str) -> int:
    table = schema.file_progress
    with database.reading() as connection:
        query = select(table.c.position).where(table.c.fingerprint == mark)
        return connection.execute(query).scalar() or 0


def _note_position(connection: Connection, mark: str, position: int, now: datetime) -> None:
    statement = insert_for(connection, schema.file_progress)
    row = {"fingerprint": mark, "position": position, "updated_at": now}
    connection.execute(statement.values(row).on_conflict_do_update(index_elements=["fingerprint"], set_=row))
