"""The plots logged with a training run, as Altair charts and as PNG."""

import altair
import numpy as np
import pandas as pd
import vl_convert

from training.churn import TrainedChurn
from training.metrics import ECE_BINS


def calibration_plot(trained: TrainedChurn) -> altair.LayerChart:
    """Forecast against frequency in equal-count bins of the held-out customers."""
    measured = trained.measured
    order = np.argsort(measured.probabilities, kind="stable")
    bins = [part for part in np.array_split(order, ECE_BINS) if len(part)]
    frame = pd.DataFrame(
        {
            "forecast": [measured.probabilities[part].mean() for part in bins],
            "frequency": [measured.labels[part].mean() for part in bins],
            "customers": [len(part) for part in bins],
        }
    )
    scale = altair.Scale(domain=[0, 1])
    diagonal = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
    ideal = altair.Chart(diagonal).mark_line(strokeDash=[4, 4], color="#888").encode(x="x", y="y")
    points = (
        altair.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=altair.X("forecast", scale=scale, title="forecast probability of no booking"),
            y=altair.Y("frequency", scale=scale, title="observed frequency"),
        )
    )
    title = f"Calibration on {measured.customers} customers as of {measured.moment:%Y-%m-%d}"
    return (ideal + points).properties(title=title, width=360, height=360)


def comparison_plot(trained: TrainedChurn) -> altair.Chart:
    """AUC and Brier score of the model beside its baselines."""
    measured = trained.measured
    rows = [
        {"model": name, "metric": metric, "value": figures[metric]}
        for name, figures in {"lightgbm": measured.metrics, **measured.baselines}.items()
        for metric in ("auc", "brier")
    ]
    return (
        altair.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=altair.X("value", title=None),
            y=altair.Y("model", sort="-x", title=None),
            color=altair.Color("model", legend=None),
            row=altair.Row("metric", title=None),
        )
        .properties(width=360)
    )


def importance_plot(trained: TrainedChurn, top: int = 15) -> altair.Chart:
    """Total gain of the features that matter most."""
    booster = trained.scorer.booster
    gain = pd.Series(booster.feature_importance("gain"), index=trained.scorer.features)
    frame = gain.nlargest(top).rename_axis("feature").reset_index(name="gain")
    return (
        altair.Chart(frame)
        .mark_bar()
        .encode(x=altair.X("gain", title="total gain"), y=altair.Y("feature", sort="-x", title=None))
        .properties(width=360, title="What the churn model looks at")
    )


def png(chart: altair.TopLevelMixin) -> bytes:
    """Draw a chart as PNG, without a browser."""
    return vl_convert.vegalite_to_png(chart.to_json(), scale=2)
