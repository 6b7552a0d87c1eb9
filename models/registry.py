"""Models in MLflow: logging a trained one as challenger, promoting, rolling back, loading by alias.

One registered model per operator and task, "nordlicht.churn". `champion` is served, `challenger` was trained last.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import uuid4

import pandas as pd
import structlog

from activity_log.errors import BusflowError, NoModelError, WrongUseError
from activity_log.settings import Settings
from models.card import ModelCard, Task
from models.champions import KeptChampions
from models.history import LONGEST_WHY, TAG, Change, apart, earlier_champion, tag_of

_log = structlog.get_logger("models.registry")

_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",  # the artefact needs our package, not a copy of our lock file
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",  # a server that is gone is told after seconds, not minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # and so is one that hangs
}
for _name, _value in _DEFAULTS.items():
    os.environ.setdefault(_name, _value)

import mlflow  # noqa: E402 (reads the environment when imported)
from mlflow.entities.model_registry import RegisteredModel  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import ModelSignature, infer_signature  # noqa: E402
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

CHAMPION, CHALLENGER = "champion", "challenger"
APPLIED = "applied"
"""Tag of a registered model: the note that the alias followed last."""
_ARTEFACT = "artefact"
ATTEMPTS = 5
_REQUIREMENTS = ["implicit", "lightgbm", "numpy", "pydantic", "scikit-learn", "scipy", "threadpoolctl"]

T = TypeVar("T")


class RegistryError(BusflowError):
    """MLflow cannot be asked."""


@dataclass(frozen=True)
class Run:
    """All that is logged of one training: the artefact by its `save`, and what people want to compare."""

    card: ModelCard
    save: Callable[[Path], None]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)
    plots: Mapping[str, bytes] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    """Texts by file name, as "report.json" and "model_card.de.html"."""
    example: pd.DataFrame | None = None
    """A few rows as the pyfunc takes them; the signature is made of them and of what it answers."""


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """A model in use, and where it came from."""

    model: T
    card: ModelCard
    name: str
    version: str


class ModelRegistry:
    """MLflow tracking and registry of an installation.

    must_answer: raise RegistryError at once if MLflow is away; otherwise the first question to a server does.
    """

    def __init__(self, settings: Settings, *, must_answer: bool = True):
        self._artifacts = settings.artifacts_dir
        self._kept = KeptChampions(settings.champions_dir)
        if not settings.mlflow_tracking_uri:
            self._artifacts.mkdir(parents=True, exist_ok=True)
        self._uri = settings.tracking_uri
        with warnings.catch_warnings():  # MLflow's own, met when its tables are set up
            warnings.simplefilter("ignore", DeprecationWarning)
            self._client = _connected(self._uri, must_answer=must_answer)

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
            _log_files(Path(temp), run)
            data = Path(temp) / _ARTEFACT
            data.mkdir()
            run.save(data)
            run.card.save(data)
            for file, text in run.pages.items():
                if file.endswith(".json"):
                    (data / file).write_text(text)
            with warnings.catch_warnings():
                warnings.filterwarnings(
                    "ignore", message=".*input example was not provided"
                )  # it holds customers
                model = mlflow.pyfunc.log_model(
                    name="model",
                    loader_module="models.pyfunc",
                    data_path=str(data),
                    pip_requirements=_REQUIREMENTS,
                    signature=_signature(data, run.example),
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
            loaded = Loaded(load(data), ModelCard.load(data), name, version)
            if alias == CHAMPION:
                self._keep(name, version, data)
            return loaded

    def _keep(self, name: str, version: str, artefact: Path) -> None:
        """Keep a champion for a start without MLflow; where that cannot be, it goes live all the same."""
        try:
            self._kept.keep(name, version, artefact)
        except OSError as error:
            _log.warning("champion not kept", model=name, version=version, kind=type(error).__name__)

    def kept(self, operator_id: str, task: Task, load: Callable[[Path], T]) -> Loaded[T] | None:
        """Load the champion that was loaded last on this machine, without asking MLflow; None: none was."""
        name = registered_name(operator_id, task)
        found = self._kept.find(name)
        if found is None:
            return None
        return Loaded(load(found.artefact), ModelCard.load(found.artefact), name, found.version)

    def version(self, operator_id: str, task: Task, alias: str) -> str | None:
        """Return the version behind an alias, None if there is none. Raises RegistryError.

        A change of the champion counts from its note on: also if whoever made it was stopped before the alias moved.
        """
        model = self._registered(registered_name(operator_id, task))
        if model is None:
            return None
        if alias == CHAMPION and (decided := _unapplied(model.tags)):
            return decided.version
        behind = model.aliases.get(alias)
        return None if behind is None else str(behind)

    def metrics(self, operator_id: str, task: Task, version: str) -> dict[str, float]:
        """Return what was measured of a version."""
        name = registered_name(operator_id, task)
        run_id = self._client.get_model_version(name, version).run_id
        return dict(self._client.get_run(run_id).data.metrics)

    def tags(self, operator_id: str, task: Task, version: str) -> dict[str, str]:
        """Return what was noted of a version's training."""
        name = registered_name(operator_id, task)
        run_id = self._client.get_model_version(name, version).run_id
        return dict(self._client.get_run(run_id).data.tags)

    def promote(
        self,
        operator_id: str,
        task: Task,
        version: str,
        now: datetime,
        *,
        by: str,
        why: str,
        forced: bool = False,
    ) -> None:
        """Make a version the champion, and note who did it and why."""
        change = Change(
            at=now, action="promoted", version=version, by=by, why=why[:LONGEST_WHY], forced=forced
        )
        self._make_live(registered_name(operator_id, task), change)

    def roll_back(self, operator_id: str, task: Task, now: datetime, *, by: str, why: str) -> str:
        """Make the champion before this one champion again; return its version. Raises WrongUseError."""
        name = registered_name(operator_id, task)
        version = self.earlier(operator_id, task)
        if version is None:
            raise WrongUseError(f"{name}: there is no earlier champion to go back to")
        self._make_live(
            name, Change(at=now, action="rolled back", version=version, by=by, why=why[:LONGEST_WHY])
        )
        return version

    def earlier(self, operator_id: str, task: Task) -> str | None:
        """Return the version that a roll-back would make live, None if there is none."""
        return earlier_champion(self.history(operator_id, task))

    def history(self, operator_id: str, task: Task) -> list[Change]:
        """Return every change of the champion, oldest first."""
        model = self._registered(registered_name(operator_id, task))
        return [] if model is None else [change for _, change in _noted(model.tags)]

    def settle(self, operator_id: str, task: Task) -> None:
        """Finish a change of the champion that somebody noted and was stopped in."""
        name = registered_name(operator_id, task)
        model = self._registered(name)
        if model is not None and _unapplied(model.tags):
            self._apply(name)

    def _make_live(self, name: str, change: Change) -> None:
        """Note the change under a name of its own, so that no writer overwrites another's, then move the alias.

        The note is what counts, and it is written at once or not at all.
        """
        noted = [one for _, one in _noted(self._client.get_registered_model(name).tags)]
        own = apart(noted, change)
        self._client.set_registered_model_tag(name, tag_of(own, uuid4().hex[:8]), own.model_dump_json())
        self._apply(name)

    def _apply(self, name: str) -> None:
        """Move the alias to what the newest note says, and note which that was.

        Where several write at once, each goes on until nothing newer has come: whoever moves the alias last moves it
        to that.
        """
        tag, change = self._newest(name)
        while True:
            _outlasting_others(
                partial(self._client.set_registered_model_alias, name, CHAMPION, change.version)
            )
            _outlasting_others(partial(self._client.set_registered_model_tag, name, APPLIED, tag))
            done, (tag, change) = tag, self._newest(name)
            if tag == done:
                return

    def _newest(self, name: str) -> tuple[str, Change]:
        return _noted(self._client.get_registered_model(name).tags)[-1]

    def _experiment(self, name: str) -> str:
        experiment = self._client.get_experiment_by_name(name)
        if experiment is not None:
            return str(experiment.experiment_id)
        embedded = self._uri.startswith("sqlite")
        location = (self._artifacts / name).as_uri() if embedded else None
        return str(self._client.create_experiment(name, artifact_location=location))

    def _register(self, name: str) -> None:
        if self._registered(name) is None:
            self._client.create_registered_model(name)

    def _registered(self, name: str) -> RegisteredModel | None:
        """Return what MLflow knows of a model, None if nothing; that it cannot be asked is another matter."""
        try:
            return self._client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return None
            raise RegistryError(f"MLflow at {self._uri} does not answer: {_first_line(error)}") from error


