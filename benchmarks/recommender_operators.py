"""The live recommender beside single rungs and popularity, operator by operator, on customers nobody chose by.

Fifty simulated operators, from 50 customers up. For each the life cycle chooses the live rung in the past, and the
last half year judges: what went live (the final recommender), and the bare scores of every rung. The best single rung
is the one whose bare scores are best on average over the operators.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from statistics import mean

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.figure import Bound, Figure
from benchmarks.simulated_facts import END, simulated_facts
from benchmarks.sizes import Sizes
from training.metrics import Interval
from training.recommender.backtest import Snapshots, judge_rung, open_window
from training.recommender.choice import choose
from training.recommender.metrics import PerCustomer
from training.recommender.reporting import mean_intervals
from training.recommender.spec import RecommenderSpec
from training.recommender.train import judged_models, validation_windows

METRIC = "ndcg@3"
POPULARITY = "season_popularity"
SMALLEST, LARGEST, OPERATORS = 50, 3_000, 50
WORKERS = 2


def steps(_sizes: Sizes) -> Iterator[tuple[str, Callable[[], list[Figure]]]]:
    """Yield what is measured, by name."""
    yield f"the recommender of {OPERATORS} simulated operators", partial(measured, OPERATORS)


def measured(count: int) -> list[Figure]:
    """Return the figures of so many operators; such as nobody booked again with are left out."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_compared, reversed(list(operators(count)))))
    return figures([one for one in found if one is not None])


def figures(results: "list[Compared]") -> list[Figure]:
    """Return the averages over operators beside single rungs', and how many operators are clearly below one."""
    best = best_alone(results)
    final, of = mean_over(one.final for one in results), f"{len(results)} operators"
    popular = mean_over(one.alone[POPULARITY] for one in results)
    below_best = sum(one.gain_over(one.alone[best]).high < 0 for one in results)
    below_popular = sum(one.gain_over(one.alone[POPULARITY]).high < 0 for one in results)
    single, name = mean_over(one.alone[best] for one in results), f"{of}: {METRIC} of the final recommender"
    return [
        Figure(f"{name} beside the best single rung", "", final, single, best, bound=1.0),
        Figure(f"{name} beside popularity", "", final, popular, POPULARITY, bound=1.0),
        _none(f"{of}: significantly below the best single rung", below_best),
        _none(f"{of}: significantly below season popularity", below_popular),
    ]


def mean_over(metrics: Iterator[np.ndarray]) -> float:
    """Return the mean over operators, each counting once."""
    return mean(float(one.mean()) for one in metrics)


def _none(name: str, count: int) -> Figure:
    return Figure(name, "operators", count, bound=0, direction=Bound.AT_MOST)


def _compared(operator: tuple[int, int, int]) -> "Compared | None":
    with threadpool_limits(1):
        return compared(*operator, RecommenderSpec())


@dataclass(frozen=True)
class Compared:
    """One operator's test window: which rung went live, and each judged customer's metric.

    alone: of each rung's bare scores; answers: of each rung as it would go live.
    """

    customers: int
    live: str
    alone: Mapping[str, np.ndarray]
    answers: Mapping[str, np.ndarray]

    @property
    def final(self) -> np.ndarray:
        """The metric of what went live, (judged,)."""
        return self.answers[self.live]

    def gain_over(self, rival: np.ndarray) -> Interval:
        """95 % interval of what the final one gains over a rival: paired bootstrap over customers."""
        ((low, high),) = mean_intervals((self.final - rival)[:, None], seed=7)
        return Interval(low, high)


def operators(count: int) -> Iterator[tuple[int, int, int]]:
    """Yield size, seed and families of so many operators, from 50 customers up."""
    for number, size in enumerate(np.geomspace(SMALLEST, LARGEST, count).round().astype(int).tolist()):
        yield size, 100 + number, 6 + 2 * (number % 8)


def compared(customers: int, seed: int, families: int, spec: RecommenderSpec) -> Compared | None:
    """Train for one operator as the life cycle does, and judge on its last half year; None: nobody to judge."""
    simulated = simulated_facts(customers, seed, families)
    snapshots = Snapshots(simulated.connection, simulated.facts)
    cutoff = END - spec.horizon
    choice = choose(validation_windows(snapshots, cutoff, spec), spec)
    test = open_window(snapshots, cutoff, END, spec)
    if test is None:
        return None
    alone = {
        name: judge_rung(test, one.rung.fit(test.bookings, one.settings), test.contexts, spec.ks)
        for name, one in choice.candidates.items()
    }
    answers = judged_models(test, choice, spec)
    return Compared(customers, choice.live, _deciding(alone), _deciding(answers))


def best_alone(results: list[Compared]) -> str:
    """Return the rung whose bare scores are best on average over operators."""
    return max(results[0].alone, key=lambda name: mean_over(one.alone[name] for one in results))


def _deciding(models: Mapping[str, PerCustomer]) -> dict[str, np.ndarray]:
    return {name: metrics[METRIC] for name, metrics in models.items()}
