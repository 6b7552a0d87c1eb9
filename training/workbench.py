"""What a training session works with: one operator's log, features, and models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import ibis
import pandas as pd
from ibis.backends.duckdb import Backend

from activity_log.database import Database
from activity_log.errors import NotEnoughDataError
from activity_log.facts.export import FactFiles
from activity_log.operators import Operator, find_operator
from activity_log.settings import Settings
from feature_repo.build import build_features, build_states
from feature_repo.engines.engine import engine_of
from feature_repo.expressions.clocks import Facts, population
from feature_repo.sources import connect_duckdb, moments_table, open_facts
from feature_repo.store import CustomerFeatures, open_features
from models.registry import ModelRegistry
from training.sampling import customers_of, sampled_facts

Say = Callable[[str], object]
"""Tells the person what is being done."""


@dataclass(frozen=True)
class Workbench:
    """Everything of one operator, opened when first used."""

    settings: Settings
    database: Database
    operator: Operator
    say: Say = lambda _: None
    rows: Settings | None = None
    """Where facts and features of a sample of the customers lie; None: there is no sample."""

    @classmethod
    def open(
        cls, settings: Settings, database: Database, operator_id: str, say: Say = lambda _: None
    ) -> "Workbench":
        """Open the workbench of a registered operator, with its facts level with the log."""
        bench = cls(settings, database, find_operator(database, operator_id), say)
        say("bringing the facts level with the log")
        bench.files.refresh(database, bench.operator)
        return bench

    @cached_property
    def files(self) -> FactFiles:
        """The operator's fact files."""
        return FactFiles(self._rows.facts_dir, self.operator.operator_id)

    def sampled(self, most: int) -> "Workbench":
        """Return a workbench of a sample of `most` customers; of all, if there are no more."""
        if self.rows is not None or customers_of(self.files) <= most:
            return self
        self.say(f"taking a sample of {most:,} customers")
        rows = self.settings.model_copy(update={"home": self.settings.home / "sample"})
        sampled_facts(self.files, rows.facts_dir, self.operator.operator_id, most)
        return replace(self, rows=rows)

    @property
    def features_dir(self) -> Path:
        """Where feature rows are built."""
        return self._rows.features_dir

    @property
    def _rows(self) -> Settings:
        return self.rows or self.settings

    @cached_property
    def connection(self) -> Backend:
        """The DuckDB that the expressions run on."""
        return connect_duckdb()

    @cached_property
    def facts(self) -> Facts:
        """The operator's fact tables."""
        return open_facts(self.connection, self.files, self.operator.operator_id)

    @cached_property
    def features(self) -> CustomerFeatures:
        """The Feast store."""
        return open_features(self._rows)

    @cached_property
    def registry(self) -> ModelRegistry:
        """The models in MLflow."""
        return ModelRegistry(self.settings)

    def log_span(self) -> tuple[datetime, datetime]:
        """Return the moments of the first and the last booking. Raises NotEnoughDataError if there is none."""
        booked = self.facts.bookings.occurred_at
        row = self.connection.to_pyarrow(
            self.facts.bookings.aggregate(first=booked.min(), last=booked.max())
        ).to_pylist()[0]
        if row["first"] is None:
            raise NotEnoughDataError(
                f"the log of '{self.operator.operator_id}' holds no booking: ingest events first"
            )
        return row["first"], row["last"]

    def build(self, moments: Sequence[datetime]) -> int:
        """Compute the features of these moments; return how many customers there are at the last."""
        self.say(f"computing features at {len(moments)} moments")
        engine = engine_of(self.settings)
        return build_features(
            self.files, self._rows.features_dir, self.operator.operator_id, moments, engine=engine
        )

    def build_states(self, moment: datetime) -> int:
        """Compute the states that go online, of everybody at a moment; return how many customers there are."""
        engine = engine_of(self.settings)
        return build_states(
            self.files, self._rows.features_dir, self.operator.operator_id, moment, engine=engine
        )

    def customers_at(self, moments: Sequence[datetime]) -> "ibis.Table":
        """Return operator_id, customer_id, as_of of everybody who was a customer at each moment."""
        return ibis.memtable(self.connection.to_pyarrow(population(self.facts, moments_table(moments))))

    def frame(self, table: "ibis.Table") -> pd.DataFrame:
        """Run an expression."""
        return self.connection.to_pyarrow(table).to_pandas()
