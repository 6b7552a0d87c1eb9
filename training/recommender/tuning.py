"""Settings of the rungs, searched by Optuna on a part of the training data that was held out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.recommender import (
    AlsoBooked,
    AlsoBookedSettings,
    ALSSettings,
    Ease,
    EaseSettings,
    GraphFilter,
    GraphFilterSettings,
    ImplicitALS,
    Rung,
)
from training.recommender.holdout import Task
from training.recommender.judging import judge

if TYPE_CHECKING:
    from optuna import Trial

Progress = Callable[[str], object]

LARGE = 200_000
"""From so many pairs of customer and item on, fewer trials are made."""
FACTORS, MOST_FACTORS = (8, 16, 32, 64), 512
MOST_DENSE = 7_000
"""Families that EASE models: a quarter of a minute and half a gigabyte."""

PAPER = {"shrinkage": 0.1, "breadth_power": 1.0, "from_power": 0.5, "to_power": 0.5}
"""Pairs as Shen et al. have them, without a correction to speak of."""
PAIRS = (
    PAPER | {"shrinkage": 10.0},
    PAPER,
    {"shrinkage": 5.0, "breadth_power": 1.2, "from_power": 0.8, "to_power": 0.2},
)
"""Where the search for pairs begins: corrected for small numbers, as in the paper, and with the popular first."""


@dataclass(frozen=True)
class Tuning:
    """A search on one task. The ranges are wide and the same for everybody; trials are counted, not timed.

    Optuna's tree-structured Parzen estimator, seeded: Bergstra et al., NIPS 2011.
    """

    task: Task
    k: int
    seed: int
    progress: Progress = lambda _: None

    def also_booked(self) -> AlsoBookedSettings:
        """Search the correction for small numbers and the exponents of the normalisation."""

        def settings(trial: "Trial") -> AlsoBookedSettings:
            return AlsoBookedSettings(
                shrinkage=trial.suggest_float("shrinkage", 0.1, 30.0, log=True),
                neighbours=self._neighbours,
                breadth_power=trial.suggest_float("breadth_power", 0.0, 1.5),
                from_power=trial.suggest_float("from_power", 0.0, 1.0),
                to_power=trial.suggest_float("to_power", 0.0, 1.0),
            )

        fit = AlsoBooked.fit
        best = self._search(lambda trial: self.ndcg(fit(self.task.bookings, settings(trial))), PAIRS, 8, 24)
        return AlsoBookedSettings(neighbours=self._neighbours, **best)

    def als(self) -> ALSSettings:
        """Search with few factors, then double them while that helps.

        What regularises few factors well does so for many: Rendle et al., RecSys 2022, section 4.
        """
        few = tuple(number for number in FACTORS if number <= max(self._most_factors, FACTORS[0]))
        choices = few[-1:] if self._large else few

        def value(trial: "Trial") -> float:
            return self.ndcg(ImplicitALS.fit(self.task.bookings, settings(trial)))

        def settings(trial: "Trial") -> ALSSettings:
            return ALSSettings(
                factors=trial.suggest_categorical("factors", choices),
                regularisation=trial.suggest_float("regularisation", 0.3, 300.0, log=True),
                alpha=trial.suggest_float("alpha", 1.0, 100.0, log=True),
                breadth_power=trial.suggest_float("breadth_power", 0.0, 1.0),
                iterations=10,
            )

        start = [{"factors": choices[-1], "regularisation": 10.0, "alpha": 10.0, "breadth_power": 0.0}]
        found = self._search(value, start, 8, 16)
        return self._grown(ALSSettings(iterations=10, **found))

    def ease(self) -> EaseSettings:
        """Search the ridge; where the data is large, one that suits most is taken, since each try takes its time."""
        settings = EaseSettings(families=MOST_DENSE)
        if self._large:
            return settings

        def value(trial: "Trial") -> float:
            ridge = trial.suggest_float("ridge", 1.0, 2_000.0, log=True)
            return self.ndcg(Ease.fit(self.task.bookings, settings.model_copy(update={"ridge": ridge})))

        return settings.model_copy(update=self._search(value, [{"ridge": settings.ridge}], 8, 8))

    def graph_filter(self, pairs: AlsoBookedSettings) -> GraphFilterSettings:
        """Search how many of the leading vectors count how much, beside these pairs or the paper's.

        Fitted once: fewer vectors are the first of many.
        """
        papers = AlsoBookedSettings(neighbours=self._neighbours, **PAPER)
        choices_of_pairs = {"tuned": pairs, "paper": papers}
        fitted = GraphFilter.fit(self.task.bookings, GraphFilterSettings(factors=self._most_factors))
        similar = {name: AlsoBooked.fit(self.task.bookings, one) for name, one in choices_of_pairs.items()}
        choices = tuple(sorted({max(1, fitted.vectors.shape[1] >> halvings) for halvings in range(4)}))

        def value(trial: "Trial") -> float:
            beside = similar[trial.suggest_categorical("pairs", tuple(similar))]
            factors = trial.suggest_categorical("factors", choices)
            weight = trial.suggest_float("weight", 0.001, 10.0, log=True)
            vectors = fitted.vectors[:, :factors]
            return self.ndcg(replace(fitted, pairs=beside, vectors=vectors, weight=weight))

        starts = [{"pairs": name, "factors": choices[-1], "weight": 0.3} for name in similar]
        found = self._search(value, starts, 8, 16)
        return GraphFilterSettings(**found | {"pairs": choices_of_pairs[found["pairs"]]})

    def ndcg(self, rung: Rung) -> float:
        """Return ndcg@k of a fitted rung."""
        return float(judge(rung, self.task, (self.k,))[f"ndcg@{self.k}"].mean())

    @property
    def _large(self) -> bool:
        return len(self.task.bookings) > LARGE

    @property
    def _neighbours(self) -> int:
        return 1_000 if self._large else 200

    @property
    def _most_factors(self) -> int:
        narrow = min(len(self.task.bookings.families), self.task.bookings.n_customers) // 4
        return max(1, min(MOST_FACTORS, narrow))

    def _grown(self, settings: ALSSettings) -> ALSSettings:
        best = self.ndcg(ImplicitALS.fit(self.task.bookings, settings))
        while 2 * settings.factors <= self._most_factors:
            more = settings.model_copy(update={"factors": 2 * settings.factors})
            reached = self.ndcg(ImplicitALS.fit(self.task.bookings, more))
            self.progress(f"tuning: {more.factors} factors reach ndcg@{self.k} {reached:.4f}")
            if reached <= best:
                break
            best, settings = reached, more
        return settings

    def _search(
        self, value: Callable[["Trial"], float], starts: Sequence[dict[str, Any]], few: int, many: int
    ) -> dict[str, Any]:
        """Return the best parameters found, beginning with `starts`; `few` trials where the data is large."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.seed, n_startup_trials=6)
        )
        for start in starts:
            study.enqueue_trial(start)
        study.optimize(value, n_trials=few if self._large else many)
        self.progress(f"tuning: ndcg@{self.k} {study.best_value:.4f} with {study.best_params}")
        return study.best_params
