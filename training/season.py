"""Learning the season clock: in which months customers book more than their habits alone would have it.

Month by month, the customers who booked are counted against how many BG/NBD expected, given each customer's bookings
up to then. The ratios become paces of time; in the new time BG/NBD is fitted again, and so on. What young logs do to
the ratios (who is met first is an old customer and busy) is a term of its own, exp(-days / FADES), told apart from
the seasons once a month comes round again. Paces are smooth around the year and shrunk towards 1: months that were
never seen get their neighbours' paces, and a log of a few weeks a flat clock. A penalised log-linear regression:
Eilers and Marx (1996), Flexible smoothing with B-splines and penalties, with months instead of splines.
"""

from typing import NamedTuple

import numpy as np

from models.churn_inputs import ChurnInputs
from models.purchasing import PurchaseModel
from models.season_clock import MONTHS, SeasonClock, months_share
from training.churn_examples import Examples, Floats

BLOCK_DAYS = 365.25 / MONTHS
BLOCKS = 2
"""After each moment so many blocks of time are counted."""

ROUNDS = 3
FADES = 180.0
SMOOTH, SEASONAL, YOUNG = 0.3, 0.8, 2.0
"""Standard deviations expected of the logarithms: from month to month, of a month, and of a log's first days."""
CHANCE = 0.05
"""What a month's ratio varies by beside the chance of counting."""
MOST_ROWS = 120_000


class Counted(NamedTuple):
    """A block of time after a moment: bookers counted and expected, its months (12,), and the log's age in days."""

    observed: float
    expected: float
    months: Floats
    age: float


def learn_season(examples: Examples, features: tuple[str, ...], log_start: float) -> ChurnInputs:
    """Learn clock and purchase model from what became of the examples."""
    few = examples.at(np.arange(0, len(examples), -(-len(examples) // MOST_ROWS)))
    newest = examples.at(examples.moments == examples.moments.max())
    inputs = _inputs(newest, features, SeasonClock.flat(), log_start)
    for _ in range(ROUNDS):
        blocks = _blocks(few, inputs)
        if not blocks:
            break
        inputs = _inputs(newest, features, _clock(blocks, inputs.clock), log_start)
    return inputs


def _inputs(newest: Examples, features: tuple[str, ...], clock: SeasonClock, log_start: float) -> ChurnInputs:
    blank = ChurnInputs(features, clock, PurchaseModel(1.0, 1.0, 1.0, 1.0), log_start)
    return ChurnInputs(
        features, clock, PurchaseModel.fit(*blank.history(newest.matrix, newest.moments)), log_start
    )


def _blocks(examples: Examples, inputs: ChurnInputs) -> list[Counted]:
    counted = []
    for moment in np.unique(examples.moments):
        there = examples.at(examples.moments == moment)
        history = inputs.history(there.matrix, there.moments)
        quiet = np.ones(len(there))
        for block in range(BLOCKS):
            start, end = block * BLOCK_DAYS, (block + 1) * BLOCK_DAYS
            if there.known.min() < end:
                break
            quieter = inputs.purchases.no_purchase(*history, inputs.clock.elapsed(moment, moment + end))
            asked = there.silent >= start
            counted.append(
                Counted(
                    observed=float((asked & (there.silent < end)).sum()),
                    expected=float((1 - quieter / np.maximum(quiet, 1e-9))[asked].sum()),
                    months=months_share(moment + start, moment + end),
                    age=float(moment + start - inputs.log_start),
                )
            )
            quiet = quieter
    return counted


def _clock(blocks: list[Counted], before: SeasonClock) -> SeasonClock:
    """Solve the penalised regression of log ratios on months, a level, and the log's youth."""
    observed, expected = (
        np.array([getattr(one, name) for one in blocks]) for name in ("observed", "expected")
    )
    months = np.array([one.months for one in blocks])
    young = np.exp(-np.array([one.age for one in blocks]) / FADES)
    ratios = np.log((observed + 0.5) / (expected + 0.5)) + months @ np.log(before.paces)
    columns = np.column_stack([months, np.ones(len(blocks)), young])
    certain = 1.0 / (1.0 / np.maximum(expected, 0.5) + CHANCE**2)
    solved = np.linalg.solve(
        columns.T @ (certain[:, None] * columns) + _penalty(), columns.T @ (certain * ratios)
    )
    return SeasonClock.of(solved[:MONTHS] - solved[:MONTHS].mean())


def _penalty() -> Floats:
    steps = np.eye(MONTHS) - np.roll(np.eye(MONTHS), 1, axis=1)
    penalty = np.zeros((MONTHS + 2, MONTHS + 2))
    penalty[:MONTHS, :MONTHS] = steps.T @ steps / SMOOTH**2 + np.eye(MONTHS) / SEASONAL**2
    penalty[MONTHS, MONTHS], penalty[MONTHS + 1, MONTHS + 1] = 1e-6, 1 / YOUNG**2
    return penalty
