"""What a training keeps of the features it learned from: a summary per feature and moment, beside its model."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from activity_log.facts.tables import MOMENT
from feature_repo.watching.summary import Summary

REFERENCE_FILE = "reference.parquet"
YEAR = timedelta(days=365.25)
SAME_SEASON = timedelta(days=31)
"""How far moments may lie apart in the year and still be of one season."""

_SCHEMA = pa.schema(
    {
        "feature": pa.string(),
        "moment": MOMENT,
        "rows": pa.int64(),
        "nulls": pa.int64(),
        "zeros": pa.int64(),
        "distinct": pa.int64(),
        "values": pa.list_(pa.float64()),
        "shares": pa.list_(pa.float64()),
        "categories": pa.list_(pa.string()),
        "counts": pa.list_(pa.int64()),
    }
)


@dataclass(frozen=True)
class Season:
    """What to hold values of now against. then: the newest moment that is whole years back; None: there is none.

    before: the same season a year or more before that.
    """

    then: datetime | None
    before: datetime | None


class Reference:
    """Summaries by feature and moment."""

    def __init__(self, summaries: list[Summary]):
        self._summaries = {(one.feature, one.moment): one for one in summaries}
        self.moments = sorted({one.moment for one in summaries})

    def of(self, feature: str, moment: datetime | None) -> Summary | None:
        """Return the summary of a feature at a moment, None if none was kept."""
        return None if moment is None else self._summaries.get((feature, moment))

    def season(self, now: datetime) -> Season:
        """Return the newest moment that is whole years before `now`, and the one a year before that."""
        then = self._years_before(now)
        return Season(then, self._years_before(then) if then else None)

    def save(self, directory: Path) -> None:
        """Write the reference into the artefact's directory."""
        rows = [_row(one) for one in self._summaries.values()]
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), directory / REFERENCE_FILE)

    @classmethod
    def load(cls, directory: Path) -> "Reference":
        """Read the reference of an artefact; empty if its training kept none."""
        path = directory / REFERENCE_FILE
        return cls([_summary(row) for row in pq.read_table(path).to_pylist()] if path.exists() else [])

    def _years_before(self, moment: datetime) -> datetime | None:
        earlier = [one for one in self.moments if moment - one > YEAR - SAME_SEASON]
        return max((one for one in earlier if _season_distance(moment, one) <= SAME_SEASON), default=None)


def _season_distance(one: datetime, other: datetime) -> timedelta:
    apart = abs(one - other) % YEAR
    return min(apart, YEAR - apart)


def _row(summary: Summary) -> dict[str, object]:
    row = {name: getattr(summary, name) for name in _SCHEMA.names if name not in ("categories", "counts")}
    names, counts = [name for name, _ in summary.categories], [count for _, count in summary.categories]
    return row | {"categories": names, "counts": counts}


def _summary(row: dict[str, Any]) -> Summary:
    categories = tuple(zip(row.pop("categories"), row.pop("counts"), strict=True))
    values, shares = np.array(row.pop("values"), float), np.array(row.pop("shares"), float)
    return Summary(**row, values=values, shares=shares, categories=categories)
