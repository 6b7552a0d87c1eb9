"""Models in MLflow: what a run keeps, which version is served, and the way back."""

from pathlib import Path

import lightgbm
import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from activity_log.errors import NoModelError, WrongUseError
from activity_log.settings import Settings
from models.card import ModelCard
from models.churn import ChurnScorer, encode
from models.registry import CHALLENGER, CHAMPION, ModelRegistry, Run
from tests.feature_repo.stories import utc

NOW = utc("2026-11-01")
FEATURES = ("days_since_last_booking", "total_bookings")


def scorer(seed: int) -> ChurnScorer:
    chance = np.random.default_rng(seed)
    matrix = chance.uniform(0, 100, (200, 2))
    params = {"objective": "binary", "num_leaves": 4, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(params, lightgbm.Dataset(matrix, matrix[:, 0] > chance.uniform(0, 100, 200)), 5)
    return ChurnScorer(FEATURES, booster, slope=1.0, intercept=0.1 * seed)


def run_of(model: ChurnScorer, operator_id: str, **metrics: float) -> Run:
    card = ModelCard(
        operator_id=operator_id,
        task="churn",
        feature_service="churn_v1",
        as_of=NOW,
        trained_at=NOW,
        horizon_days=365,
    )
    return Run(card, model.save, {"rounds": 5}, metrics, {"why": "a test"}, {"calibration.png": b"png"})


def test_a_run_keeps_card_parameters_figures_tags_and_plots(
    registry: ModelRegistry, registry_settings: Settings, tmp_path: Path
):
    version = registry.log(run_of(scorer(1), "reisen", test_auc=0.75, recency_rule_auc=0.5))
    assert registry.metrics("reisen", "churn", version) == {"test_auc": 0.75, "recency_rule_auc": 0.5}
    client = MlflowClient(registry_settings.tracking_uri)
    run = client.get_run(client.get_model_version("reisen.churn", version).run_id)
    assert run.data.params == {"rounds": "5", "feature_service": "churn_v1"}
    assert (run.data.tags["why"], run.data.tags["as_of"]) == ("a test", NOW.isoformat())
    mlflow.set_tracking_uri(registry_settings.tracking_uri)
    plot = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="plots/calibration.png", dst_path=str(tmp_path)
    )
    assert Path(plot).read_bytes() == b"png"
    assert Path(plot).is_relative_to(tmp_path)


def test_the_challenger_is_what_was_logged_last_and_no_champion_until_promoted(registry: ModelRegistry):
    first, second = (registry.log(run_of(scorer(seed), "ostwind")) for seed in (1, 2))
    assert registry.version("ostwind", "churn", CHALLENGER) == second != first
    assert registry.version("ostwind", "churn", CHAMPION) is None
    with pytest.raises(NoModelError, match="'ostwind' has no champion churn model"):
        registry.load("ostwind", "churn", ChurnScorer.load)


def test_a_loaded_champion_scores_as_it_was_trained_also_as_pyfunc(
    registry: ModelRegistry, registry_settings: Settings
):
    trained = scorer(3)
    version = registry.log(run_of(trained, "seewind"))
    registry.promote("seewind", "churn", version, NOW)
    frame = pd.DataFrame(
        {"total_bookings": [3, None], "other": ["x", "y"], "days_since_last_booking": [90.0, 5.0]}
    )
    matrix = encode(frame, FEATURES)
    loaded = registry.load("seewind", "churn", ChurnScorer.load)
    assert (loaded.name, loaded.version) == ("seewind.churn", version)
    assert (loaded.card.feature_service, loaded.card.as_of, loaded.card.horizon_days) == (
        "churn_v1",
        NOW,
        365,
    )
    assert loaded.model.score(matrix).tolist() == trained.score(matrix).tolist()
    mlflow.set_tracking_uri(registry_settings.tracking_uri)
    function = mlflow.pyfunc.load_model(f"models:/seewind.churn@{CHAMPION}")
    assert function.predict(frame) == trained.score(matrix).tolist()


def test_rolling_back_goes_through_the_champions_one_by_one_and_refuses_at_the_first(registry: ModelRegistry):
    versions = [registry.log(run_of(scorer(seed), "nordwind")) for seed in (1, 2, 3)]
    for version in versions:
        registry.promote("nordwind", "churn", version, NOW)
    assert registry.version("nordwind", "churn", CHAMPION) == versions[2]
    assert registry.roll_back("nordwind", "churn") == versions[1]
    assert registry.version("nordwind", "churn", CHAMPION) == versions[1]
    registry.promote("nordwind", "churn", versions[2], NOW)
    assert [registry.roll_back("nordwind", "churn") for _ in range(2)] == [versions[1], versions[0]]
    with pytest.raises(WrongUseError, match=r"nordwind\.churn: there is no earlier champion"):
        registry.roll_back("nordwind", "churn")
    assert registry.version("nordwind", "churn", CHAMPION) == versions[0], "a refusal changes nothing"


def test_an_operator_without_models_has_nothing_to_roll_back(registry: ModelRegistry):
    with pytest.raises(WrongUseError, match=r"nobody\.churn: there is no earlier champion"):
        registry.roll_back("nobody", "churn")


def test_operators_share_no_model(registry: ModelRegistry):
    version = registry.log(run_of(scorer(1), "westwind"))
    registry.promote("westwind", "churn", version, NOW)
    assert registry.version("westwind2", "churn", CHAMPION) is None
    assert registry.version("westwind", "recommender", CHAMPION) is None
    assert registry.load("westwind", "churn", ChurnScorer.load).card.operator_id == "westwind"
