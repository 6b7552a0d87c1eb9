"""The plots of a training, as Altair charts and as PNG: of probabilities, of a report, of what is recommended."""

from collections.abc import Mapping

import altair
import numpy as np
import numpy.typing as npt
import pandas as pd
import vl_convert
from sklearn.metrics import precision_recall_curve

from training.metrics import ECE_BINS, Floats
from training.report import Report
from training.slices import EVERYBODY

WIDTH = 360
MOST_POINTS = 400
"""A curve is drawn through so many points at most."""
OURS, OTHERS, IDEAL = "#0b6e99", "#b8c4cc", "#888888"
FORECAST, FREQUENCY = "forecast", "observed"


def calibration_plot(labels: npt.ArrayLike, probabilities: Floats, what: str) -> altair.LayerChart:
    """Forecast against frequency in equal-count bins. labels, probabilities: (rows,). what: of what, in words."""
    outcome = np.asarray(labels, float)
    order = np.argsort(probabilities, kind="stable")
    bins = [part for part in np.array_split(order, ECE_BINS) if len(part)]
    frame = pd.DataFrame(
        {
            "forecast": [probabilities[part].mean() for part in bins],
            "frequency": [outcome[part].mean() for part in bins],
            "rows": [len(part) for part in bins],
        }
    )
    scale, percent = altair.Scale(domain=[0, 1]), altair.Axis(format="%")
    points = (
        altair.Chart(frame)
        .mark_line(point=True, color=OURS)
        .encode(
            x=altair.X("forecast", scale=scale, axis=percent, title=f"forecast probability of {what}"),
            y=altair.Y("frequency", scale=scale, axis=percent, title="observed frequency"),
        )
    )
    title = f"Calibration on {len(outcome):,} forecasts"
    return (points + _line((0, 1), (0, 1))).properties(title=title, width=WIDTH, height=WIDTH)


def lift_plot(labels: npt.ArrayLike, probabilities: Floats, what: str) -> altair.LayerChart:
    """Share of all cases found among the customers of highest risk: what writing to the first tenth is worth."""
    outcome = np.asarray(labels, float)
    found = np.cumsum(outcome[np.argsort(-probabilities, kind="stable")]) / max(outcome.sum(), 1)
    places = _thinned(len(found))
    frame = pd.DataFrame({"asked": (places + 1) / len(found), "found": found[places]})
    percent = altair.Axis(format="%")
    curve = (
        altair.Chart(frame)
        .mark_line(color=OURS)
        .encode(
            x=altair.X("asked", axis=percent, title="share of customers, highest probability first"),
            y=altair.Y("found", axis=percent, title=f"share of all with {what}"),
        )
    )
    tenth = found[max(round(len(found) / 10) - 1, 0)]
    title = f"The first tenth holds {tenth:.0%} of all with {what}"
    return (curve + _line((0, 1), (0, 1))).properties(title=title, width=WIDTH, height=240)


def precision_recall_plot(labels: npt.ArrayLike, probabilities: Floats, what: str) -> altair.LayerChart:
    """Precision at each recall, beside what picking at random gives."""
    outcome = np.asarray(labels, float)
    precision, recall, _ = precision_recall_curve(outcome, probabilities)
    places = _thinned(len(recall))
    frame = pd.DataFrame({"recall": recall[places], "precision": precision[places]})
    frame = frame.groupby("recall", as_index=False).max()
    scale, percent = altair.Scale(domain=[0, 1]), altair.Axis(format="%")
    curve = (
        altair.Chart(frame)
        .mark_line(color=OURS)
        .encode(
            x=altair.X("recall", scale=scale, axis=percent, title=f"recall: share of all with {what}"),
            y=altair.Y("precision", scale=scale, axis=percent, title="precision: share of those named"),
        )
    )
    rate = float(outcome.mean())
    title = f"Precision and recall; dashed: at random ({rate:.0%})"
    return (curve + _line((0, 1), (rate, rate))).properties(title=title, width=WIDTH, height=240)


def reliability_by_month_plot(
    moments: pd.Series, labels: npt.ArrayLike, probabilities: Floats
) -> altair.Chart:
    """Mean forecast and observed frequency of the forecasts made in each month. moments: (rows,), UTC."""
    frame = pd.DataFrame(
        {
            "month": pd.to_datetime(moments, utc=True).dt.strftime("%Y-%m").to_numpy(),
            FORECAST: probabilities,
            FREQUENCY: np.asarray(labels, float),
        }
    )
    means = frame.groupby("month", as_index=False).mean()
    long = means.melt("month", var_name="what", value_name="share")
    order = [FORECAST, FREQUENCY]
    return (
        altair.Chart(long)
        .mark_line(point=True)
        .encode(
            x=altair.X("month:O", title="month of the forecast"),
            y=altair.Y("share", axis=altair.Axis(format="%"), scale=altair.Scale(zero=False), title=None),
            color=altair.Color("what", title=None, scale=altair.Scale(domain=order, range=[OURS, "#d1495b"])),
        )
        .properties(width=WIDTH, height=200, title="Forecast and outcome by month")
    )


