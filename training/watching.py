"""Watching features with a workbench: what a training keeps of them, and what a model in use should meet."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from activity_log.errors import NoModelError
from feature_repo.build import build_features, rows_path
from feature_repo.definitions import FeatureGroup
from feature_repo.engines.engine import engine_of
from feature_repo.groups import GROUPS
from feature_repo.services import SERVICES
from feature_repo.watching.checking import Check, check
from feature_repo.watching.findings import Finding
from feature_repo.watching.reference import Reference
from feature_repo.watching.summary import MOST_ROWS, Summary, summarise
from models.card import Task
from models.registry import CHALLENGER, CHAMPION, Loaded
from training.churn import SHORTEST_HISTORY
from training.workbench import Workbench

NO_REFERENCE = Reference([])
YEARS = 2
"""So many years back the season is summarised where a training looks at no feature rows itself."""


def reference_of(bench: Workbench, moments: Sequence[datetime]) -> Reference:
    """Summarise all features at moments that were built, to be kept beside the model that learned from them."""
    summaries: list[Summary] = []
    for group in GROUPS:
        for moment in moments:
            rows = _first_rows(bench, group, moment)
            summaries += [summarise(one.name, rows[one.name], moment) for one in group.features]
    return Reference(summaries)


def same_season(bench: Workbench, as_of: datetime) -> Reference:
    """Compute and summarise all features as of the same day of the years before, as far as the log goes back."""
    first, _ = bench.log_span()
    moments = [as_of - timedelta(days=365 * back) for back in range(YEARS, 0, -1)]
    known = [moment for moment in moments if moment >= first + SHORTEST_HISTORY]
    if known:
        bench.build(known)
    return reference_of(bench, known)


def saved_with(reference: Reference, save: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return how to save an artefact together with the reference of its training."""

    def both(directory: Path) -> None:
        save(directory)
        reference.save(directory)

    return both


def check_features(bench: Workbench, as_of: datetime, kept: Loaded[Reference] | None) -> Check:
    """Compute all features as of a moment and check them; without a reference, against their definitions only."""
    operator_id = bench.operator.operator_id
    with TemporaryDirectory(dir=bench.settings.home) as temporary:
        folder = Path(temporary)
        build_features(bench.files, folder, operator_id, [as_of], engine=engine_of(bench.settings))
        return check(
            GROUPS,
            lambda group: _rows(bench, folder, group, as_of),
            operator_id,
            as_of,
            kept.model if kept else NO_REFERENCE,
            f"{kept.name} version {kept.version}" if kept else None,
        )


def kept_reference(bench: Workbench, task: Task, alias: str | None = None) -> Loaded[Reference] | None:
    """Return what the training of a task's champion kept, or if there is none its challenger's; None without both."""
    for name in [alias] if alias else [CHAMPION, CHALLENGER]:
        try:
            return bench.registry.load(bench.operator.operator_id, task, Reference.load, name)
        except NoModelError:
            continue
    return None


def breaches_for(bench: Workbench, task: Task, now: datetime) -> tuple[Finding, ...]:
    """Return the breaches of the features that a task's challenger reads, as of now; none without a challenger.

    Where the log ends earlier, as of its end: the operator's customers did not change by our hearing nothing of them.
    """
    challenger = kept_reference(bench, task, CHALLENGER)
    if challenger is None:
        return ()
    _, last = bench.log_span()
    as_of = min(now, max(challenger.card.as_of, last + timedelta(days=1)))
    return check_features(bench, as_of, challenger).breaches(SERVICES[challenger.card.feature_service].names)


def _first_rows(bench: Workbench, group: FeatureGroup, moment: datetime) -> pa.Table:
    """Read no more than is summarised."""
    path = rows_path(bench.settings.features_dir, group, bench.operator.operator_id, moment)
    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(MOST_ROWS), None)
        return file.schema_arrow.empty_table() if first is None else pa.Table.from_batches([first])


def _rows(bench: Workbench, folder: Path, group: FeatureGroup, moment: datetime) -> pa.Table:
    return pq.read_table(rows_path(folder, group, bench.operator.operator_id, moment))
