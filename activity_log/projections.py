"""Writing the folded rows of fresh events into the read models, except where one is frozen."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

from activity_log import projection_state
from activity_log.folding import Sheet, write
from activity_log.read_models import PROJECTIONS
from activity_log.read_models.people import PROFILES
from activity_log.tracing import span

NAMES = frozenset(projection.name for projection in PROJECTIONS)


def project(
    connection: Connection,
    sheets: Sequence[Sheet],
    levels: Mapping[str, int],
    *,
    first_seq: int = 0,
    without: Collection[int] = (),
    erased: Collection[int] = (),
) -> None:
    """Write the sheets of `PROJECTIONS` into the read models, and move these to their new levels.

    levels: the place (seq) of the newest event of each operator in the sheets. first_seq, without: as in
    `folding.write`. erased: seqs of the sheets whose person was forgotten; they make no profile. Call it in a writing
    transaction.
    """
    frozen: dict[str, set[str]] = {}
    for operator_id, seq in levels.items():
        for name in NAMES - projection_state.advance(connection, operator_id, NAMES, seq):
            frozen.setdefault(name, set()).add(operator_id)
    left = iter(sheets)
    for projection in PROJECTIONS:
        own = [next(left) for _ in projection.folds]
        without_frozen = [_without(sheet, frozen.get(projection.name, ())) for sheet in own]
        left_out = {*without, *erased} if projection is PROFILES else without
        with span("project", read_model=projection.name):
            write(connection, [projection], without_frozen, first_seq=first_seq, without=left_out)


def _without(sheet: Sheet, operator_ids: Collection[str]) -> Sheet:
    """Leave out the rows of these operators; the first column of every table names whose a row is."""
    if not operator_ids:
        return sheet
    kept = [(seq, row) for seq, row in zip(*sheet, strict=True) if row[0] not in operator_ids]
    return Sheet([seq for seq, _ in kept], [row for _, row in kept])
