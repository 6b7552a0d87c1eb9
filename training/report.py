"""What was measured of a challenger on customers it had not seen: what the gate reads and people compare.

A trainer returns a `Report` beside its artefact. It is kept with the run as report.json; `metrics` flattens it for
MLflow.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from models.card import Task
from training.slices import EVERYBODY

REPORT_FILE = "report.json"


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Kept):
    """One metric of one model on the held-out customers of a slice. low, high: its 95 % interval, null if none."""

    model: str
    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    customers: int
    slice: str = EVERYBODY


class Gain(_Kept):
    """How much better the challenger is than a rival on the same customers: positive is better in every metric.

    low, high: the 95 % interval of the paired bootstrap over customers.
    """

    rival: str
    metric: str
    value: float
    low: float
    high: float
    customers: int
    slice: str = EVERYBODY


class Limit(_Kept):
    """What a figure of the challenger may not exceed, whoever else is in the race: calibration above all."""

    metric: str
    value: float
    at_most: float
    slice: str = EVERYBODY

    @property
    def holds(self) -> bool:
        """Whether the challenger keeps it."""
        return self.value <= self.at_most


class Report(_Kept):
    """All that was measured of a challenger.

    model: what the challenger is called among the figures. judged_by: the metric that decides. test_from, test_until:
    the held-out time (exclusive end). baseline: the best of the simple rivals, chosen without the test. champion:
    what the live model is called among the rivals, null where there was none to compare with. gains: over `baseline`
    and `champion` in `judged_by`, for everybody and per slice.
    """

    task: Task
    model: str
    judged_by: str
    test_from: datetime
    test_until: datetime
    baseline: str | None
    champion: str | None = None
    figures: tuple[Figure, ...]
    gains: tuple[Gain, ...]
    limits: tuple[Limit, ...] = ()

    def figure(self, model: str, metric: str, of: str = EVERYBODY) -> Figure | None:
        """Return one figure, None if it was not measured."""
        return next(
            (one for one in self.figures if (one.model, one.metric, one.slice) == (model, metric, of)), None
        )

    def gain(self, rival: str, of: str = EVERYBODY) -> Gain | None:
        """Return the gain over a rival in the metric that decides, None if it was not measured."""
        found = (one for one in self.gains if (one.rival, one.metric) == (rival, self.judged_by))
        return next((one for one in found if one.slice == of), None)

    def metrics(self) -> dict[str, float]:
        """Return all figures under MLflow names: "auc", "auc.low", "rfm_logistic.auc", "auc/season:spring"."""
        named: dict[str, float] = {}
        for one in self.figures:
            name = one.metric if one.model == self.model else f"{one.model}.{one.metric}"
            named |= _with_interval(_spelled(name), one.slice, one.value, one.low, one.high)
        for gain in self.gains:
            name = _spelled(f"gain_over_{gain.rival}.{gain.metric}")
            named |= _with_interval(name, gain.slice, gain.value, gain.low, gain.high)
        return named

    def save(self, directory: Path) -> None:
        """Write report.json."""
        (directory / REPORT_FILE).write_text(self.model_dump_json(indent=1))

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read report.json."""
        return cls.model_validate_json((directory / REPORT_FILE).read_text())


def names_of(figures: Iterable[Figure]) -> tuple[str, ...]:
    """Return the models among figures, in the order met."""
    return tuple(dict.fromkeys(figure.model for figure in figures))


def _with_interval(
    name: str, of: str, value: float, low: float | None, high: float | None
) -> dict[str, float]:
    place = "" if of == EVERYBODY else "/" + _spelled(of)
    bounds = {f"{name}.low{place}": low, f"{name}.high{place}": high}
    return {f"{name}{place}": value} | {key: bound for key, bound in bounds.items() if bound is not None}


def _spelled(name: str) -> str:
    """MLflow takes neither "@" nor "=" in names."""
    return name.replace("@", "_at_").replace("=", ":")
