"""A monitoring report as one HTML page. It needs nothing from elsewhere, and runs no script."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.monitoring import plots
from training.monitoring.decay import Promise
from training.monitoring.monitor import Monitoring, TaskReport
from training.monitoring.shown import BOOKED, CLICKS
from training.off_policy.attribution import ATTRIBUTION_WINDOW
from training.report import Figure
from training.slices import EVERYBODY

TEMPLATES = Path(__file__).parent / "templates"
DRAWN = ("auc", "gap", "ece", "bookings_gap", "spend_gap", "inside_range")


class Row(NamedTuple):
    """The figures of a version in a month."""

    version: str
    month: str
    customers: int
    metrics: Mapping[str, Figure | None]


def html(found: Monitoring) -> str:
    """Return the page: alarms first, then each task's figures by month, then the suggestions."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("monitoring.html.j2").render(
        found=found,
        judged=any(report.count("judged") for report in found.tasks),
        drawings={report.task: drawings(report) for report in found.tasks},
        shown=[plots.svg(plots.by_month(found.suggestions, metric)) for metric in (CLICKS, BOOKED)],
        table=rows_of,
        wrong={
            report.task: {(one.version, one.month, one.metric) for one in report.alarms}
            for report in found.tasks
        },
        next_due=_next_due,
        everybody=EVERYBODY,
        window_days=ATTRIBUTION_WINDOW.days,
    )


def drawings(report: TaskReport) -> list[str]:
    """Return the task's drawings as SVG; empty texts for what cannot be drawn."""
    charts = [plots.by_month(report.figures, metric, promised(report, metric)) for metric in DRAWN]
    curve = plots.reliability(report.rows) if report.task == "churn" else None
    return [plots.svg(chart) for chart in (*charts, curve, plots.score_densities(report))]


def rows_of(report: TaskReport) -> list[Row]:
    """Return the figures as a table, a version's months below the whole of it."""
    metrics = list(dict.fromkeys(one.metric for one in report.figures))
    places = dict.fromkeys((one.model, one.slice) for one in report.figures)
    by_name = {(one.model, one.slice, one.metric): one for one in report.figures}
    return [
        Row(version, month, customers, {name: by_name.get((version, month, name)) for name in metrics})
        for version, month in places
        for customers in [
            max(one.customers for one in report.figures if (one.model, one.slice) == (version, month))
        ]
    ]


def _next_due(report: TaskReport) -> datetime:
    return min(one.due for one in report.kept if one.state == "pending")


def promised(report: TaskReport, metric: str) -> dict[str, Promise]:
    """Return what was promised of a metric, by version."""
    return {version: told[metric] for version, told in report.promises.items() if metric in told}
