"""The values of a feature drawn: as they are now and, in outline, as they were."""

from typing import Any

import numpy as np
import pandas as pd

from feature_repo.watching.summary import Summary

BINS = 20
BARS = 8
"""So many values of a text are drawn."""

TAIL = 0.01
"""Share of the values, on either side, that may lie beyond the drawing."""

NOW_COLOUR, THEN_COLOUR, INK = "#4c78a8", "#e4572e", "#7f7f7f"
"""Of values now, of values then, of axes: to be read on white and on black."""


def histogram(summary: Summary, edges: np.ndarray) -> np.ndarray:
    """Return the share of the values told in each bin, a bin's lower edge included; the last bin has both."""
    cumulated = summary.at_most(np.nextafter(edges, -np.inf)) * summary.others
    cumulated[-1] = summary.at_most(edges[-1:])[0] * summary.others
    counts = np.diff(cumulated)
    counts[np.clip(np.searchsorted(edges, 0, side="right") - 1, 0, len(counts) - 1)] += summary.zeros
    return counts / max(summary.told, 1)


def bin_edges(*summaries: Summary) -> np.ndarray:
    """Return the edges of BINS bins, or of one per number where there are few whole ones, around all summaries."""
    ends = [_ends(one) for one in summaries if one.told]
    low, high = min((low for low, _ in ends), default=0.0), max((high for _, high in ends), default=1.0)
    whole = all((one.values == np.round(one.values)).all() for one in summaries)
    if whole and high - low < BINS:
        return np.arange(low - 0.5, high + 1.5)
    return np.linspace(low, high if high > low else low + 1, BINS + 1)


def _ends(summary: Summary) -> tuple[float, float]:
    below = np.concatenate([[0.0], summary.shares[:-1]])
    inside = summary.values[(summary.shares > TAIL) & (below < 1 - TAIL)]
    zero = [0.0] if summary.zeros else []
    ends = [*inside[[0, -1]], *zero] if len(inside) else [0.0]
    return float(min(ends)), float(max(ends))


def drawing(now: Summary, then: Summary | None = None, title: str = "") -> str:
    """Draw a feature as SVG, of the values told; empty if there is none."""
    if not now.told and not (then and then.told):
        return ""
    import altair
    import vl_convert

    of_texts = now.is_text or (then and then.is_text)
    chart = _texts(altair, now, then) if of_texts else _numbers(altair, now, then)
    axis = {"grid": False, "domainColor": INK, "tickColor": INK, "labelColor": INK, "labelFontSize": 10}
    about = {"color": INK, "fontSize": 11, "fontWeight": "normal"}
    styled = chart.configure(background="transparent", title=about, axis=axis, view={"stroke": None})
    styled = styled.properties(title=title) if title else styled
    return str(vl_convert.vegalite_to_svg(styled.to_dict()))


def _numbers(altair: Any, now: Summary, then: Summary | None) -> Any:
    edges = bin_edges(*[one for one in (now, then) if one])
    few_whole_ones = edges[0] % 1 == 0.5
    ticks = {"values": list(edges[:-1] + 0.5), "format": "d"} if few_whole_ones else {"tickCount": 6}

    def bars(summary: Summary, **mark: Any) -> Any:
        frame = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "share": histogram(summary, edges)})
        return (
            altair.Chart(frame)
            .mark_rect(**mark)
            .encode(
                x=altair.X("low:Q", title=None, scale=altair.Scale(nice=False), axis=altair.Axis(**ticks)),
                x2="high:Q",
                y=altair.Y("share:Q", title=None, axis=altair.Axis(format="%", tickCount=3)),
                y2=altair.datum(0),
            )
        )

    layers = [bars(now, color=NOW_COLOUR)]
    if then and then.told:
        layers.append(bars(then, filled=False, stroke=THEN_COLOUR, strokeWidth=1.5))
    return altair.layer(*layers).properties(width=300, height=90)


def _texts(altair: Any, now: Summary, then: Summary | None) -> Any:
    names = [name for name, _ in (*now.categories, *(then.categories if then else ()))]
    names = list(dict.fromkeys(names))[:BARS]

    def bars(summary: Summary, **mark: Any) -> Any:
        shares = [dict(summary.categories).get(name, 0) / max(summary.told, 1) for name in names]
        frame = pd.DataFrame({"text": names, "share": shares})
        return (
            altair.Chart(frame)
            .mark_bar(**mark)
            .encode(
                x=altair.X("share:Q", title=None, axis=altair.Axis(format="%", tickCount=4)),
                y=altair.Y("text:N", title=None, sort=names),
            )
        )

    layers = [bars(now, color=NOW_COLOUR)]
    if then and then.told:
        layers.append(bars(then, filled=False, stroke=THEN_COLOUR, strokeWidth=1.5))
    return altair.layer(*layers).properties(width=240, height={"step": 16})
