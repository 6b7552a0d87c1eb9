"""A page per feature group and an index, in Markdown, with a drawing per feature beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.expr import operations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from activity_log.facts.tables import FACT_TABLES
from feature_repo.definitions import Feature, FeatureGroup
from feature_repo.expressions.clocks import Facts
from feature_repo.recomputing import AS_OF
from feature_repo.sources import IDENTITIES
from feature_repo.watching.plots import drawing
from feature_repo.watching.summary import summarise

TEMPLATES = Path(__file__).parent / "templates"
INDEX = "README.md"

UsedBy = Mapping[str, Sequence[str]]
"""The features' names by FeatureService."""


def pages(groups: Sequence[FeatureGroup], services: UsedBy) -> dict[str, str]:
    """Return the texts by file name: the index, and a page per group."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False,  # noqa: S701 (Markdown)
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["cell"] = lambda text: text.replace("|", "\\|")
    index = environment.get_template("index.md.j2").render(groups=groups, services=services)
    page = environment.get_template("group.md.j2")
    told = {
        f"{group.name}.md": page.render(
            group=group,
            sources=source_tables(group),
            settled={one.name for one in group.settled},
            used_by={one.name: _used_by(one, services) for one in group.features},
            valid=valid_range,
        )
        for group in groups
    }
    return {INDEX: index, **told}


def drawings(
    groups: Sequence[FeatureGroup], rows_of: Callable[[FeatureGroup], pa.Table], moment: datetime
) -> dict[str, str]:
    """Return an SVG per feature by file name, of the rows at a moment; empty of values: a feature nobody has."""
    drawn: dict[str, str] = {}
    for group in groups:
        rows = rows_of(group)
        for feature in group.features:
            summary = summarise(feature.name, rows[feature.name], moment)
            share = summary.told / max(summary.rows, 1)
            drawn[f"plots/{feature.name}.svg"] = drawing(summary, title=f"{share:.0%} have a value")
    return drawn


def source_tables(group: FeatureGroup) -> tuple[str, ...]:
    """Return the fact tables that the group's expression reads, and `identities`, who counts as whom."""
    schemas = {field.name: FACT_TABLES.get(field.name, IDENTITIES) for field in fields(Facts)}
    facts = Facts(**{name: _unbound(name, schema) for name, schema in schemas.items()})
    expression = group.expression(facts, _unbound("as_of", AS_OF))
    read = {table.name for table in expression.op().find(operations.UnboundTable)}
    return tuple(sorted(read - {"as_of"}))


def valid_range(feature: Feature) -> str:
    """Return between which bounds the values make sense; empty if there are none."""
    low, high = feature.unit.low, feature.unit.high
    if feature.dtype not in ("int64", "float64") or (low is None and high is None):
        return ""
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    return f"{low:g} or more" if low is not None else f"{high:g} or less"


def _unbound(name: str, schema: pa.Schema) -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


def _used_by(feature: Feature, services: UsedBy) -> list[str]:
    return [service for service, names in services.items() if feature.name in names]
