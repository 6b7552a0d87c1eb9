"""Clusters drawn: what sets each apart, and how their number was chosen."""

from collections.abc import Sequence
from typing import NamedTuple

import altair
import numpy as np
import pandas as pd

from models.clusters import CustomerClusters


class Tried(NamedTuple):
    """What one k achieved on the customers learned from. stability: -1 to 1, silhouette: -1 to 1."""

    k: int
    stability: float
    silhouette: float


def profile_chart(clusters: CustomerClusters) -> altair.LayerChart:
    """Each cluster's features beside the mean of all customers, in scaled units."""
    shares = np.array([one.share for one in clusters.clusters])
    centres = np.array([one.centre for one in clusters.clusters])
    apart = centres - shares @ centres / shares.sum()
    frame = pd.DataFrame(
        {"cluster": f"{one.name_en} ({one.share:.0%})", "feature": feature.replace("_", " "), "apart": value}
        for one, row in zip(clusters.clusters, apart, strict=True)
        for feature, value in zip(clusters.features, row, strict=True)
    )
    base = altair.Chart(frame).encode(
        x=altair.X("cluster:N", sort=None, title=None, axis=altair.Axis(labelAngle=-20, labelLimit=260)),
        y=altair.Y("feature:N", sort=None, title=None),
    )
    scale = altair.Scale(scheme="blueorange", domain=[-2.5, 2.5], clamp=True)
    cells = base.mark_rect().encode(color=altair.Color("apart:Q", scale=scale, title="beside the mean"))
    dark = altair.expr.abs(altair.datum.apart) > 1.8
    words = base.mark_text(fontSize=10).encode(
        text=altair.Text("apart:Q", format="+.1f"),
        color=altair.condition(dark, altair.value("white"), altair.value("black")),
    )
    title = "What sets each cluster apart (scaled units from the mean of all who booked)"
    return (cells + words).properties(width=110 * len(clusters.clusters), height=260, title=title)


def choice_chart(tried: Sequence[Tried], chosen: int) -> altair.LayerChart:
    """Stability and silhouette of each number of clusters, the chosen one marked."""
    frame = pd.DataFrame(
        {"k": one.k, "figure": name, "value": value}
        for one in tried
        for name, value in (("found again (Rand index)", one.stability), ("silhouette", one.silhouette))
    )
    lines = (
        altair.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=altair.X("k:O", title="number of clusters", axis=altair.Axis(labelAngle=0)),
            y=altair.Y("value:Q", title=None),
            color=altair.Color("figure:N", title=None),
        )
    )
    mark = (
        altair.Chart(pd.DataFrame({"k": [chosen]})).mark_rule(strokeDash=[4, 4], color="#888").encode(x="k:O")
    )
    return (lines + mark).properties(width=320, height=220, title=f"{chosen} clusters")
