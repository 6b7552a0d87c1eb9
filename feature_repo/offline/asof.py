"""Feast's DuckDB offline store, joining point in time by DuckDB's own ASOF join.

Feast joins every example with every earlier row of its customer and keeps the latest of them; an ASOF join goes
through both once, in the order of time.
"""

from collections.abc import Sequence
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from feast import FeatureView, FileSource, RepoConfig
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig, _write_data_source
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df
from feast.infra.registry.base_registry import BaseRegistry
from feast.saved_dataset import SavedDatasetStorage

from activity_log.facts.tables import MOMENT
from feature_repo.offline.point_in_time import Rows, latest_known


class AsofDuckDBOfflineStoreConfig(DuckDBOfflineStoreConfig):
    """As Feast's, under our name. memory: how much DuckDB may take before it spills to disk; empty: its default."""

    type: str = "feature_repo.offline.asof.AsofDuckDBOfflineStore"
    memory: str = ""


class AsofDuckDBOfflineStore(DuckDBOfflineStore):
    """Answers what we ask by ASOF joins, and leaves everything else to Feast's own join."""

    @staticmethod
    def get_historical_features(
        config: RepoConfig,
        feature_views: list[FeatureView],
        feature_refs: list[str],
        entity_df: pd.DataFrame | str,
        registry: BaseRegistry,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
        **more: Any,
    ) -> RetrievalJob:
        """Return the job that joins the latest row at each example's moment that was known by then.

        Examples stay in their order, one row each, whatever the views hold.
        """
        if not (filter_by_created_timestamp and isinstance(entity_df, pd.DataFrame)) or not all(
            map(_is_plain, feature_views)
        ):
            return DuckDBOfflineStore.get_historical_features(
                config, feature_views, feature_refs, entity_df, registry, project, full_feature_names,
                filter_by_created_timestamp, **more,
            )  # fmt: skip
        rows = [_rows(view, feature_refs, full_feature_names) for view in feature_views]
        return AsofJob(config, rows, feature_refs, entity_df, full_feature_names)


def _is_plain(view: FeatureView) -> bool:
    """Say whether a view's rows are Parquet files under their own names that hold for ever."""
    source = view.batch_source
    return (
        isinstance(source, FileSource)
        and source.path.endswith(".parquet")
        and bool(source.created_timestamp_column)
        and not (source.field_mapping or view.projection.join_key_map or view.ttl)
    )


def _rows(view: FeatureView, refs: Sequence[str], full_names: bool) -> Rows:
    source, shown = view.batch_source, view.projection.name_to_use()
    prefix = f"{view.projection.name_alias or view.name}__" if full_names else ""
    wanted = [name for of_view, name in (ref.split(":") for ref in refs) if of_view == shown]
    return Rows(
        pattern=source.path,
        keys=tuple(sorted(column.name for column in view.entity_columns)),
        at=source.timestamp_field,
        known_at=source.created_timestamp_column,
        names={name: prefix + name for name in wanted},
    )


class AsofJob(RetrievalJob):
    """Joins when its result is asked for."""

    def __init__(
        self,
        config: RepoConfig,
        views: Sequence[Rows],
        refs: Sequence[str],
        examples: pd.DataFrame,
        full_names: bool,
    ):
        super().__init__()
        self._config = config
        self._views = views
        self._examples = examples
        self._full_names = full_names
        self._timestamp = infer_event_timestamp_from_entity_df(dict(examples.dtypes))
        moments = pd.to_datetime(examples[self._timestamp], utc=True)
        keys = [name for name in examples.columns if name != self._timestamp]
        self._metadata = RetrievalMetadata(list(refs), keys, moments.min(), moments.max())

    @property
    def full_feature_names(self) -> bool:
        """Whether features are named after their views too."""
        return self._full_names

    @property
    def on_demand_feature_views(self) -> list[Any]:
        """There are none; they are left to Feast."""
        return []

    @property
    def metadata(self) -> RetrievalMetadata:
        """What is asked for."""
        return self._metadata

    def persist(
        self, storage: SavedDatasetStorage, allow_overwrite: bool = False, timeout: int | None = None
    ) -> None:
        """Write the result as a dataset of Feast."""
        import ibis

        table = ibis.memtable(self._to_arrow_internal())
        _write_data_source(
            table, storage.to_data_source(), str(self._config.repo_path), "overwrite", allow_overwrite
        )

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:
        examples = _microseconds(pa.Table.from_pandas(self._examples, preserve_index=False), self._timestamp)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            if self._config.offline_store.memory:
                connection.execute(f"SET memory_limit = '{self._config.offline_store.memory}'")
            parts = [latest_known(connection, view, examples, self._timestamp) for view in self._views]
        return _beside(examples, parts)


def _microseconds(examples: pa.Table, timestamp: str) -> pa.Table:
    """Return the examples with their moments as microseconds, UTC, as the rows have them."""
    place = examples.schema.get_field_index(timestamp)
    return examples.set_column(place, timestamp, pc.cast(examples[timestamp], MOMENT))


def _beside(examples: pa.Table, parts: Sequence[pa.Table]) -> pa.Table:
    columns = {name: examples[name] for name in examples.column_names}
    for part in parts:
        columns |= {name: part[name] for name in part.column_names}
    return pa.table(columns)
