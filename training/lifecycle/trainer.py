"""What a task has to offer so that it can be trained, compared, explained and promoted like any other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

import altair
import pandas as pd
from pydantic import BaseModel

from models.card import Task
from training.lifecycle.session import Session
from training.report import Report

Spec = TypeVar("Spec", bound=BaseModel)
Chart: TypeAlias = altair.TopLevelMixin


class Artefact(Protocol):
    """Something fitted that can be kept in a folder."""

    def save(self, directory: Path) -> None:
        """Write it into `directory`."""
        ...


@dataclass(frozen=True)
class Trained:
    """What a training gives.

    report: what was measured on customers and times it had not seen. params: what was chosen on the way. charts: by
    file name, as "calibration.png". learned_from: the moments whose features it saw, which were built. example: a few
    rows as MLflow's pyfunc takes them, for the signature. notes: sentences for people, as which rung is live and why.
    """

    artefact: Artefact
    report: Report
    params: Mapping[str, Any] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)
    learned_from: tuple[datetime, ...] = ()
    example: pd.DataFrame | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


class Trainer(Protocol[Spec]):
    """One task. `spec_type` is its recipe: all settings of a training, kept as JSON beside the artefact."""

    @property
    def task(self) -> Task:
        """The task's name."""
        ...

    @property
    def feature_service(self) -> str:
        """The features it reads when it serves."""
        ...

    @property
    def spec_type(self) -> type[Spec]:
        """The kind of its recipe."""
        ...

    def spec(self, horizon_days: int | None) -> Spec:
        """Return the recipe that is trained unless another is given; None: the horizon it prefers."""
        ...

    def train(self, session: Session, spec: Spec, champion: Spec | None) -> Trained:
        """Fit by a recipe and measure. Raises NotEnoughDataError.

        champion: the recipe of the model that is live, to be fitted on the same past and judged on the same test as
        the rival "champion"; None: there is none, or its recipe is this one.
        """
        ...
