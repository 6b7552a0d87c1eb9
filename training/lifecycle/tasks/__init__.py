"""The tasks there are: one registration each."""

from typing import Any

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
