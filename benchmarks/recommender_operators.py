"""The live recommender beside single rungs and popularity, operator by operator, on customers nobody chose by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import mean

import numpy as np

from benchmarks.simulated_facts import END, simulated_facts
from training.metrics import Interval
from training.recommender.backtest import Snapshots, judge_rung, open_window
from training.recommender.choice import choose
from training.recommender.metrics import PerCustomer
from training.recommender.reporting import mean_intervals
from training.recommender.spec import RecommenderSpec
from training.recommender.train import judged_models, validation_windows

METRIC = "ndcg@3"
POPULARITY = "season_popularity"
SMALLEST, LARGEST = 50, 3_000


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
    names = results[0].alone
    return max(names, key=lambda name: mean(float(one.alone[name].mean()) for one in results))


def _deciding(models: Mapping[str, PerCustomer]) -> dict[str, np.ndarray]:
    return {name: metrics[METRIC] for name, metrics in models.items()}
