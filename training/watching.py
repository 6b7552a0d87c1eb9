"""Watching features with a workbench: what a training keeps of them, and what a model in use should meet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from feature_repo.watching.reference import SAME_SEASON, Reference
from feature_repo.watching.summary import MOST_ROWS, Summary, summarise
from models.card import Task
from models.registry import CHALLENGER, CHAMPION, Loaded
from training.workbench import Workbench

NO_REFERENCE = Reference([])
SHORTEST_HISTORY = timedelta(days=90)
"""How much log must lie before a moment whose features say anything."""
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


def same_season(bench: Workbench, as_of: datetime, built: Sequence[datetime] = ()) -> Reference:
    """Summarise all features as of the same season of the years before, as far as the log goes back.

    built: moments whose rows are there already; one within a month of the day is taken for it, else it is built.
    """
    first, _ = bench.log_span()
    days = [as_of - timedelta(days=365 * back) for back in range(YEARS, 0, -1)]
    moments = [
        min(
            (one for one in built if abs(one - day) <= SAME_SEASON),
            key=lambda one: abs(one - day),
            default=day,
        )
        for day in days
        if day >= first + SHORTEST_HISTORY
    ]
    missing = [moment for moment in moments if moment not in built]
    if missing:
        bench.build(missing)
    return reference_of(bench, moments)


def saved_with(reference: Reference, save: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return how to save an artefact together with the reference of its training."""

    def both(directory: Path) -> None:
        save(directory)
        reference.save(directory)

    return both


def check_features(bench: Workbench, as_of: datetime, kept: Loaded[Reference] | None) -> Check:
    """Compute all features as of a moment and check them; without a reference, against their definitions only."""
    with _rows_at(bench, as_of) as folder:
        return _check(bench, folder, as_of, kept)


@contextmanager
def _rows_at(bench: Workbench, as_of: datetime) -> Iterator[Path]:
    """Give a folder with the rows of all features as of a moment, of a sample where there are very many customers."""
    with TemporaryDirectory(dir=bench.settings.home) as temporary:
        folder, sample = Path(temporary), bench.sampled(MOST_ROWS)
        engine = engine_of(bench.settings)
        build_features(sample.files, folder, bench.operator.operator_id, [as_of], engine=engine)
        yield folder


def _check(bench: Workbench, folder: Path, as_of: datetime, kept: Loaded[Reference] | None) -> Check:
    return check(
        GROUPS,
        lambda group: _rows(bench, folder, group, as_of),
        bench.operator.operator_id,
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


Breaches = Mapping[Task, tuple[Finding, ...]]


def breaches_for(bench: Workbench, tasks: Sequence[Task], now: datetime) -> Breaches:
    """Return the breaches of the features that each task's challenger reads, as of now; none without a challenger.

    Where the log ends earlier, as of its end: the operator's customers did not change by our hearing nothing of them.
    The features are computed once for all tasks that are checked as of the same moment.
    """
    kept = {task: kept_reference(bench, task, CHALLENGER) for task in tasks}
    found: dict[Task, tuple[Finding, ...]] = {task: () for task, one in kept.items() if one is None}
    _, last = bench.log_span() if len(found) < len(kept) else (now, now)
    due: dict[datetime, list[tuple[Task, Loaded[Reference]]]] = {}
    for task, one in kept.items():
        if one is not None:
            due.setdefault(min(now, max(one.card.as_of, last + timedelta(days=1))), []).append((task, one))
    for as_of, challengers in due.items():
        with _rows_at(bench, as_of) as folder:
            for task, one in challengers:
                service = SERVICES[one.card.feature_service]
                found[task] = tuple(_check(bench, folder, as_of, one).breaches(service.names))
    return found


def _first_rows(bench: Workbench, group: FeatureGroup, moment: datetime) -> pa.Table:
    """Read no more than is summarised."""
    path = rows_path(bench.features_dir, group, bench.operator.operator_id, moment)
    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(MOST_ROWS), None)
        return file.schema_arrow.empty_table() if first is None else pa.Table.from_batches([first])


def _rows(bench: Workbench, folder: Path, group: FeatureGroup, moment: datetime) -> pa.Table:
    return pq.read_table(rows_path(folder, group, bench.operator.operator_id, moment))
