"""What a build asks of the engine that runs it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import ibis.expr.types as ir
import pyarrow as pa

from activity_log.facts.export import FactFiles
from activity_log.settings import Settings
from feature_repo.expressions.clocks import Facts


class Engine(Protocol):
    """Runs SQL over an operator's fact files and over tables that it keeps for a while.

    All timestamps that expressions see are UTC without saying so.
    """

    def facts(self, files: FactFiles, operator_id: str) -> Facts:
        """Return the operator's fact tables. The files must have been refreshed at least once."""
        ...

    def compile(self, rows: ir.Table) -> str:
        """Return the SQL of an expression over the facts and the tables kept."""
        ...

    def hold(self, name: str, rows: pa.Table) -> None:
        """Keep a few rows as the table `name`, in place of any other of that name."""
        ...

    def keep(self, name: str, sql: str) -> None:
        """Compute rows once and keep them as the table `name`, in place of any other of that name."""
        ...

    def write(self, sql: str, path: Path) -> None:
        """Compute rows into one Parquet file, without bringing them into Python."""
        ...


Start = Callable[[Path], AbstractContextManager[Engine]]
"""Starts an engine. It may write to the folder given what its memory does not hold."""


def engine_of(settings: Settings) -> Start:
    """Return how to start the engine of an installation."""
    if settings.engine == "spark":
        from feature_repo.engines.on_spark import spark

        return spark(settings.spark_master, settings.engine_memory)
    from feature_repo.engines.on_duckdb import duckdb

    return duckdb(settings.engine_memory)
