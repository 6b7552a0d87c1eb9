"""Training sessions: some tasks or all, on one snapshot, each registered as challenger; and what goes online."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from activity_log.errors import NotEnoughDataError
from models.card import Task
from training.lifecycle.challenger import Challenger, train_challenger
from training.lifecycle.session import Session
from training.lifecycle.trainer import Trainer
from training.workbench import Workbench


class Outcome(NamedTuple):
    """What became of a task: a challenger, or why there is none."""

    task: Task
    challenger: Challenger | None
    reason: str = ""


def train_tasks(
    bench: Workbench,
    trainers: Sequence[Trainer[Any]],
    as_of: datetime,
    now: datetime,
    horizon_days: int | None = None,
) -> Iterator[Outcome]:
    """Train tasks one after the other on what was known at `as_of`; rows that several ask for are made once.

    now: when it is done, kept in the cards. A task for which the log holds too little is told so, and left out.
    """
    session = Session(bench, as_of)
    for trainer in trainers:
        try:
            yield Outcome(trainer.task, train_challenger(session, trainer, now, horizon_days=horizon_days))
        except NotEnoughDataError as error:
            yield Outcome(trainer.task, None, str(error))


def materialise_now(bench: Workbench, as_of: datetime) -> int:
    """Build all features and states as of `as_of`, write the states to the online store; return the customers."""
    bench.build([as_of])
    customers = bench.build_states(as_of)
    bench.say(f"materialising {customers:,} customers")
    bench.features.materialise(as_of)
    return customers
