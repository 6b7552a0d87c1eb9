"""A build as SQL of one engine: compiled once, run at many moments."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from activity_log.facts.export import FactFiles
from activity_log.facts.tables import MOMENT
from feature_repo.engines.engine import Engine
from feature_repo.expressions.clocks import Facts, Known, population

MOMENTS = "moments"
PEOPLE = "people"


class Plan:
    """What is common to all features of a moment is computed once and kept while they are computed.

    facts, as_of, known: what the expressions of features take.
    """

    facts: Facts
    as_of: ir.Table
    known: Known

    def __init__(self, engine: Engine, files: FactFiles, operator_id: str):
        self._engine = engine
        self._moving = {MOMENTS}
        self._steps: list[tuple[str, str]] = []
        self.facts = engine.facts(files, operator_id)
        moments = ibis.table({"as_of": "timestamp(6)"}, name=MOMENTS)
        self.as_of = self._kept(PEOPLE, population(self.facts, moments))
        self.known = Known.of(self.facts, self.as_of, self._kept)

    def compile(self, rows: ir.Table) -> str:
        """Return the SQL of an expression over facts, as_of and known."""
        return self._engine.compile(rows)

    def move_to(self, moments: Sequence[datetime]) -> None:
        """Let as_of be everybody who is a customer at each of these moments."""
        column = pa.array(sorted(set(moments)), type=MOMENT)
        self._engine.hold(MOMENTS, pa.table({"as_of": column}))
        for name, sql in self._steps:
            self._engine.keep(name, sql)

    def write(self, sql: str, path: Path) -> None:
        """Write rows at the moments moved to last."""
        self._engine.write(sql, path)

    def _kept(self, name: str, rows: ir.Table) -> ir.Table:
        """Keep what an expression says, anew for each moment if it depends on it."""
        sql = self._engine.compile(rows)
        if self._moving & _tables_of(rows):
            self._moving.add(name)
            self._steps.append((name, sql))
        else:
            self._engine.keep(name, sql)
        return ibis.table(rows.schema(), name=name)


def _tables_of(rows: ir.Table) -> set[str]:
    return {table.name for table in rows.op().find(ops.PhysicalTable)}
