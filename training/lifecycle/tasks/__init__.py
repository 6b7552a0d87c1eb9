"""The tasks there are: one registration each."""

from collections.abc import Sequence
from typing import Any

from activity_log.errors import WrongUseError
from models.card import Task
from training.lifecycle.tasks.channel import ChannelTrainer
from training.lifecycle.tasks.churn import ChurnTrainer
from training.lifecycle.tasks.clusters import ClustersTrainer
from training.lifecycle.tasks.recommender import RecommenderTrainer
from training.lifecycle.tasks.value import ValueTrainer
from training.lifecycle.trainer import Trainer

TRAINERS: tuple[Trainer[Any], ...] = (
    ChurnTrainer(),
    ValueTrainer(),
    ChannelTrainer(),
    ClustersTrainer(),
    RecommenderTrainer(),
)
"""In the order in which they are trained."""

TRAINED: tuple[Task, ...] = tuple(trainer.task for trainer in TRAINERS)


def trainers_of(task: str) -> Sequence[Trainer[Any]]:
    """Return the trainer of a task, or for "all" every one. Raises WrongUseError."""
    if task == "all":
        return TRAINERS
    found = [trainer for trainer in TRAINERS if trainer.task == task]
    if not found:
        raise WrongUseError(f"--task '{task}': use {', '.join(TRAINED)} or all")
    return found
