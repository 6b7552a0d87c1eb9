"""The Parquet rows of a build as a Feast source, for DuckDB or Spark."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feast import FileSource
from feast.data_source import DataSource

from activity_log.settings import Settings

EVENT_TIMESTAMP = "event_timestamp"
"""The moment the features describe (their exclusive as_of)."""

CREATED_TIMESTAMP = "known_at"
"""The moment up to which events had been known when the row was computed."""


def rows_source(settings: Settings, folder: str, description: str, owner: str) -> DataSource:
    """Return the source of the rows under `features_dir/folder/<operator>/`, for the engine of the settings."""
    about = {
        "name": f"{folder}_rows",
        "path": str(settings.features_dir / folder / "*" / "*.parquet"),
        "timestamp_field": EVENT_TIMESTAMP,
        "created_timestamp_column": CREATED_TIMESTAMP,
        "description": description,
        "owner": owner,
    }
    return _spark_source(about) if settings.engine == "spark" else FileSource(**about)


@contextmanager
def without_remarks() -> Iterator[None]:
    """Keep to itself that Feast calls its Spark store experimental, wherever it meets one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The spark", category=RuntimeWarning)
        yield


def _spark_source(about: dict[str, str]) -> DataSource:
    from feast.infra.offline_stores.contrib.spark_offline_store.spark_source import SparkSource

    with without_remarks():
        return SparkSource(**about, file_format="parquet")


def schema_path(features_dir: Path, folder: str) -> Path:
    """Return the file that tells the columns of a folder's rows before anything is built."""
    return features_dir / folder / "_schema" / "empty.parquet"
