"""What MLflow keeps of the trained operator's models, read back the way a data scientist would."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from activity_log import reading
from feature_repo.services import CHURN, RECOMMENDER, SERVICES
from feature_repo.store import OnlineRow, open_features
from models.churn import ChurnScorer, encode
from models.recommender import Context, History, Recommender
from models.registry import CHALLENGER, CHAMPION, ModelRegistry
from serving.answers import Answers
from tests.conftest import SimulatedOperator
from training.churn import ChurnSpec
from training.lifecycle.card_words import WORDS
from training.report import Report
from training.slices import EVERYBODY

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


TASKS = ("churn", "value", "channel", "clusters", "recommender")
PLOTS = {
    "churn": {
        "calibration.png",
        "lift.png",
        "precision_recall.png",
        "reliability_by_month.png",
        "slices.png",
    },
    "value": {"calibration.png", "comparison.png", "slices.png"},
    "channel": {"comparison.png", "rates.png", "slices.png"},
    "clusters": {"comparison.png"},
    "recommender": {"comparison.png", "coverage.png", "recall.png"},
}


@pytest.mark.parametrize("task", TASKS)
def test_a_run_says_what_it_was_trained_on_by_which_code_and_recipe(trained: SimulatedOperator, task: str):
    run = run_of(trained, task)
    tags = run.data.tags
    assert int(tags["data.facts"]) > 10_000
    assert len(tags["data.fingerprint"]) == 32
    assert tags["data.known_before"] == tags["as_of"] == trained.now.isoformat()
    assert tags["code.source"]
    assert run.data.params["seed"] == "7"
    assert run.data.params["feature_service"] in SERVICES


@pytest.mark.parametrize("task", TASKS)
def test_a_run_keeps_report_plots_signature_and_a_card_in_both_languages(
    trained: SimulatedOperator, models: ModelRegistry, task: str, tmp_path: Path
):
    run, plots = run_of(trained, task), plots_of(run_of(trained, task), trained, tmp_path)
    assert plots.keys() >= PLOTS[task]
    assert set(plots.values()) == {b"\x89PNG\r\n\x1a\n"}
    report = models.load(OPERATOR, task, Report.load).model
    assert report.metrics().items() <= run.data.metrics.items()
    for language, title in (("de", "Modellkarte"), ("en", "Model card")):
        page = mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path=f"model_card.{language}.html", dst_path=str(tmp_path)
        )
        text = Path(page).read_text(encoding="utf-8")
        assert title in text
        assert tags_of(text, "img") == len(plots)
        assert run.data.tags["data.fingerprint"] in text
    signature = mlflow.models.get_model_info(f"models:/{OPERATOR}.{task}@{CHAMPION}").signature
    assert signature.inputs
    assert signature.outputs


@pytest.mark.parametrize("task", TASKS)
def test_all_that_a_card_shows_has_a_name_that_people_understand(
    trained: SimulatedOperator, models: ModelRegistry, task: str, tmp_path: Path
):
    report = models.load(OPERATOR, task, Report.load).model
    plots = plots_of(run_of(trained, task), trained, tmp_path)
    slices = {one.slice.partition("=")[0] for one in report.gains} - {EVERYBODY}
    for words in WORDS.values():
        assert {one.model for one in report.figures} <= words.models.keys()
        assert {one.metric for one in (*report.figures, *report.limits)} <= words.metrics.keys()
        assert plots.keys() <= words.captions.keys()
    assert slices <= WORDS["de"].kinds.keys()


def tags_of(html: str, name: str) -> int:
    return html.count(f"<{name} ")


def test_churn_beats_the_simple_rules_on_moments_it_had_not_seen(
    trained: SimulatedOperator, models: ModelRegistry
):
    run = run_of(trained, "churn")
    settings = {name: str(value) for name, value in ChurnSpec().model_dump(mode="json").items()}
    assert settings.items() <= run.data.params.items()
    report = models.load(OPERATOR, "churn", Report.load).model
    assert report.baseline is not None
    gain = report.gain(report.baseline)
    assert gain is not None
    assert gain.low > 0, "over the best rule, beyond chance"
    assert all(limit.holds for limit in report.limits)


def test_the_recommender_run_says_which_rung_is_live_and_why(trained: SimulatedOperator):
    run = run_of(trained, "recommender")
    assert run.data.params["feature_service"] == RECOMMENDER
    assert run.data.tags["why"]
    assert run.data.metrics["ndcg_at_3"] >= run.data.metrics["season_popularity.ndcg_at_3"]


def test_the_card_is_kept_beside_the_artefact(trained: SimulatedOperator, models: ModelRegistry):
    for task, kind, service in (("churn", ChurnScorer, CHURN), ("recommender", Recommender, RECOMMENDER)):
        card = models.load(OPERATOR, task, kind.load, CHALLENGER).card
        assert (card.operator_id, card.task, card.feature_service) == (OPERATOR, task, service)
        assert (card.as_of, card.trained_at) == (trained.now, trained.now)


def test_the_scorer_the_pyfunc_and_the_service_say_the_same(
    trained: SimulatedOperator, models: ModelRegistry, answers: Answers
):
    rows = [row for row in rows_of(trained, CHURN) if row.features["total_bookings"]]
    scorer = models.load(OPERATOR, "churn", ChurnScorer.load).model
    features = pd.DataFrame([row.features for row in rows])[list(scorer.features)].astype("float64")
    frame = features.assign(event_timestamp=pd.Timestamp(trained.now).tz_localize(None))
    scores = scorer.score(encode(frame, scorer.features), trained.now)
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
