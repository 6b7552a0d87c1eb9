"""Feast's sight of the feature groups: one view each, over the Parquet files that `build` writes."""

from datetime import timedelta
from pathlib import Path

from feast import FeatureView, Field, FileSource
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp

from feature_repo.entities import CUSTOMER, OPERATOR, OWNER
from feature_repo.groups import GROUPS, FeatureGroup

EVENT_TIMESTAMP = "event_timestamp"
"""The moment the features describe (their exclusive as_of)."""

CREATED_TIMESTAMP = "known_at"
"""The moment up to which events had been known when the row was computed."""

FEAST_TYPES: dict[str, FeastType] = {
    "int64": Int64,
    "float64": Float64,
    "string": String,
    "bool": Bool,
    "timestamp": UnixTimestamp,
    "array<string>": Array(String),
    "array<int64>": Array(Int64),
}


def feature_views(features_dir: Path) -> list[FeatureView]:
    """Return one view per feature group."""
    return [_view(group, features_dir) for group in GROUPS]


def _view(group: FeatureGroup, features_dir: Path) -> FeatureView:
    source = FileSource(
        name=f"{group.name}_rows",
        path=str(features_dir / group.name / "*" / "*.parquet"),
        timestamp_field=EVENT_TIMESTAMP,
        created_timestamp_column=CREATED_TIMESTAMP,
    )
    return FeatureView(
        name=group.name,
        description=group.meaning,
        entities=[OPERATOR, CUSTOMER],
        ttl=timedelta(0),
        schema=[
            Field(name="operator_id", dtype=String),
            Field(name="customer_id", dtype=String),
            *(
                Field(name=feature.name, dtype=FEAST_TYPES[feature.dtype], description=feature.meaning)
                for feature in group.features
            ),
        ],
        source=source,
        owner=OWNER,
    )
