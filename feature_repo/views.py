"""Feast's sight of the feature groups: one view each, over the Parquet rows that `build` writes.

These views are for training sets, lineage and people; what is served comes packed from the view of `state_view`.
"""

from datetime import timedelta

from feast import FeatureView, Field
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp

from activity_log.settings import Settings
from feature_repo.definitions import FeatureGroup
from feature_repo.entities import CUSTOMER, OPERATOR, OWNER
from feature_repo.groups import GROUPS
from feature_repo.offline.rows import CREATED_TIMESTAMP, EVENT_TIMESTAMP, rows_source

__all__ = ["CREATED_TIMESTAMP", "EVENT_TIMESTAMP", "feature_views"]

FEAST_TYPES: dict[str, FeastType] = {
    "int64": Int64,
    "float64": Float64,
    "string": String,
    "bool": Bool,
    "timestamp": UnixTimestamp,
    "array<string>": Array(String),
    "array<int64>": Array(Int64),
}


def feature_views(settings: Settings) -> list[FeatureView]:
    """Return one view per feature group."""
    return [_view(group, settings) for group in GROUPS]


def _view(group: FeatureGroup, settings: Settings) -> FeatureView:
    fields = [
        Field(
            name=feature.name,
            dtype=FEAST_TYPES[feature.dtype],
            description=feature.meaning,
            tags={"unit": feature.unit.name} | ({"null": feature.null} if feature.null else {}),
        )
        for feature in group.features
    ]
    return FeatureView(
        name=group.name,
        description=group.meaning,
        entities=[OPERATOR, CUSTOMER],
        ttl=timedelta(0),
        schema=[Field(name="operator_id", dtype=String), Field(name="customer_id", dtype=String), *fields],
        source=rows_source(
            settings, group.name, f"Rows of the group {group.name} at the moments built.", OWNER
        ),
        online=False,
        tags={"group": group.name.removeprefix("customer_"), "grain": "customer", "use": "training"},
        owner=OWNER,
    )
