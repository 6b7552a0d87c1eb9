"""One training session per task: build the features, make the training set, train, log as challenger."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from feature_repo.groups import CHURN_FEATURES
from feature_repo.services import CHURN, RECOMMENDER
from models.card import ModelCard, Task
from models.recommender import SeasonPopularity
from models.registry import Run
from training import plots
from training.churn import MOMENT, ChurnSpec, TrainedChurn, churn_moments, train_churn
from training.labels import no_booking_within
from training.recommender.plots import recall_plot
from training.recommender.train import RecommenderSpec, TrainedRecommender, train_recommender
from training.watching import reference_of, same_season, saved_with
from training.workbench import Workbench

CHURN_COLUMNS = tuple(name.split(":")[1] for name in CHURN_FEATURES)


@dataclass(frozen=True)
class Challenger:
    """A model that was trained and registered, and the figures that speak for or against it."""

    task: Task
    version: str
    metrics: dict[str, float]


def churn_examples(bench: Workbench, as_of: datetime, spec: ChurnSpec) -> pd.DataFrame:
    """Return the training set of all moments: keys, event_timestamp, churned, and the service's features.

    The features come from Feast, each row as of its moment; only customers who had booked by then are in it.
    """
    first, _ = bench.log_span()
    moments = churn_moments(spec, first, as_of)
    bench.build(moments)
    bench.say(f"joining the training set of {len(moments)} moments point in time")
    labels = bench.frame(no_booking_within(bench.facts, bench.customers_at(moments), spec.horizon, as_of))
    examples = labels.rename(columns={"as_of": MOMENT}).sort_values(
        [MOMENT, "customer_id"], ignore_index=True
    )
    joined = bench.features.training_set(examples, CHURN)
    return joined[joined["total_bookings"] > 0].reset_index(drop=True)


def train_churn_challenger(bench: Workbench, as_of: datetime, spec: ChurnSpec, now: datetime) -> Challenger:
    """Train the churn scorer on what was known at `as_of` and register it as challenger."""
    examples = churn_examples(bench, as_of, spec)
    bench.say(f"training churn on {len(examples):,} examples")
    trained = train_churn(examples, CHURN_COLUMNS, spec)
    card = _card(bench, "churn", CHURN, as_of, now, spec.horizon_days)
    metrics = _churn_metrics(trained)
    learned_from = [moment.to_pydatetime() for moment in sorted(examples[MOMENT].unique())]
    run = Run(
        card=card,
        save=saved_with(reference_of(bench, learned_from), trained.scorer.save),
        params=spec.model_dump() | {"best_baseline": trained.measured.best_baseline},
        metrics=metrics,
        plots={
            "calibration.png": plots.png(plots.calibration_plot(trained)),
            "comparison.png": plots.png(plots.comparison_plot(trained)),
            "importance.png": plots.png(plots.importance_plot(trained)),
        },
    )
    bench.say("registering churn as challenger")
    return Challenger("churn", bench.registry.log(run), metrics)


def train_recommender_challenger(
    bench: Workbench, as_of: datetime, spec: RecommenderSpec, now: datetime
) -> Challenger:
    """Train every rung on what was known at `as_of`, choose the live one, and register them as challenger."""
    bench.log_span()
    bench.say("training the recommender's rungs")
    trained = train_recommender(bench.connection, bench.facts, as_of, spec)
    card = _card(bench, "recommender", RECOMMENDER, as_of, now, spec.horizon_days)
    metrics = _recommender_metrics(trained, spec.judged_by)
    run = Run(
        card=card,
        save=saved_with(same_season(bench, as_of), trained.recommender.save),
        params=trained.params | {"horizon_days": spec.horizon_days, "seed": spec.seed},
        metrics=metrics,
        tags={"live_rung": trained.recommender.live, "why": trained.why},
        plots=_recommender_plots(trained),
    )
    bench.say("registering the recommender as challenger")
    return Challenger("recommender", bench.registry.log(run), metrics)


def materialise_now(bench: Workbench, as_of: datetime) -> int:
    """Build all features and states as of `as_of`, write the states to the online store; return the customers."""
    bench.build([as_of])
    customers = bench.build_states(as_of)
    bench.say(f"materialising {customers:,} customers")
    bench.features.materialise(as_of)
    return customers


def _card(
    bench: Workbench, task: Task, service: str, as_of: datetime, now: datetime, horizon_days: int
) -> ModelCard:
    return ModelCard(
        operator_id=bench.operator.operator_id,
        task=task,
        feature_service=service,
        as_of=as_of,
        trained_at=now,
        horizon_days=horizon_days,
    )


def _churn_metrics(trained: TrainedChurn) -> dict[str, float]:
    measured = trained.measured
    figures = {"test_customers": float(measured.customers), "examples": float(trained.examples)}
    figures |= {f"test_{name}": value for name, value in measured.metrics.items()}
    for baseline, values in measured.baselines.items():
        figures |= {f"{baseline}_{name}": value for name, value in values.items()}
    return figures | {"auc_gain_low": measured.auc_gain.low, "auc_gain_high": measured.auc_gain.high}


def _recommender_metrics(trained: TrainedRecommender, judged_by: str) -> dict[str, float]:
    """Return all figures, and those the gate looks at under names of their own; none without a test window."""
    judged = {figure.model: figure for figure in trained.figures if figure.metric == judged_by}
    if not judged:
        return trained.metrics
    live, floor = judged[trained.recommender.live], judged[SeasonPopularity.name]
    gate = {"live": live.value, "live_low": live.interval.low, "live_high": live.interval.high}
    return trained.metrics | gate | {"floor": floor.value}


def _recommender_plots(trained: TrainedRecommender) -> dict[str, bytes]:
    return {"recall.png": plots.png(recall_plot(trained))} if trained.metrics else {}
