"""A check as one HTML page with a drawing per feature. It needs nothing from elsewhere, and runs no script."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from feature_repo.watching.checking import Check, Watched
from feature_repo.watching.plots import INK, NOW_COLOUR, THEN_COLOUR, drawing

TEMPLATES = Path(__file__).parent / "templates"

_WORDS = {"missing": "missing", "zero": "zero", "values": "values", "constant": "all alike"}


def html(found: Check) -> str:
    """Return the page: breaches first, then each group's features, those that moved furthest first."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["share"] = _share
    return environment.get_template("check.html.j2").render(
        check=found,
        groups={
            group: _furthest_first(found, group)
            for group in dict.fromkeys(one.group for one in found.features)
        },
        drawn=_drawn,
        furthest=_furthest,
        words=_WORDS,
        colours={"now": NOW_COLOUR, "then": THEN_COLOUR, "ink": INK},
    )


def _furthest_first(found: Check, group: str) -> list[Watched]:
    features = [one for one in found.features if one.group == group]
    return sorted(features, key=lambda one: (not one.breached, -_furthest(one), one.feature.name))


def _furthest(one: Watched) -> float:
    """Return the greatest distance of a feature as a share of what it may move."""
    return max((drift.distance / drift.limit for drift in one.drifts), default=0.0)


def _drawn(one: Watched) -> str:
    return drawing(one.now, one.then)


def _share(value: float) -> str:
    return f"{100 * value:.{0 if value >= 0.1 or not value else 1}f} %"
