"""Which class holds a task's artefact, and loading one that is only known by its task."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from models.card import Task

ARTEFACTS: Mapping[Task, tuple[str, str]] = {
    "churn": ("models.churn", "ChurnScorer"),
    "value": ("models.value", "ValueModel"),
    "recommender": ("models.recommender", "Recommender"),
    "channel": ("models.channel", "ChannelModel"),
    "clusters": ("models.clusters", "CustomerClusters"),
}
"""Module and class; imported when first asked for, since each brings a library of its own."""


def loader_of(task: Task) -> Callable[[Path], Any]:
    """Return how to load the artefact of a task from its folder."""
    module, name = ARTEFACTS[task]
    load: Callable[[Path], Any] = getattr(import_module(module), name).load
    return load