def importance_plot(gains: Mapping[str, float], top: int = 15) -> altair.Chart:
    """Draw the features that matter most. gains: by feature, in any unit."""
    frame = pd.Series(gains).nlargest(top).rename_axis("feature").reset_index(name="gain")
    return (
        altair.Chart(frame)
        .mark_bar(color=OURS)
        .encode(x=altair.X("gain", title="total gain"), y=altair.Y("feature", sort="-x", title=None))
        .properties(width=WIDTH, title="What the model looks at")
    )


def comparison_plot(report: Report) -> altair.LayerChart:
    """Draw the metric that decides, of the challenger and all its rivals, with 95 % intervals."""
    frame = pd.DataFrame(
        {
            "model": one.model,
            "value": one.value,
            "low": one.value if one.low is None else one.low,
            "high": one.value if one.high is None else one.high,
            "ours": one.model == report.model,
        }
        for one in report.figures
        if one.metric == report.judged_by and one.slice == EVERYBODY
    )
    base = altair.Chart(frame).encode(y=altair.Y("model", sort="-x", title=None))
    bars = base.mark_bar().encode(
        x=altair.X("value", title=report.judged_by),
        color=altair.condition("datum.ours", altair.value(OURS), altair.value(OTHERS)),
    )
    title = f"{report.judged_by} from {report.test_from:%Y-%m-%d} to {report.test_until:%Y-%m-%d}"
    return (bars + base.mark_rule(strokeWidth=2).encode(x="low", x2="high")).properties(
        width=WIDTH, title=title
    )


def slices_plot(report: Report) -> altair.FacetChart | None:
    """Draw the gain over the best simple rule and the champion in each slice; None where no slice was measured."""
    rivals = (report.baseline, report.champion)
    gains = [one for one in report.gains if one.metric == report.judged_by and one.rival in rivals]
    if not any(one.slice != EVERYBODY for one in gains):
        return None
    frame = pd.DataFrame(
        {
            "rival": f"gain over {one.rival}",
            "slice": f"{one.slice} ({one.customers:,})",
            "value": one.value,
            "low": one.low,
            "high": one.high,
        }
        for one in gains
    )
    base = altair.Chart(frame).encode(y=altair.Y("slice", sort=None, title=None))
    zero = altair.Chart(frame).mark_rule(strokeDash=[4, 4], color=IDEAL).encode(x=altair.datum(0))
    points = base.mark_point(filled=True, size=60, color=OURS).encode(
        x=altair.X("value", title=report.judged_by)
    )
    lines = base.mark_rule(color=OURS).encode(x="low", x2="high")
    layers = (zero + lines + points).properties(width=WIDTH)
    return layers.facet(row=altair.Row("rival", title=None)).resolve_scale(y="independent")


def coverage_plot(first: Mapping[str, int], booked: Mapping[str, int], top: int = 25) -> altair.Chart:
    """How often each family is suggested first, beside how often it was booked. Counts by family."""
    sums = {"suggested first": max(sum(first.values()), 1), "booked": max(sum(booked.values()), 1)}
    families = sorted(booked, key=lambda family: -booked[family])[:top]
    frame = pd.DataFrame(
        {"family": family, "what": what, "share": counts.get(family, 0) / sums[what]}
        for what, counts in (("suggested first", first), ("booked", booked))
        for family in families
    )
    named = sum(count > 0 for count in first.values())
    return (
        altair.Chart(frame)
        .mark_bar()
        .encode(
            x=altair.X("share", axis=altair.Axis(format="%"), title=None),
            y=altair.Y("family", sort=families, title=None),
            yOffset=altair.YOffset("what", sort=["suggested first", "booked"]),
            color=altair.Color(
                "what", title=None, scale=altair.Scale(domain=list(sums), range=[OURS, OTHERS])
            ),
        )
        .properties(width=WIDTH, title=f"{named} of {len(booked)} families are somebody's first suggestion")
    )


def png(chart: altair.TopLevelMixin) -> bytes:
    """Draw a chart as PNG, without a browser."""
    return vl_convert.vegalite_to_png(chart.to_json(), scale=2)


def _line(x: tuple[float, float], y: tuple[float, float]) -> altair.Chart:
    """Draw a dashed line that names no axes: the curve it goes with does."""
    return (
        altair.Chart(pd.DataFrame({"x": x, "y": y}))
        .mark_line(strokeDash=[4, 4], color=IDEAL)
        .encode(x="x", y="y")
    )


def _thinned(count: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(np.int64))
