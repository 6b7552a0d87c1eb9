"""The feature rows that rules look at: everybody at one moment, from the rows of a build."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends.duckdb import Backend

from activity_log.errors import NotEnoughDataError
from activity_log.facts.export import FactFiles
from activity_log.settings import Settings
from feature_repo.build import build_features, rows_path
from feature_repo.definitions import FeatureGroup
from feature_repo.engines.engine import engine_of
from feature_repo.groups import GROUPS, PROFILE
from feature_repo.segments.compiling import compiled
from feature_repo.segments.rules import Rule
from feature_repo.sources import connect_duckdb

CUSTOMER = "customer_id"
_GROUP_OF = {feature.name: group for group in GROUPS for feature in group.features}


class NoScoresError(NotEnoughDataError):
    """A rule asks for a score that no model has written."""

    def __init__(self, names: Iterable[str]):
        told = ", ".join(sorted(set(names)))
        super().__init__(
            f"no {told} was predicted by then: train and promote a model, then run `busflow score`"
        )


@dataclass(frozen=True)
class CustomerRows:
    """Everybody's features at one moment.

    groups: those that were built, one at least. scores: customer_id and what models say, of those who were scored.
    """

    connection: Backend
    folder: Path
    operator_id: str
    moment: datetime
    groups: tuple[FeatureGroup, ...]
    scores: pa.Table | None = None

    def table(self, names: Iterable[str]) -> ir.Table:
        """Return customer_id and these features and scores, a row per customer. Raises NoScoresError."""
        wanted = dict.fromkeys(names)
        scores = [name for name in wanted if name not in _GROUP_OF]
        check_scored(scores, self.scores)
        groups = dict.fromkeys(_GROUP_OF[name] for name in wanted if name in _GROUP_OF)
        parts = [
            self._part(group, [name for name in wanted if _GROUP_OF.get(name) is group])
            for group in groups or self.groups[:1]
        ]
        table = reduce(lambda one, other: one.inner_join(other, CUSTOMER), parts)
        if scores and self.scores is not None:
            told = ibis.memtable(self.scores.select([CUSTOMER, *scores]))
            table = table.left_join(told, CUSTOMER).drop(f"{CUSTOMER}_right")
        return table

    def _part(self, group: FeatureGroup, names: list[str]) -> ir.Table:
        path = rows_path(self.folder, group, self.operator_id, self.moment)
        return self.connection.read_parquet(str(path)).select(CUSTOMER, *names)

    def customers(self) -> int:
        """Return how many there are."""
        return int(self.connection.to_pyarrow(self.table([]).count()).as_py())

    def matching(self, rules: Mapping[str, Rule]) -> dict[str, list[str]]:
        """Return who matches each rule, by name, in the order of their ids. Raises NoScoresError."""
        if not rules:
            return {}
        rows = self.table(name for rule in rules.values() for name in rule.names)
        held = {f"held_{place}": compiled(rule.test, rows) for place, rule in enumerate(rules.values())}
        told = self.connection.to_pyarrow(rows.select(CUSTOMER, **held).order_by(CUSTOMER))
        return {
            name: told[CUSTOMER].filter(pc.fill_null(told[column], False)).to_pylist()
            for name, column in zip(rules, held, strict=True)
        }

    def columns(self, names: Iterable[str], customers: Iterable[str] | None = None) -> pa.Table:
        """Return customer_id and these features, of everybody or of some, in the order of their ids."""
        rows = self.table(names)
        if customers is not None:
            rows = rows.filter(rows[CUSTOMER].isin(list(customers)))
        return self.connection.to_pyarrow(rows.order_by(CUSTOMER))


def check_scored(names: Iterable[str], scores: pa.Table | None) -> None:
    """Raise NoScoresError for names of scores that nobody has a value of."""
    unscored = [name for name in names if not _is_scored(name, scores)]
    if unscored:
        raise NoScoresError(unscored)


def _is_scored(name: str, scores: pa.Table | None) -> bool:
    if scores is None or name not in scores.column_names:
        return False
    return bool(scores[name].null_count < len(scores))


@contextmanager
def customer_rows(
    settings: Settings,
    files: FactFiles,
    operator_id: str,
    moment: datetime,
    names: Iterable[str],
    scores: pa.Table | None = None,
) -> Iterator[CustomerRows]:
    """Give everybody's features of these names at a moment. Raises NoScoresError for scores that nobody has.

    Rows that a build left there are used if nothing was logged since; otherwise they are computed and left nowhere.
    """
    wanted = list(names)
    check_scored([name for name in wanted if name not in _GROUP_OF], scores)
    groups = tuple(dict.fromkeys(_GROUP_OF[name] for name in wanted if name in _GROUP_OF)) or (PROFILE,)
    with closing((connection := connect_duckdb()).con):
        if _is_built(settings.features_dir, files, operator_id, moment, groups):
            yield CustomerRows(connection, settings.features_dir, operator_id, moment, groups, scores)
            return
        settings.home.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".segments-", dir=settings.home) as folder:
            engine = engine_of(settings)
            build_features(files, Path(folder), operator_id, [moment], engine=engine, groups=groups)
            yield CustomerRows(connection, Path(folder), operator_id, moment, groups, scores)


def _is_built(
    features_dir: Path,
    files: FactFiles,
    operator_id: str,
    moment: datetime,
    groups: Iterable[FeatureGroup],
) -> bool:
    built = [rows_path(features_dir, group, operator_id, moment) for group in groups]
    if not all(path.exists() for path in built):
        return False
    facts = [Path(path).stat().st_mtime_ns for path in files.paths("profiles")]
    return min(path.stat().st_mtime_ns for path in built) > max(facts, default=0)
