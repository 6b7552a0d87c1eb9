"""The recommender's figures, drawn."""

import altair
import pandas as pd

from training.recommender.reporting import models_of
from training.recommender.train import TrainedRecommender


def recall_plot(trained: TrainedRecommender) -> altair.FacetChart:
    """Recall of each rung and baseline on the test window, with 95 % intervals over customers."""
    frame = pd.DataFrame(
        {
            "model": f.model,
            "metric": f.metric,
            "value": f.value,
            "low": f.low,
            "high": f.high,
        }
        for f in models_of(trained.figures)
        if f.metric.startswith("recall@")
    )
    base = altair.Chart(frame).encode(y=altair.Y("model", sort=None, title=None))
    bars = base.mark_bar().encode(
        x=altair.X("value", title="share of the families booked that were among the first k"),
        color=altair.Color("model", legend=None),
    )
    intervals = base.mark_rule(strokeWidth=2).encode(x="low", x2="high")
    title = f"Recall on {trained.judged} customers, {trained.recommender.live} is live"
    return (
        (bars + intervals)
        .properties(width=360)
        .facet(row=altair.Row("metric", title=None))
        .properties(title=title)
    )
