from datetime import UTC, datetime
from pathlib import Path

import mlflow.utils.validation as mlflow_rules

from training.report import Figure, Gain, Limit, Report, names_of

REPORT = Report(
    task="churn",
    model="lightgbm",
    judged_by="auc",
    test_from=datetime(2025, 11, 1, tzinfo=UTC),
    test_until=datetime(2026, 11, 1, tzinfo=UTC),
    baseline="rfm_logistic",
    figures=(
        Figure(model="lightgbm", metric="auc", value=0.81, low=0.79, high=0.83, customers=900),
        Figure(model="lightgbm", metric="auc", value=0.78, customers=200, slice="season=spring"),
        Figure(model="rfm_logistic", metric="recall@3", value=0.75, customers=900),
    ),
    gains=(Gain(rival="rfm_logistic", metric="auc", value=0.06, low=0.04, high=0.08, customers=900),),
    limits=(Limit(metric="ece", value=0.04, at_most=0.03),),
)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    REPORT.save(tmp_path)
    assert Report.load(tmp_path) == REPORT


def test_figures_are_found_by_model_metric_and_slice() -> None:
    assert REPORT.figure("lightgbm", "auc", "season=spring") == REPORT.figures[1]
    assert REPORT.figure("lightgbm", "auc", "season=autumn") is None
    assert REPORT.gain("rfm_logistic") == REPORT.gains[0]
    assert REPORT.gain("champion 3") is None
    assert names_of(REPORT.figures) == ("lightgbm", "rfm_logistic")


def test_a_limit_that_is_exceeded_does_not_hold() -> None:
    assert not REPORT.limits[0].holds
    assert Limit(metric="ece", value=0.03, at_most=0.03).holds


def test_metrics_have_names_that_mlflow_takes() -> None:
    metrics = REPORT.metrics()
    assert metrics == {
        "auc": 0.81,
        "auc.low": 0.79,
        "auc.high": 0.83,
        "auc/season:spring": 0.78,
        "rfm_logistic.recall_at_3": 0.75,
        "gain_over_rfm_logistic.auc": 0.06,
        "gain_over_rfm_logistic.auc.low": 0.04,
        "gain_over_rfm_logistic.auc.high": 0.08,
    }
    for name in metrics:
        mlflow_rules._validate_metric_name(name)
