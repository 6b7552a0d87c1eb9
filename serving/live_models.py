"""The champions in use: loaded once, looked at again in the background, so that a promotion goes live by itself."""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import structlog

from activity_log.errors import NoModelError
from models.artefacts import loader_of
from models.card import Task
from models.churn import ChurnScorer
from models.recommender import Recommender
from models.registry import CHAMPION, Loaded
from serving.replies import ModelInfo

LOOK_AGAIN_SECONDS = 10.0

T = TypeVar("T")
Key = tuple[str, Task]

_log = structlog.get_logger("serving.live_models")


class Champions(Protocol):
    """What is asked of the registry."""

    def version(self, operator_id: str, task: Task, alias: str) -> str | None:
        """Return the version behind an alias, None if there is none."""
        ...

    def load(
        self, operator_id: str, task: Task, load: Callable[[Path], T], alias: str = CHAMPION
    ) -> Loaded[T]:
        """Load the model behind an alias."""
        ...

    def kept(self, operator_id: str, task: Task, load: Callable[[Path], T]) -> Loaded[T] | None:
        """Load the champion that was loaded last on this machine; None: none was."""
        ...


@dataclass
class _Slot:
    """One operator's champion of one task. loaded: None while nothing was ever promoted; known: looked at once."""

    loaded: Loaded[Any] | None = None
    known: bool = False
    failed: str = ""
    first: threading.Lock = field(default_factory=threading.Lock)


class LiveModels:
    """The champions of all operators.

    The first request for a model waits until it is loaded. From then on none waits for the registry: a thread of ours
    looks for promotions every few seconds, loads what is new beside what answers, and swaps them in one step. If that
    fails, the old model goes on answering, and it is tried again; a process that starts while the registry is away
    begins with the champion that was kept on this machine.
    """

    def __init__(self, registry: Champions, look_again_seconds: float = LOOK_AGAIN_SECONDS):
        self._registry = registry
        self._slots: dict[Key, _Slot] = {}
        self._every = look_again_seconds
        self._starting = threading.Lock()
        self._away_until = 0.0
        self._watcher: threading.Thread | None = None

    def churn(self, operator_id: str) -> Loaded[ChurnScorer]:
        """Return the operator's churn scorer. Raises NoModelError."""
        return cast(Loaded[ChurnScorer], self.live("churn", operator_id))

    def recommender(self, operator_id: str) -> Loaded[Recommender]:
        """Return the operator's recommender. Raises NoModelError."""
        return cast(Loaded[Recommender], self.live("recommender", operator_id))

    def live(self, task: Task, operator_id: str) -> Loaded[Any]:
        """Return the operator's champion of a task. Raises NoModelError."""
        slot = self._slots.setdefault((operator_id, task), _Slot())
        if not slot.known:
            self._load_first(slot, operator_id, task)
        loaded = slot.loaded
        if loaded is None:
            raise NoModelError(f"operator '{operator_id}' has no live {task} model: train and promote one")
        return loaded

    def live_or_none(self, task: Task, operator_id: str) -> Loaded[Any] | None:
        """Return the operator's champion of a task; None: there is none."""
        try:
            return self.live(task, operator_id)
        except NoModelError:
            return None

    def is_at_hand(self, task: Task, operator_id: str) -> bool:
        """Say whether `live` answers at once."""
        slot = self._slots.get((operator_id, task))
        return slot is not None and slot.known

    def look(self) -> None:
        """Look at every champion that was asked for, and load what is new."""
        for (operator_id, task), slot in list(self._slots.items()):
            if slot.known:
                self._renew(slot, operator_id, task)

    def _load_first(self, slot: _Slot, operator_id: str, task: Task) -> None:
        with slot.first:
            if not slot.known:
                slot.loaded = self._first(slot, operator_id, task)
                slot.known = True
        self._watch()

    def _first(self, slot: _Slot, operator_id: str, task: Task) -> Loaded[Any] | None:
        """Return the champion; while the registry is away, the one that was kept here when it last was not.

        A server that hangs costs its timeout once, not once for each model that was kept.
        """
        if time.monotonic() < self._away_until and (kept := self._kept(operator_id, task)):
            return kept
        try:
            return self._newest(slot, operator_id, task)
        except Exception as error:  # noqa: BLE001 (whatever it is: the watcher goes on trying)
            slot.failed = repr(error)
            self._away_until = time.monotonic() + self._every
            _log.warning("registry away", operator=operator_id, task=task, kind=type(error).__name__)
            return self._kept(operator_id, task)

    def _kept(self, operator_id: str, task: Task) -> Loaded[Any] | None:
        kept = self._registry.kept(operator_id, task, loader_of(task))
        if kept is not None:
            _log.warning("kept model live", operator=operator_id, task=task, version=kept.version)
        return kept

    def _renew(self, slot: _Slot, operator_id: str, task: Task) -> None:
        try:
            newest = self._newest(slot, operator_id, task)
        except Exception as error:  # noqa: BLE001 (whatever it is: the model that answers goes on answering)
            if slot.failed != repr(error):
                _log.warning("model not renewed", operator=operator_id, task=task, kind=type(error).__name__)
            slot.failed = repr(error)
            return
        if newest is not slot.loaded:
            version = newest.version if newest else None
            _log.info("model live", operator=operator_id, task=task, version=version)
        slot.loaded, slot.failed = newest, ""

    def _newest(self, slot: _Slot, operator_id: str, task: Task) -> Loaded[Any] | None:
        version = self._registry.version(operator_id, task, CHAMPION)
        if version is None:
            return None
        if slot.loaded is not None and slot.loaded.version == version:
            return slot.loaded
        return self._registry.load(operator_id, task, loader_of(task))

    def _watch(self) -> None:
        with self._starting:
            if self._watcher is None:
                self._watcher = threading.Thread(
                    target=_watch, args=(weakref.ref(self), self._every), name="live-models", daemon=True
                )
                self._watcher.start()


def _watch(models: "weakref.ref[LiveModels]", every: float) -> None:
    """Look again and again, until nobody uses the models any more."""
    pause = threading.Event()
    while not pause.wait(every):
        alive = models()
        if alive is None:
            return
        alive.look()
        del alive


def model_info(loaded: Loaded[T]) -> ModelInfo:
    """Say which model spoke."""
    return ModelInfo(name=loaded.name, version=loaded.version, trained_at=loaded.card.trained_at)