def _outlasting_others(write: Callable[[], object]) -> None:
    """Write an alias or a tag; MLflow refuses where another writer makes the same one at the same moment."""
    for left in reversed(range(ATTEMPTS)):
        try:
            write()
        except MlflowException:
            if not left:
                raise
        else:
            return


def _noted(tags: Mapping[str, str]) -> list[tuple[str, Change]]:
    """Return the notes of changes with the names of their tags, oldest first."""
    return [(tag, Change.model_validate_json(tags[tag])) for tag in sorted(tags) if tag.startswith(TAG)]


def _unapplied(tags: Mapping[str, str]) -> Change | None:
    """Return the newest change if the alias has not followed it yet."""
    notes = _noted(tags)
    return notes[-1][1] if notes and notes[-1][0] != tags.get(APPLIED) else None


def _log_files(folder: Path, run: Run) -> None:
    for file, png in run.plots.items():
        (folder / file).write_bytes(png)
        mlflow.log_artifact(str(folder / file), "plots")
    for file, text in run.pages.items():
        (folder / file).write_text(text, encoding="utf-8")
        mlflow.log_artifact(str(folder / file))


def _signature(data: Path, example: pd.DataFrame | None) -> "ModelSignature | None":
    """Ask the artefact as MLflow will, and say what goes in and what comes out."""
    if example is None:
        return None
    from models.pyfunc import _load_pyfunc

    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message=".*Inferred schema contains integer"
        )  # of places, never missing
        return infer_signature(example, _load_pyfunc(str(data)).predict(example))


def _track_at(uri: str) -> None:
    """Tell MLflow where its runs are, but not the environment, where settings read later would find it."""
    named = os.environ.get(_VARIABLE)
    mlflow.set_tracking_uri(uri)
    if named is None:
        os.environ.pop(_VARIABLE, None)
    else:
        os.environ[_VARIABLE] = named


_VARIABLE = "MLFLOW_TRACKING_URI"


def _connected(uri: str, *, must_answer: bool) -> MlflowClient:
    """Return a client that was answered once, so that MLflow's tables are there; a server makes them itself."""
    try:
        client = MlflowClient(uri)
    except MlflowException as error:
        raise WrongUseError(f"MLFLOW_TRACKING_URI '{uri}': MLflow knows no such store") from error
    if not must_answer and uri.startswith("http"):
        return client
    try:
        client.search_registered_models(max_results=1)
    except MlflowException as error:
        raise RegistryError(f"MLflow at {uri} does not answer: {_first_line(error)}") from error
    return client


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def registered_name(operator_id: str, task: Task) -> str:
    """Return the name of an operator's registered model."""
    return f"{operator_id}.{task}"
