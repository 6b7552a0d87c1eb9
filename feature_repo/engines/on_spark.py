"""Spark: on this machine, or on a cluster that sees the same files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from activity_log.errors import WrongUseError
from activity_log.facts.export import FactFiles
from feature_repo.engines.engine import Engine, Start
from feature_repo.expressions.clocks import Facts
from feature_repo.sources import identities_of_files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""What the expressions rely on: days of UTC, errors rather than wrong numbers, moments that others can read."""

ON_ONE_MACHINE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.warehouse.dir": str(Path(gettempdir()) / "busflow-spark-warehouse"),
}
"""The warehouse stays empty; without a place of its own Spark makes a folder wherever the command is run."""


class NoSparkError(WrongUseError):
    """PySpark is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "BUSFLOW_ENGINE=spark needs PySpark, which is not installed: run `uv sync --group scale`, or use duckdb"
        )


def spark(master: str, memory: str = "") -> Start:
    """Return how to start Spark on `master`. memory: of the driver, as `8GB`; empty: Spark's default."""
    return partial(_started, master, memory)


@contextmanager
def _started(master: str, memory: str, scratch: Path) -> Iterator[Engine]:
    engine = SparkEngine(spark_session(master, memory), scratch)
    try:
        yield engine
    finally:
        engine.forget()


def spark_session(master: str, memory: str = "") -> "SparkSession":
    """Return the session of this process, started if there is none. Raises NoSparkError without PySpark."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise NoSparkError from error
    options: dict[str, Any] = dict(SESSION)
    if memory:
        options["spark.driver.memory"] = memory.replace(" ", "").removesuffix("B").removesuffix("i").lower()
    if master.startswith("local"):
        options |= ON_ONE_MACHINE
    return SparkSession.builder.master(master).appName("busflow").config(map=options).getOrCreate()


class SparkEngine:
    """A Spark session. What is kept lies in `scratch`, which all machines of a cluster must see."""

    def __init__(self, session: "SparkSession", scratch: Path):
        self._session = session
        self._scratch = scratch
        self._connection: Any = ibis.pyspark.connect(session)
        self._views: set[str] = set()

    def facts(self, files: FactFiles, operator_id: str) -> Facts:
        """Return the operator's fact tables as views of their files."""
        names = [field.name for field in fields(Facts) if field.name != "identities"]
        for name in names:
            self._name(name, self._session.read.parquet(*files.paths(name)))
        self.hold("identities", identities_of_files(files, operator_id))
        return Facts(**{name: self._connection.table(name) for name in (*names, "identities")})

    def compile(self, rows: ir.Table) -> str:
        """Return the SQL of an expression."""
        return str(self._connection.compile(rows))

    def hold(self, name: str, rows: pa.Table) -> None:
        """Keep a few rows as a table."""
        self._name(name, self._session.createDataFrame(rows))

    def keep(self, name: str, sql: str) -> None:
        """Compute rows into files of the scratch folder."""
        folder = str(self._scratch / f"{name}-{len(list(self._scratch.iterdir()))}")
        self._session.sql(sql).write.parquet(folder)
        self._name(name, self._session.read.parquet(folder))

    def write(self, sql: str, path: Path) -> None:
        """Compute rows into a Parquet file."""
        folder = path.with_suffix(".parts")
        self._session.sql(sql).coalesce(1).write.mode("overwrite").parquet(str(folder))
        (part,) = folder.glob("part-*.parquet")
        part.replace(path)

    def forget(self) -> None:
        """Drop what was named, so that nobody reads files that are gone."""
        for name in self._views:
            self._session.catalog.dropTempView(name)

    def _name(self, name: str, rows: Any) -> None:
        rows.createOrReplaceTempView(name)
        self._views.add(name)
