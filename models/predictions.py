"""What the live models said of every customer at a moment, kept so that it can be read at once and judged later.

One Parquet file per operator, task, moment and model version, replaced whole: scoring a moment again by the same
version gives the same file. Nothing here names a person.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from models.card import Task

_KEYS = {"operator_id": pa.string(), "customer_id": pa.string()}

PREDICTED: Mapping[Task, pa.Schema] = MappingProxyType(
    {
        "churn": pa.schema({**_KEYS, "churn_probability": pa.float64(), "churn_band": pa.string()}),
        "value": pa.schema(
            {
                **_KEYS,
                "expected_bookings": pa.float64(),
                "bookings_low": pa.float64(),
                "bookings_high": pa.float64(),
                "expected_spend": pa.float64(),
                "spend_low": pa.float64(),
                "spend_high": pa.float64(),
                "lifetime_value": pa.float64(),
            }
        ),
    }
)
"""The columns by task; low and high bound an 80 % range."""

SCORES = ("churn_probability", "expected_bookings", "expected_spend")
"""What `latest_scores` gathers of all tasks."""

_STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class Scoring:
    """One scoring of all customers by one model version.

    as_of: what was known (exclusive). horizon_days: how far ahead it looks. trained_as_of: what the model had learned
    from; where that is later than `as_of`, it had seen some of the outcomes, and its scores prove nothing.
    """

    task: Task
    version: str
    as_of: datetime
    horizon_days: int
    trained_as_of: datetime

    @property
    def in_hindsight(self) -> bool:
        """Whether the model knew what came after the moment."""
        return self.trained_as_of > self.as_of


class PredictionStore:
    """The predictions for one operator's customers, under `root`."""

    def __init__(self, root: Path, operator_id: str):
        self._dir = root / operator_id

    def write(self, scoring: Scoring, rows: pa.Table) -> Path:
        """Keep the predictions of a scoring: the columns of PREDICTED, one row per customer."""
        told = {
            b"horizon_days": str(scoring.horizon_days),
            b"trained_as_of": scoring.trained_as_of.isoformat(),
        }
        schema = PREDICTED[scoring.task].with_metadata(told)
        path = self._path(scoring.task, scoring.as_of, scoring.version)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        pq.write_table(rows.select(schema.names).sort_by("customer_id").cast(schema), partial)
        partial.replace(path)
        return path

    def scorings(self, task: Task) -> list[Scoring]:
        """Return what was scored, oldest moment first, and of a moment the versions in order."""
        paths = (self._dir / task).glob("*.parquet")
        found = [_scoring(task, path) for path in paths]
        return sorted(found, key=lambda one: (one.as_of, int(one.version)))

    def read(self, scoring: Scoring) -> pa.Table:
        """Return the predictions of a scoring, by customer_id."""
        path = self._path(scoring.task, scoring.as_of, scoring.version)
        return pq.read_table(path, partitioning=None).replace_schema_metadata(None)

    def latest(self, task: Task, until: datetime) -> Scoring | None:
        """Return the newest scoring of a task with `as_of` at or before a moment, of its newest version; or None."""
        return max(
            (one for one in self.scorings(task) if one.as_of <= until),
            key=lambda one: (one.as_of, int(one.version)),
            default=None,
        )

    def latest_scores(self, until: datetime) -> pa.Table:
        """Return operator_id, customer_id and SCORES as last predicted by `until`, null where a task has none."""
        joined = pa.table({name: pa.array([], kind) for name, kind in _KEYS.items()})
        for task in PREDICTED:
            if newest := self.latest(task, until):
                rows = self.read(newest)
                rows = rows.select([*_KEYS, *(name for name in rows.column_names if name in SCORES)])
                joined = joined.join(rows, list(_KEYS), join_type="full outer")
        for name in SCORES:
            if name not in joined.column_names:
                joined = joined.append_column(name, pa.nulls(len(joined), pa.float64()))
        return joined.select([*_KEYS, *SCORES]).sort_by("customer_id")

    def _path(self, task: Task, as_of: datetime, version: str) -> Path:
        return self._dir / task / f"{as_of.astimezone(UTC).strftime(_STAMP)}.v{version}.parquet"


def _scoring(task: Task, path: Path) -> Scoring:
    stamp, version = path.name.removesuffix(".parquet").split(".v")
    told = pq.read_schema(path).metadata
    return Scoring(
        task=task,
        version=version,
        as_of=datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC),
        horizon_days=int(told[b"horizon_days"]),
        trained_as_of=datetime.fromisoformat(told[b"trained_as_of"].decode()),
    )
