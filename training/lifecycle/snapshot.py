"""What a model was trained on, so exactly that it can be told whether another was trained on the same."""

from datetime import datetime
from typing import Self

import duckdb
from pydantic import BaseModel, ConfigDict

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import FACT_TABLES


class Snapshot(BaseModel):
    """The facts known before `as_of`.

    as_of: exclusive, of both clocks: what happened and was known before. level: the seq of the last event in the fact
    files, some of which may have become known later. facts: how many rows count. fingerprint: the same for the same
    facts, in whatever order and files they came.
    """

    model_config = ConfigDict(frozen=True)

    operator_id: str
    as_of: datetime
    level: int
    facts: int
    fingerprint: str

    @classmethod
    def of(cls, files: FactFiles, operator_id: str, as_of: datetime) -> Self:
        """Read the fact files once."""
        facts, total = 0, 0
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for place, table in enumerate(FACT_TABLES, start=1):
                rows, hashed = _hashed(connection, files.paths(table), as_of)
                facts, total = facts + rows, (total + place * hashed) % 2**128
        return cls(
            operator_id=operator_id, as_of=as_of, level=files.level, facts=facts, fingerprint=f"{total:032x}"
        )

    def tags(self) -> dict[str, str]:
        """Return it as tags of a run."""
        return {
            "data.level": str(self.level),
            "data.facts": str(self.facts),
            "data.fingerprint": self.fingerprint,
            "data.known_before": self.as_of.isoformat(),
        }


def _hashed(connection: duckdb.DuckDBPyConnection, paths: list[str], as_of: datetime) -> tuple[int, int]:
    """Return how many rows there are, and the sum of their hashes: addition knows no order."""
    row = connection.execute(
        """SELECT count(*), coalesce(sum(hash(f)::HUGEINT), 0)::VARCHAR FROM read_parquet(?) AS f
        WHERE occurred_at < ? AND recorded_at < ?""",
        [paths, as_of, as_of],
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
