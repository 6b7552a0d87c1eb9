"""What MLflow keeps of the trained operator's models, read back the way a data scientist would."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from activity_log import reading
from feature_repo.services import CHURN, RECOMMENDER
from feature_repo.store import OnlineRow, open_features
from models.churn import ChurnScorer, encode
from models.recommender import Context, History, Recommender
from models.registry import CHALLENGER, CHAMPION, ModelRegistry
from serving.answers import Answers
from tests.conftest import SimulatedOperator
from training.churn import ChurnSpec

OPERATOR = "nordlicht"


@pytest.fixture(scope="module")
def models(trained: SimulatedOperator) -> ModelRegistry:
    return ModelRegistry(trained.settings)


def run_of(trained: SimulatedOperator, task: str) -> Run:
    client = MlflowClient(trained.settings.tracking_uri)
    version = client.get_model_version_by_alias(f"{OPERATOR}.{task}", CHAMPION)
    return client.get_run(version.run_id)


def plots_of(run: Run, trained: SimulatedOperator, folder: Path) -> dict[str, bytes]:
    """The first bytes of each plot."""
    mlflow.set_tracking_uri(trained.settings.tracking_uri)
    mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="plots", dst_path=str(folder))
    return {path.name: path.read_bytes()[:8] for path in (folder / "plots").iterdir()}


def rows_of(trained: SimulatedOperator, service: str) -> list[OnlineRow]:
    with trained.database.reading() as connection:
        customers = reading.all_customers(connection, OPERATOR)[:200]
    return open_features(trained.settings).online(service, OPERATOR, customers, trained.now)


def test_the_churn_run_says_how_it_was_trained_and_what_it_achieved(trained: SimulatedOperator):
    run = run_of(trained, "churn")
    settings = {name: str(value) for name, value in ChurnSpec().model_dump().items()}
    assert settings.items() <= run.data.params.items()
    assert run.data.params["feature_service"] == CHURN
    assert run.data.params["best_baseline"] in {"base_rate", "recency_rule", "rfm_logistic"}
    for judged in ("test", "base_rate", "recency_rule", "rfm_logistic"):
        for metric in ("auc", "average_precision", "brier", "ece", "log_loss", "accuracy"):
            assert run.data.metrics[f"{judged}_{metric}"] >= 0, (judged, metric)
    assert run.data.metrics["auc_gain_low"] < run.data.metrics["auc_gain_high"]
    assert run.data.tags["as_of"] == trained.now.isoformat()


def test_churn_beats_the_recency_rule_on_a_moment_it_had_not_seen(trained: SimulatedOperator):
    figures = run_of(trained, "churn").data.metrics
    assert figures["test_customers"] > 300
    assert figures["test_auc"] > figures["recency_rule_auc"]
    assert figures["test_brier"] < figures["recency_rule_brier"]
    assert figures["auc_gain_low"] > 0, "over the best rule, beyond chance"


@pytest.mark.parametrize(
    ("task", "plots"),
    [("churn", {"calibration.png", "comparison.png", "importance.png"}), ("recommender", {"recall.png"})],
)
def test_the_plots_are_pictures(trained: SimulatedOperator, task: str, plots: set[str], tmp_path: Path):
    assert plots_of(run_of(trained, task), trained, tmp_path) == dict.fromkeys(plots, b"\x89PNG\r\n\x1a\n")


def test_the_recommender_run_says_which_rung_is_live_and_why(trained: SimulatedOperator):
    run = run_of(trained, "recommender")
    assert run.data.params["feature_service"] == RECOMMENDER
    assert run.data.tags["why"]
    assert run.data.metrics["live"] >= run.data.metrics["floor"]


def test_the_card_is_kept_beside_the_artefact(trained: SimulatedOperator, models: ModelRegistry):
    for task, kind, service in (("churn", ChurnScorer, CHURN), ("recommender", Recommender, RECOMMENDER)):
        card = models.load(OPERATOR, task, kind.load, CHALLENGER).card
        assert (card.operator_id, card.task, card.feature_service) == (OPERATOR, task, service)
        assert (card.as_of, card.trained_at) == (trained.now, trained.now)


def test_the_scorer_the_pyfunc_and_the_service_say_the_same(
    trained: SimulatedOperator, models: ModelRegistry, answers: Answers
):
    rows = [row for row in rows_of(trained, CHURN) if row.features["total_bookings"]]
    frame = pd.DataFrame([row.features for row in rows])
    scorer = models.load(OPERATOR, "churn", ChurnScorer.load).model
    scores = scorer.score(encode(frame, scorer.features))
    mlflow.set_tracking_uri(trained.settings.tracking_uri)
    function = mlflow.pyfunc.load_model(f"models:/{OPERATOR}.churn@{CHAMPION}")
    assert function.predict(frame) == scores.tolist()
    risks = answers.churn_risk(OPERATOR, [row.customer_id for row in rows], "de")
    assert [risk.probability for risk in risks] == pytest.approx(scores.tolist(), abs=1e-12)
    assert np.ptp(scores) > 0.3


def test_the_recommenders_pyfunc_ranks_as_the_artefact_does(
    trained: SimulatedOperator, models: ModelRegistry
):
    rows = [row.features for row in rows_of(trained, RECOMMENDER) if row.features["family_ids"]][:20]
    recommender = models.load(OPERATOR, "recommender", Recommender.load).model
    mlflow.set_tracking_uri(trained.settings.tracking_uri)
    ranked = mlflow.pyfunc.load_model(f"models:/{OPERATOR}.recommender@{CHAMPION}").predict(
        pd.DataFrame(rows)
    )
    for row, families in zip(rows, ranked, strict=True):
        history = History(tuple(row["family_ids"]), tuple(row["family_counts"]))
        assert families == [one.family for one in recommender.rank(history, Context(month=None))]
