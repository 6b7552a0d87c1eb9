"""Models in MLflow: logging a trained one as challenger, promoting, rolling back, loading by alias.

One registered model per operator and task, "nordlicht.churn". `champion` is served, `challenger` was trained last.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from activity_log.errors import NoModelError, WrongUseError
from activity_log.settings import Settings
from models.card import ModelCard, Task

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",  # the artefact needs our package, not a copy of our lock file
}
for _name, _value in _QUIET.items():
    os.environ.setdefault(_name, _value)

import mlflow  # noqa: E402 (reads the environment when imported)
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

CHAMPION, CHALLENGER = "champion", "challenger"
_HISTORY = "champions"
_ARTEFACT = "artefact"
_REQUIREMENTS = ["implicit", "lightgbm", "numpy", "pydantic", "scikit-learn", "scipy", "threadpoolctl"]

T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """All that is logged of one training: the artefact by its `save`, and what people want to compare."""

    card: ModelCard
    save: Callable[[Path], None]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)
    plots: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """A model in use, and where it came from."""

    model: T
    card: ModelCard
    name: str
    version: str


class ModelRegistry:
    """MLflow tracking and registry of an installation."""

    def __init__(self, settings: Settings):
        self._artifacts = settings.artifacts_dir
        if not settings.mlflow_tracking_uri:
            self._artifacts.mkdir(parents=True, exist_ok=True)
        self._uri = settings.tracking_uri
        with warnings.catch_warnings():  # MLflow's own, met when its tables are set up
            warnings.simplefilter("ignore", DeprecationWarning)
            self._client = _connected(self._uri)
            self._client.search_registered_models(max_results=1)

    def log(self, run: Run) -> str:
        """Log a training run and register its model as challenger; return the version."""
        _track_at(self._uri)
        name = registered_name(run.card.operator_id, run.card.task)
        with (
            mlflow.start_run(experiment_id=self._experiment(name)) as active,
            tempfile.TemporaryDirectory() as temp,
        ):
            mlflow.log_params({**run.params, "feature_service": run.card.feature_service})
            mlflow.log_metrics(dict(run.metrics))
            mlflow.set_tags({**run.tags, "as_of": run.card.as_of.isoformat()})
            for file, png in run.plots.items():
                path = Path(temp) / file
                path.write_bytes(png)
                mlflow.log_artifact(str(path), "plots")
            data = Path(temp) / _ARTEFACT
            data.mkdir()
            run.save(data)
            run.card.save(data)
            model = mlflow.pyfunc.log_model(
                name="model",
                loader_module="models.pyfunc",
                data_path=str(data),
                pip_requirements=_REQUIREMENTS,
            )
        self._register(name)
        version = self._client.create_model_version(name, model.model_uri, active.info.run_id).version
        self._client.set_registered_model_alias(name, CHALLENGER, version)
        return str(version)

    def load(
        self, operator_id: str, task: Task, load: Callable[[Path], T], alias: str = CHAMPION
    ) -> Loaded[T]:
        """Load the model behind an alias. Raises NoModelError if the operator has none."""
        version = self.version(operator_id, task, alias)
        if version is None:
            raise NoModelError(f"operator '{operator_id}' has no {alias} {task} model: train and promote one")
        name = registered_name(operator_id, task)
        _track_at(self._uri)
        with tempfile.TemporaryDirectory() as temp:
            path = mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=temp)
            data = Path(path) / "data" / _ARTEFACT
            return Loaded(load(data), ModelCard.load(data), name, version)

    def version(self, operator_id: str, task: Task, alias: str) -> str | None:
        """Return the version behind an alias, None if there is none."""
        try:
            name = registered_name(operator_id, task)
            return str(self._client.get_model_version_by_alias(name, alias).version)
        except MlflowException:
            return None

    def metrics(self, operator_id: str, task: Task, version: str) -> dict[str, float]:
        """Return what was measured of a version."""
        name = registered_name(operator_id, task)
        run_id = self._client.get_model_version(name, version).run_id
        return dict(self._client.get_run(run_id).data.metrics)

    def promote(self, operator_id: str, task: Task, version: str, now: datetime) -> None:
        """Make a version the champion."""
        name = registered_name(operator_id, task)
        history = [*self._history(name), version]
        self._client.set_model_version_tag(name, version, "promoted_at", now.isoformat())
        self._client.set_registered_model_tag(name, _HISTORY, ",".join(history))
        self._client.set_registered_model_alias(name, CHAMPION, version)

    def roll_back(self, operator_id: str, task: Task) -> str:
        """Make the champion before this one champion again; return its version. Raises WrongUseError."""
        name = registered_name(operator_id, task)
        history = self._history(name) if self.version(operator_id, task, CHAMPION) else []
        if len(history) < 2:
            raise WrongUseError(f"{name}: there is no earlier champion to go back to")
        self._client.set_registered_model_alias(name, CHAMPION, history[-2])
        self._client.set_registered_model_tag(name, _HISTORY, ",".join(history[:-1]))
        return history[-2]

    def _history(self, name: str) -> list[str]:
        tag = self._client.get_registered_model(name).tags.get(_HISTORY, "")
        return tag.split(",") if tag else []

    def _experiment(self, name: str) -> str:
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        embedded = self._uri.startswith("sqlite")
        location = (self._artifacts / name).as_uri() if embedded else None
        return str(self._client.create_experiment(name, artifact_location=location))

    def _register(self, name: str) -> None:
        try:
            self._client.get_registered_model(name)
        except MlflowException:
            self._client.create_registered_model(name)


def _track_at(uri: str) -> None:
    """Tell MLflow where its runs are, but not the environment, where settings read later would find it."""
    named = os.environ.get(_VARIABLE)
    mlflow.set_tracking_uri(uri)
    if named is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = named


_VARIABLE = "MLFLOW_TRACKING_URI"


def _connected(uri: str) -> MlflowClient:
    try:
        return MlflowClient(uri)
    except MlflowException as error:
        raise WrongUseError(f"MLFLOW_TRACKING_URI '{uri}': MLflow knows no such store") from error


def registered_name(operator_id: str, task: Task) -> str:
    """Return the name of an operator's registered model."""
    return f"{operator_id}.{task}"
