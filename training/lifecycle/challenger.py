"""One training from recipe to challenger: fitted, measured beside the champion's recipe, explained, registered."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from threadpoolctl import threadpool_limits

from activity_log.errors import NoModelError
from feature_repo.watching.reference import Reference
from models.card import ModelCard, Task
from models.registry import CHAMPION, Run
from training import plots
from training.lifecycle.card_page import pages
from training.lifecycle.code_version import code_version
from training.lifecycle.session import Session
from training.lifecycle.trainer import Chart, Spec, Trained, Trainer
from training.report import REPORT_FILE, Report
from training.watching import reference_of, same_season, saved_with

RECIPE_FILE = "recipe.json"
COMPARED_WITH, REFRESH = "compared_with", "refresh"
"""Tags of a run: the version that was live, and whether its recipe is the run's own."""


@dataclass(frozen=True)
class Challenger:
    """A model that was trained and registered, and what was measured of it."""

    task: Task
    version: str
    report: Report


@dataclass(frozen=True)
class Rival:
    """The model that is live. spec: its recipe, None if this code cannot read it any more."""

    version: str
    spec: BaseModel | None


def train_challenger(
    session: Session,
    trainer: Trainer[Spec],
    now: datetime,
    spec: Spec | None = None,
    horizon_days: int | None = None,
) -> Challenger:
    """Train a task and register the model as challenger. Raises NotEnoughDataError.

    The champion is compared by its recipe, fitted on the same past: the artefact itself was fitted on labels of the
    test. Where the recipes are equal there is nothing to compare, and the run says so.
    """
    recipe = spec or trainer.spec(horizon_days)
    live = live_recipe(session, trainer)
    refresh = live is not None and live.spec == recipe
    rival = cast(Spec, live.spec) if live is not None and not refresh else None
    session.bench.say(f"training {trainer.task}")
    with threadpool_limits(1, user_api="blas"):  # more threads add in another order, and are no faster here
        trained = trainer.train(session, recipe, rival)
    session.bench.say(f"registering {trainer.task} as challenger")
    version = session.bench.registry.log(
        _run(session, trainer, recipe, trained, live, refresh=refresh, now=now)
    )
    return Challenger(trainer.task, version, trained.report)


def live_recipe(session: Session, trainer: Trainer[Spec]) -> Rival | None:
    """Return the champion's recipe, None if there is no champion."""
    try:
        loaded = session.bench.registry.load(
            session.bench.operator.operator_id,
            trainer.task,
            lambda folder: _recipe(folder, trainer),
            CHAMPION,
        )
    except NoModelError:
        return None
    return Rival(loaded.version, loaded.model)


def _recipe(folder: Path, trainer: Trainer[Spec]) -> Spec | None:
    try:
        return trainer.spec_type.model_validate_json((folder / RECIPE_FILE).read_text())
    except (FileNotFoundError, ValidationError):
        return None


def _run(
    session: Session,
    trainer: Trainer[Spec],
    recipe: Spec,
    trained: Trained,
    live: Rival | None,
    *,
    refresh: bool,
    now: datetime,
) -> Run:
    card = ModelCard(
        operator_id=session.bench.operator.operator_id,
        task=trainer.task,
        feature_service=trainer.feature_service,
        as_of=session.as_of,
        trained_at=now,
        horizon_days=getattr(recipe, "horizon_days", 0),
    )
    charts = {name: plots.png(chart) for name, chart in _charts(trained).items()}
    snapshot = session.snapshot
    return Run(
        card=card,
        save=saved_with(_reference(session, trained), trained.artefact.save),
        params=_flat(recipe.model_dump(mode="json"))
        | {f"chosen.{name}": value for name, value in trained.params.items()},
        metrics=trained.report.metrics(),
        tags=snapshot.tags() | code_version().tags() | dict(trained.notes) | _compared(live, refresh=refresh),
        plots=charts,
        pages={
            REPORT_FILE: trained.report.model_dump_json(indent=1),
            RECIPE_FILE: recipe.model_dump_json(indent=1),
            "snapshot.json": snapshot.model_dump_json(indent=1),
        }
        | pages(card, trained.report, snapshot, code_version(), charts),
        example=trained.example,
    )


def _reference(session: Session, trained: Trained) -> Reference:
    """Summarise the features that were learned from; of a model that saw none, those of the same season."""
    if trained.learned_from:
        return reference_of(session.sample, trained.learned_from)
    return same_season(session.sample, session.as_of, session.moments)


def _charts(trained: Trained) -> dict[str, Chart]:
    drawn = dict(trained.charts)
    if trained.report.figures:
        drawn.setdefault("comparison.png", plots.comparison_plot(trained.report))
    slices = plots.slices_plot(trained.report)
    return drawn | ({"slices.png": slices} if slices is not None else {})


def _compared(live: Rival | None, *, refresh: bool) -> dict[str, str]:
    if live is None:
        return {}
    return {COMPARED_WITH: live.version, REFRESH: "yes" if refresh else "no"}


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Name nested settings "als.0.factors"; MLflow's parameters are a flat list."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = dict(enumerate(value)) if isinstance(value, list) else value
        nested = isinstance(inner, dict) and any(isinstance(one, dict) for one in inner.values())
        if isinstance(value, dict) or nested:
            flat |= _flat({str(key): one for key, one in inner.items()}, f"{before}{name}.")
        else:
            flat[f"{before}{name}"] = value
    return flat
