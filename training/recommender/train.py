"""Training the recommender: the rung is chosen in the past, measured in the test window, refitted on everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import altair
from ibis.backends.duckdb import Backend

from activity_log.errors import NotEnoughDataError
from feature_repo.expressions.clocks import Facts
from models.recommender import BookingCounts, Bookings, Recommender, RepeatOrNew, SeasonPopularity
from training.recommender.backtest import Snapshots, Window, judge, judge_rung, open_window
from training.recommender.choice import Choice, choose
from training.recommender.metrics import PerCustomer
from training.recommender.reporting import Measured, report_of
from training.recommender.slicing import slices_of_window
from training.recommender.spec import RecommenderSpec
from training.report import Figure, Report
from training.slices import Mask

__all__ = ["RecommenderSpec", "TrainedRecommender", "train_recommender"]

GLOBAL, BARE, CHAMPION = "global_popularity", "live_rung_alone", "champion"
"""Shown beside the rungs: popularity over all months, the live rung's bare scores, and the live model's recipe."""


@dataclass(frozen=True)
class TrainedRecommender:
    """The artefact, refitted on everything known, and what its like achieved on the test window.

    report: without figures where nobody who had booked booked again in the test window. judged: customers in it.
    """

    recommender: Recommender
    choice: Choice
    report: Report
    judged: int

    @property
    def why(self) -> str:
        """Why the live rung is live, in a sentence."""
        return self.choice.why

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What was measured, of all models and slices."""
        return self.report.figures

    @property
    def metrics(self) -> dict[str, float]:
        """The figures under names that MLflow takes."""
        flat = self.report.metrics()
        return flat | {"test_customers": float(self.judged)} if flat else {}

    @property
    def params(self) -> dict[str, Any]:
        """What was chosen: the live rung, how it is mixed, repeat-or-new, and each rung's settings."""
        chosen = {
            f"{name}_{key}": value
            for name, candidate in self.choice.candidates.items()
            for key, value in candidate.settings.model_dump().items()
        }
        repeat = {f"repeat_{key}": value for key, value in vars(self.recommender.repeat).items()}
        return chosen | {"live": self.choice.live} | vars(self.choice.mixing) | repeat

    @property
    def charts(self) -> dict[str, altair.TopLevelMixin]:
        """The figures, drawn, by file name; none without a test window."""
        from training.recommender.plots import recall_plot

        return {"recall.png": recall_plot(self)} if self.figures else {}


def train_recommender(
    connection: Backend,
    facts: Facts,
    as_of: datetime,
    spec: RecommenderSpec,
    champion: RecommenderSpec | None = None,
) -> TrainedRecommender:
    """Choose, measure and fit. Raises NotEnoughDataError only if no booking at all was known at `as_of`.

    The test window is the last horizon before `as_of`. Rung and settings are chosen on the windows before it, with
    what was known when the test window began; the artefact learns from everything. champion: the recipe of the live
    model, which goes through the same and is measured beside.
    """
    snapshots = Snapshots(connection, facts)
    if len(snapshots.rows(as_of)) == 0:
        raise NotEnoughDataError(
            f"recommender: no booking was known at {as_of:%Y-%m-%d}; ingest events first"
        )
    cutoff = as_of - spec.horizon
    windows = validation_windows(snapshots, cutoff, spec)
    choice = choose(windows, spec)
    rival = choose(windows, champion) if champion else None
    test = open_window(snapshots, cutoff, as_of, spec)
    report = _report(snapshots, test, choice, rival, as_of, spec)
    recommender = fit_recommender(snapshots.bookings(as_of), choice, as_of)
    return TrainedRecommender(recommender, choice, report, len(test.judged) if test else 0)


def fit_recommender(bookings: Bookings, choice: Choice, as_of: datetime) -> Recommender:
    """Fit all rungs, each with its chosen settings."""
    chosen = choice.candidates
    return Recommender(
        families=bookings.families,
        rungs={name: c.rung.fit(bookings, c.settings) for name, c in chosen.items()},
        live=choice.live,
        why=choice.why,
        repeat=RepeatOrNew.fit(bookings),
        mixing=choice.mixing,
        counts=BookingCounts.of(bookings),
        stops=bookings.stops,
        trained_as_of=as_of,
        n_customers=bookings.n_customers,
    )


def validation_windows(snapshots: Snapshots, cutoff: datetime, spec: RecommenderSpec) -> list[Window]:
    """Return the windows before `cutoff` that choose, the latest first; such as nobody returned in are left out."""
    windows: list[Window] = []
    for back in range(1, spec.validation_windows + 1):
        window = open_window(snapshots, cutoff - spec.horizon * back, cutoff, spec)
        windows += [window] if window else []
        if sum(len(one.judged) for one in windows) >= spec.most_judged:
            break
    return windows


def judged_models(test: Window, choice: Choice, spec: RecommenderSpec) -> Mapping[str, PerCustomer]:
    """Return the metrics of each customer: of popularity, of the live rung alone, and of each rung as an answer."""
    chosen = choice.candidates
    rungs = {
        name: candidate.rung.fit(test.bookings, candidate.settings) for name, candidate in chosen.items()
    }
    return {
        GLOBAL: judge_rung(test, test.season, test.contexts.anytime(), spec.ks),
        BARE: judge_rung(test, rungs[choice.live], test.contexts, spec.ks),
    } | {name: judge(test, rung, chosen[name].mixing, spec.ks) for name, rung in rungs.items()}


def _answered(test: Window, choice: Choice, name: str, spec: RecommenderSpec) -> PerCustomer:
    candidate = choice.candidates[name]
    rung = candidate.rung.fit(test.bookings, candidate.settings)
    return judge(test, rung, candidate.mixing, spec.ks)


def _report(
    snapshots: Snapshots,
    test: Window | None,
    choice: Choice,
    rival: Choice | None,
    as_of: datetime,
    spec: RecommenderSpec,
) -> Report:
    empty = Report(
        task="recommender",
        model=choice.live,
        judged_by=spec.judged_by,
        test_from=as_of - spec.horizon,
        test_until=as_of,
        baseline=None,
        figures=(),
        gains=(),
    )
    if test is None:
        return empty
    models = dict(judged_models(test, choice, spec))
    if rival is not None:
        models[CHAMPION] = _answered(test, rival, rival.live, spec)
    baseline = None if choice.live == SeasonPopularity.name else SeasonPopularity.name
    masks: Mapping[str, Mask] = slices_of_window(snapshots, test, as_of, spec.horizon)
    return report_of(empty, Measured(models, masks), baseline, CHAMPION if rival else None, spec.seed)
