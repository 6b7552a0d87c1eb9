"""Feature values against their definitions: ranges, missing values, cardinality, and one row per customer."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from feature_repo.definitions import Feature, FeatureGroup
from feature_repo.watching.findings import Finding

MOST_TEXTS = 50
"""A text may have so many different values however few customers there are."""

ALL_DIFFERENT = 0.5
"""Beyond this share of different values a text is no category but somebody's own, such as an id."""

LEAST_FOR_CONSTANT = 30
"""Fewer customers may well be alike."""


def check_group(rows: pa.Table, group: FeatureGroup, operator_id: str) -> Iterator[Finding]:
    """Check the rows of a group at one moment: operator_id, customer_id, and a column per feature."""
    if len(rows) != pc.count_distinct(rows["customer_id"]).as_py():
        yield Finding(group.name, "rows", "some customers have more than one row")
    if set(pc.unique(rows["operator_id"]).to_pylist()) - {operator_id}:
        yield Finding(group.name, "rows", "rows of another operator")
    for feature in group.features:
        yield from check_values(rows[feature.name], feature)


def check_values(column: pa.ChunkedArray, feature: Feature) -> Iterator[Finding]:
    """Check the values of one feature against what its definition says."""
    if column.null_count and not feature.null:
        yield Finding(
            feature.name, "missing", f"{column.null_count:,} are missing; it is said never to be missing"
        )
    told = column.drop_null()
    if pa.types.is_integer(told.type) or pa.types.is_floating(told.type):
        yield from _range(told, feature)
    if pa.types.is_string(told.type):
        yield from _cardinality(told, feature)
    if (
        not pa.types.is_list(told.type)
        and len(told) >= LEAST_FOR_CONSTANT
        and pc.count_distinct(told).as_py() == 1
    ):
        text = f"all {len(told):,} values are {told[0].as_py()}"
        yield Finding(feature.name, "cardinality", text, breach=False)


def _range(told: pa.ChunkedArray, feature: Feature) -> Iterator[Finding]:
    infinite = len(told) - (pc.sum(pc.is_finite(told)).as_py() or 0)
    if infinite:
        yield Finding(feature.name, "number", f"{infinite:,} values are no finite number")
    unit = feature.unit
    if unit.low is not None:
        yield from _beyond(pc.less(told, unit.low), pc.min(told), f"below {unit.low:g}", feature)
    if unit.high is not None:
        yield from _beyond(pc.greater(told, unit.high), pc.max(told), f"above {unit.high:g}", feature)


def _beyond(outside: pa.ChunkedArray, extreme: pa.Scalar, bound: str, feature: Feature) -> Iterator[Finding]:
    count = pc.sum(outside).as_py()
    if count:
        text = f"{count:,} values are {bound} ({feature.unit.name}), as {extreme.as_py():g}"
        yield Finding(feature.name, "range", text)


def _cardinality(told: pa.ChunkedArray, feature: Feature) -> Iterator[Finding]:
    distinct = pc.count_distinct(told).as_py()
    if distinct > max(MOST_TEXTS, ALL_DIFFERENT * len(told)):
        text = f"{distinct:,} different texts among {len(told):,} customers: no category, but somebody's own"
        yield Finding(feature.name, "cardinality", text)
