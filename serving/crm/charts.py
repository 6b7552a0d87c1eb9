"""The plots of a customer's page: bookings over the seasons and spend, as SVG in the colours of the page.

Colours are names of the stylesheet's variables, so one drawing serves day, night and paper. The drawing library takes
half a second to load and is loaded with the first plot.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from serving.crm.seasons import SEASONS, SeasonNames, TravelYears
from serving.languages import Language

if TYPE_CHECKING:
    import altair

KEPT_DRAWINGS = 256
WIDTH, HEIGHT = 330, 170
WIDEST_BAR = 36.0
MOST_TICKS = 5
_LOCALES: Mapping[Language, Literal["de-DE", "en-GB"]] = {"de": "de-DE", "en": "en-GB"}


@lru_cache(maxsize=KEPT_DRAWINGS)
def bookings_drawing(years: TravelYears, names: SeasonNames, language: Language) -> str:
    """Draw the bookings of each year of travel, stacked by season."""
    import altair

    rows = [
        {"year": str(one.year), "season": name, "place": place, "bookings": count}
        for one in years.years
        for place, (name, count) in enumerate(zip(names, one.bookings, strict=True))
    ]
    chart = (
        altair.Chart(altair.InlineData(rows))
        .mark_bar(stroke="var(--card)", strokeWidth=1.5, size=_bar_width(years))
        .encode(
            x=_years_axis(),
            y=altair.Y("bookings:Q", title=None, axis=altair.Axis(format="d", values=_whole_ticks(years))),
            order=altair.Order("place:Q"),
            color=altair.Color(
                "season:N",
                scale=altair.Scale(domain=list(names), range=[f"var(--{season})" for season in SEASONS]),
                legend=altair.Legend(orient="top", title=None, symbolStrokeWidth=0),
            ),
        )
    )
    return _drawn(chart, language)


@lru_cache(maxsize=KEPT_DRAWINGS)
def spend_drawing(years: TravelYears, language: Language) -> str:
    """Draw the spend of each year of travel."""
    import altair

    rows = [{"year": str(one.year), "spend": float(one.spend)} for one in years.years]
    chart = (
        altair.Chart(altair.InlineData(rows))
        .mark_bar(color="var(--brand)", size=_bar_width(years))
        .encode(
            x=_years_axis(), y=altair.Y("spend:Q", title=None, axis=altair.Axis(format=",.0f", tickCount=5))
        )
    )
    return _drawn(chart, language)


def _years_axis() -> "altair.X":
    import altair

    return altair.X("year:O", title=None, axis=altair.Axis(labelAngle=0, labelOverlap=True))


def _bar_width(years: TravelYears) -> float:
    return min(WIDEST_BAR, 0.8 * WIDTH / len(years.years))


def _whole_ticks(years: TravelYears) -> list[int]:
    """Return at most MOST_TICKS steps from 0 to the most bookings of a year: there are no half bookings."""
    most = max(sum(one.bookings) for one in years.years)
    return list(range(0, most + 1, max(1, ceil(most / MOST_TICKS))))


def _drawn(chart: "altair.Chart", language: Language) -> str:
    import vl_convert

    styled = (
        chart.properties(width=WIDTH, height=HEIGHT, background="transparent")
        .configure(aria=False, font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(**_axis_style())
        .configure_axisX(grid=False)
        .configure_legend(labelColor="var(--ink)", labelFontSize=13)
    )
    return vl_convert.vegalite_to_svg(styled.to_dict(), format_locale=_LOCALES[language])


def _axis_style() -> dict[str, Any]:
    line = dict.fromkeys(("gridColor", "domainColor", "tickColor"), "var(--line)")
    return {**line, "labelColor": "var(--ink)", "labelFontSize": 13, "labelPadding": 5}
