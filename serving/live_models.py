"""The champions in use: loaded once, looked at again every few seconds, so that a promotion goes live by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

from activity_log.errors import NoModelError
from models.card import Task
from models.churn import ChurnScorer
from models.recommender import Recommender
from models.registry import CHAMPION, Loaded, ModelRegistry
from serving.replies import ModelInfo

LOOK_AGAIN = timedelta(seconds=10)

T = TypeVar("T")


@dataclass
class _Slot(Generic[T]):
    """What is loaded for one operator and task; `loaded` is None while nothing was ever promoted."""

    loaded: Loaded[T] | None
    looked_at: datetime


class LiveModels:
    """The champions of all operators."""

    def __init__(self, registry: ModelRegistry):
        self._registry = registry
        self._churn: dict[str, _Slot[ChurnScorer]] = {}
        self._recommender: dict[str, _Slot[Recommender]] = {}

    def churn(self, operator_id: str, now: datetime) -> Loaded[ChurnScorer]:
        """Return the operator's churn scorer. Raises NoModelError."""
        return self._champion(self._churn, operator_id, "churn", ChurnScorer.load, now)

    def recommender(self, operator_id: str, now: datetime) -> Loaded[Recommender]:
        """Return the operator's recommender. Raises NoModelError."""
        return self._champion(self._recommender, operator_id, "recommender", Recommender.load, now)

    def _champion(
        self,
        slots: dict[str, _Slot[T]],
        operator_id: str,
        task: Task,
        load: Callable[[Path], T],
        now: datetime,
    ) -> Loaded[T]:
        slot = slots.get(operator_id)
        if slot is None or now - slot.looked_at >= LOOK_AGAIN:
            slot = _Slot(self._newest(slot, operator_id, task, load), now)
            slots[operator_id] = slot
        if slot.loaded is None:
            raise NoModelError(f"operator '{operator_id}' has no live {task} model: train and promote one")
        return slot.loaded

    def _newest(
        self, slot: _Slot[T] | None, operator_id: str, task: Task, load: Callable[[Path], T]
    ) -> Loaded[T] | None:
        version = self._registry.version(operator_id, task, CHAMPION)
        if version is None:
            return None
        if slot is not None and slot.loaded is not None and slot.loaded.version == version:
            return slot.loaded
        return self._registry.load(operator_id, task, load)


def model_info(loaded: Loaded[T]) -> ModelInfo:
    """Say which model spoke."""
    return ModelInfo(name=loaded.name, version=loaded.version, trained_at=loaded.card.trained_at)
