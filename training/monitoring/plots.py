"""The drawings of a monitoring report: figures by month, reliability, and where the scores lie."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import altair
import numpy as np
import pandas as pd
import vl_convert

from training.metrics import ECE_BINS, Floats
from training.monitoring.decay import LIMITS, Promise
from training.monitoring.monitor import TaskReport
from training.report import Figure
from training.slices import EVERYBODY

INK, PROMISED, LIMIT = "#7f7f7f", "#54a24b", "#e4572e"
"""Of axes, of what was promised, of what may not be exceeded: to be read on white and on black."""

COLOURS = ["#4c78a8", "#f58518", "#b279a2", "#72b7b2", "#9d755d"]
NAMES = {
    "auc": "AUC",
    "brier": "Brier score",
    "ece": "ECE (expected calibration error)",
    "gap": "gap: stayed away, less predicted",
    "bookings_gap": "bookings gap: came, less expected (share)",
    "spend_gap": "spend gap: came, less expected (share)",
    "mae_bookings": "mean absolute error, bookings",
    "inside_range": "inside the 80 % range",
    "clicked_lists": "lists with a click",
    "booked_lists": "lists with a booking",
}


def by_month(
    figures: Sequence[Figure], metric: str, promises: Mapping[str, Promise] | None = None
) -> altair.LayerChart | None:
    """Draw one metric month by month with its interval, a colour per version; None where nothing was measured.

    promises: by version, drawn as a dashed line over its months.
    """
    frame = _frame(figures, metric)
    if frame.empty:
        return None
    x = altair.X("month:O", title=None, axis=altair.Axis(labelAngle=-40))
    scale = altair.Scale(zero=metric in (*LIMITS, "ece", "clicked_lists", "booked_lists"), nice=True)
    colour = altair.Color(
        "version:N", scale=altair.Scale(range=COLOURS), legend=altair.Legend(title="version")
    )
    base = altair.Chart(frame).encode(x=x, color=colour)
    y = altair.Y("value:Q", title=None, scale=scale)
    layers = [
        base.mark_rule(strokeWidth=2, opacity=0.5)
        .encode(y=y, y2="high:Q")
        .transform_calculate(value="datum.low"),
        base.mark_line().encode(y=y),
        base.mark_point(filled=True, size=55).encode(y=y),
        *_limits(metric),
        *_promised(frame, promises or {}),
    ]
    return altair.layer(*layers).properties(width=430, height=190, title=NAMES.get(metric, metric))


def reliability(rows: pd.DataFrame) -> altair.LayerChart | None:
    """Draw how often customers stayed away against how likely that was said to be, in equal-count bins."""
    if rows.empty:
        return None
    frames = [_bins(str(version), of_version) for version, of_version in rows.groupby("version")]
    scale = altair.Scale(domain=[0, 1])
    colour = altair.Color(
        "version:N", scale=altair.Scale(range=COLOURS), legend=altair.Legend(title="version")
    )
    ideal = altair.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]})).mark_line(strokeDash=[4, 4], color=INK)
    points = altair.Chart(pd.concat(frames)).mark_line(point=True)
    return altair.layer(
        ideal.encode(x="x:Q", y="y:Q"),
        points.encode(
            x=altair.X("predicted:Q", scale=scale, title="predicted"),
            y=altair.Y("observed:Q", scale=scale, title="observed"),
            color=colour,
        ),
    ).properties(width=250, height=190, title="Reliability, all months")


def score_densities(report: TaskReport) -> altair.Chart | None:
    """Draw where the scores of each scoring lie: median, and the middle 50 and 90 %."""
    rows = [
        _quantiles(version, as_of, scores)
        for (version, as_of), scores in report.scores.items()
        if len(scores)
    ]
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    x = altair.X("moment:O", title=None, axis=altair.Axis(labelAngle=-40))
    colour = altair.Color(
        "version:N", scale=altair.Scale(range=COLOURS), legend=altair.Legend(title="version")
    )
    base = altair.Chart(frame).encode(x=x, color=colour)
    layers = [
        base.mark_rule(strokeWidth=1.5).encode(y=altair.Y("p5:Q", title=None), y2="p95:Q"),
        base.mark_bar(size=9, opacity=0.55).encode(y="p25:Q", y2="p75:Q"),
        base.mark_tick(thickness=2, size=13).encode(y="p50:Q"),
    ]
    title = "The scores as they were made: median, middle 50 and 90 %"
    return altair.layer(*layers).properties(width=430, height=190, title=title)


def svg(chart: altair.TopLevelMixin | None) -> str:
    """Draw a chart on a transparent ground; empty for None."""
    if chart is None:
        return ""
    axis = {"grid": False, "domainColor": INK, "tickColor": INK, "labelColor": INK, "titleColor": INK}
    legend = {"labelColor": INK, "titleColor": INK}
    title = {"color": INK, "fontSize": 12, "fontWeight": "normal", "anchor": "start"}
    styled = chart.configure(
        background="transparent", title=title, axis=axis, legend=legend, view={"stroke": None}
    )
    return str(vl_convert.vegalite_to_svg(styled.to_dict()))


def _frame(figures: Sequence[Figure], metric: str) -> pd.DataFrame:
    rows = [
        {
            "month": one.slice,
            "version": one.model,
            "value": one.value,
            "low": one.value if one.low is None else one.low,
            "high": one.value if one.high is None else one.high,
        }
        for one in figures
        if one.metric == metric and one.slice != EVERYBODY
    ]
    return pd.DataFrame(rows, columns=["month", "version", "value", "low", "high"])


def _limits(metric: str) -> list[altair.Chart]:
    if metric not in LIMITS:
        return []
    ends = pd.DataFrame({"y": [-LIMITS[metric], LIMITS[metric]]})
    return [altair.Chart(ends).mark_rule(color=LIMIT, strokeDash=[2, 3]).encode(y="y:Q")]


def _promised(frame: pd.DataFrame, promises: Mapping[str, Promise]) -> list[altair.Chart]:
    rows = frame[frame["version"].isin(promises)]
    if rows.empty:
        return []
    drawn = rows.assign(value=[promises[version].value for version in rows["version"]])
    line = altair.Chart(drawn).mark_line(color=PROMISED, strokeDash=[6, 4])
    return [line.encode(x="month:O", y="value:Q", detail="version:N")]


def _bins(version: str, rows: pd.DataFrame) -> pd.DataFrame:
    ordered = rows.sort_values("churn_probability")
    parts = [part for part in np.array_split(np.arange(len(ordered)), ECE_BINS) if len(part)]
    return pd.DataFrame(
        {
            "version": version,
            "predicted": [ordered["churn_probability"].iloc[part].mean() for part in parts],
            "observed": [ordered["churned"].iloc[part].mean() for part in parts],
        }
    )


def _quantiles(version: str, as_of: datetime, scores: Floats) -> dict[str, object]:
    shares = dict(
        zip(
            ("p5", "p25", "p50", "p75", "p95"),
            np.quantile(scores, [0.05, 0.25, 0.5, 0.75, 0.95]),
            strict=True,
        )
    )
    return {"version": version, "moment": f"{as_of:%Y-%m-%d}", **shares}
