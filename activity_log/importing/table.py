"""Bringing a table of transactions into the log, with an account of every row."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np

from activity_log.database import Database
from activity_log.gate import Gate
from activity_log.importing.documents import Document, Documents
from activity_log.importing.reading import read_table
from activity_log.importing.rows import FATES, Fate, judge
from activity_log.importing.spec import TableSpec
from activity_log.importing.trade import Trade, trade_of
from activity_log.ingestion import Tally, ingest
from activity_log.operators import Operator

BATCH = 10_000
"""Large, since event ids are spread evenly over their index: few commits write its pages few times."""


@dataclass(frozen=True)
class ImportReport:
    """What became of a table.

    rows: every row of the file under exactly one fate, so they sum up to `rows_read`. events: how many events of
    each type the table became; they sum up to what `receipt` accounts for.
    """

    rows_read: int
    rows: Mapping[Fate, int]
    events: Mapping[str, int]
    receipt: Tally


def import_table(
    database: Database,
    operator: Operator,
    path: Path,
    spec: TableSpec,
    *,
    now: datetime,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> ImportReport:
    """Import a Parquet or CSV file, batch by batch. Run it again after an interruption: nothing is doubled.

    One `BookingConfirmed` per (booking, item), one `BookingCancelled` per booking that a cancellation row gives
    back, a placeholder `PersonProfileUpdated` per customer, and a `TourPublished` per item if descriptions are
    given. progress is called after each batch with the events brought in so far and their total.
    Raises WrongUseError if the file or a column cannot be read.
    """
    trade = _read(path, spec, now)
    documents = Documents(operator.operator_id, spec, trade)
    gate = Gate({operator.operator_id}, now, keep_recorded_time=True)
    receipt, events = Tally(), Counter[str]()
    for batch in _batches(documents):
        receipt.add(ingest(database, [gate.admit_document(document) for document in batch], now, "import"))
        events.update(document["type"] for document in batch)
        progress(events.total(), len(documents))
    return ImportReport(len(trade.fates), _counted(trade), dict(events), receipt)


def _read(path: Path, spec: TableSpec, now: datetime) -> Trade:
    return trade_of(judge(read_table(path, spec), spec, now))


def _batches(documents: Documents) -> Iterator[list[Document]]:
    stream = iter(documents)
    while batch := list(islice(stream, BATCH)):
        yield batch


def _counted(trade: Trade) -> dict[Fate, int]:
    counts = np.bincount(trade.fates, minlength=len(FATES))
    return {fate: int(count) for fate, count in zip(FATES, counts, strict=True)}
