"""Segments drawn: their sizes over time, and where they overlap."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import altair
import pandas as pd

from activity_log.errors import WrongUseError
from activity_log.segments.reading import Overlap, Sized
from feature_repo.segments.labels import Language

_MOST_LABEL = 220
_WHOLE = "floor(datum.value) == datum.value ? datum.label : ''"
_SAID: Mapping[str, Mapping[str, str]] = {
    "de": {
        "members": "Mitglieder",
        "sizes": "Mitglieder der Segmente",
        "overlaps": "Wie sich Segmente überschneiden",
        "read": "Jede Zeile: so viele ihrer Mitglieder gehören auch zum Segment der Spalte",
    },
    "en": {
        "members": "members",
        "sizes": "Members of each segment",
        "overlaps": "How segments overlap",
        "read": "Each row: so many of its members are in the segment of the column too",
    },
}


def size_chart(sizes: Sequence[Sized], names: Mapping[str, str], language: Language) -> altair.FacetChart:
    """Draw the size of each segment as of each refresh, a small drawing each with a scale of its own."""
    frame = pd.DataFrame(
        {
            "segment": names.get(one.segment_id, one.segment_id),
            "as_of": pd.Timestamp(one.as_of).tz_localize(None),
            "size": one.size,
        }
        for one in sizes
    )
    base = altair.Chart(frame).encode(
        x=altair.X("as_of:T", title=None, axis=altair.Axis(format="%m/%y", tickCount=5, labelAngle=0)),
        y=altair.Y(
            "size:Q", title=_SAID[language]["members"], axis=altair.Axis(format="d", labelExpr=_WHOLE)
        ),
        tooltip=["segment", "as_of", "size"],
    )
    line = base.mark_line(interpolate="step-after", color="#4c78a8") + base.mark_point(
        filled=True, size=30, color="#4c78a8"
    )
    return (
        line.properties(width=260, height=110)
        .facet(facet=altair.Facet("segment:N", title=None), columns=3)
        .resolve_scale(y="independent")
        .properties(title=_SAID[language]["sizes"])
    )


def overlap_chart(
    sizes: Mapping[str, int], overlaps: Sequence[Overlap], names: Mapping[str, str], language: Language
) -> altair.LayerChart:
    """Draw which share of each segment (row) is in each other (column)."""
    named = {one: f"{names.get(one, one)} ({size:,})" for one, size in sizes.items() if size}
    both = {(pair.one, pair.other): pair.both for pair in overlaps}
    both |= {(pair.other, pair.one): pair.both for pair in overlaps}
    frame = pd.DataFrame(
        {
            "segment": named[one],
            "other": named[other],
            "customers": both.get((one, other), 0),
            "share": both.get((one, other), 0) / sizes[one],
        }
        for one in named
        for other in named
        if one != other
    )
    order = [named[one] for one in sorted(named, key=lambda one: (-sizes[one], one))]
    base = altair.Chart(frame).encode(
        x=altair.X(
            "other:N",
            sort=order,
            title=None,
            axis=altair.Axis(labelAngle=-40, labelLimit=_MOST_LABEL),
        ),
        y=altair.Y("segment:N", sort=order, title=None, axis=altair.Axis(labelLimit=_MOST_LABEL)),
        tooltip=["segment", "other", "customers", altair.Tooltip("share:Q", format=".0%")],
    )
    scale = altair.Scale(range=["#ffffff", "#2171b5"], interpolate="rgb", domain=[0, 1])
    cells = base.mark_rect().encode(color=altair.Color("share:Q", scale=scale, legend=None))
    dark = altair.datum.share > 0.6
    shared = base.transform_filter(altair.datum.customers > 0)
    words = shared.mark_text(fontSize=10).encode(
        text=altair.Text("share:Q", format=".0%"),
        color=altair.condition(dark, altair.value("white"), altair.value("#333")),
    )
    title = altair.TitleParams(_SAID[language]["overlaps"], subtitle=_SAID[language]["read"], anchor="start")
    return (cells + words).properties(width=46 * len(order), height=26 * len(order), title=title)


def write_chart(chart: altair.TopLevelMixin, path: Path) -> None:
    """Write a chart as .png, .svg or .html, by the name of the file; a page loads no script from elsewhere."""
    import vl_convert

    told = chart.to_json()
    match path.suffix:
        case ".png":
            path.write_bytes(vl_convert.vegalite_to_png(told, scale=2))
        case ".svg":
            path.write_text(vl_convert.vegalite_to_svg(told))
        case ".html":
            path.write_text(vl_convert.vegalite_to_html(told, bundle=True))
        case _:
            raise WrongUseError(f"{path}: name a file that ends in .png, .svg or .html")
