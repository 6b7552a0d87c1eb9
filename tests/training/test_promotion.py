"""The gate: what is worse than a simple rule stays out, and there is always a way back."""

from datetime import UTC, datetime

import pytest

from activity_log.errors import NoModelError, WrongUseError
from feature_repo.watching.findings import Finding
from models.card import ModelCard
from models.registry import CHALLENGER, CHAMPION, Run
from training.promotion import PromotionRefusedError, judge, promote

NOW = datetime(2026, 11, 1, tzinfo=UTC)
GOOD = {"test_auc": 0.80, "test_brier": 0.18, "recency_rule_auc": 0.75, "recency_rule_brier": 0.20}
BAD = GOOD | {"test_auc": 0.70}


def logged(registry, operator_id, metrics, text="a model"):
    card = ModelCard(
        operator_id=operator_id,
        task="churn",
        feature_service="churn_v1",
        as_of=NOW,
        trained_at=NOW,
        horizon_days=365,
    )
    return registry.log(
        Run(
            card,
            save=lambda folder: (folder / "model.txt").write_text(text),
            params={"seed": 7},
            metrics=metrics,
        )
    )


def read_text(folder):
    return (folder / "model.txt").read_text()


def test_the_figures_decide():
    assert judge("churn", GOOD).promoted
    assert not judge("churn", GOOD, [Finding("last_nps", "range", "11")]).promoted
    assert not judge("recommender", {}, [Finding("family_ids", "missing", "1")]).promoted
    assert "AUC 0.700 is below that of recency_rule (0.750)" in judge("churn", BAD).reason
    assert "Brier" in judge("churn", GOOD | {"test_brier": 0.25}).reason
    assert judge("recommender", {}).promoted
    assert not judge("recommender", {"live": 0.3, "live_high": 0.35, "floor": 0.4}).promoted


def test_without_a_challenger_there_is_nothing_to_promote(registry):
    with pytest.raises(PromotionRefusedError, match="'nobody' has no churn challenger"):
        promote(registry, "nobody", "churn", NOW)
    with pytest.raises(NoModelError, match="train and promote one"):
        registry.load("nobody", "churn", read_text)


def test_a_worse_challenger_stays_out_unless_forced(registry):
    logged(registry, "strict", BAD)
    with pytest.raises(PromotionRefusedError, match="stays out"):
        promote(registry, "strict", "churn", NOW)
    assert registry.version("strict", "churn", CHAMPION) is None
    assert promote(registry, "strict", "churn", NOW, force=True) == "1"


def test_a_breach_of_its_features_keeps_a_good_challenger_out_unless_forced(registry):
    cents = Finding("revenue_365d", "drift", "values lie 0.99 from those of 2025-11-01, beyond 0.50")
    missing = Finding("last_nps", "missing", "12 are missing; it is said never to be missing")
    logged(registry, "watched", GOOD)
    with pytest.raises(PromotionRefusedError) as refused:
        promote(registry, "watched", "churn", NOW, breaches=[cents, missing])
    assert "revenue_365d: values lie 0.99" in str(refused.value)
    assert "last_nps: 12 are missing" in str(refused.value)
    assert "--force promotes it all the same" in str(refused.value)
    assert registry.version("watched", "churn", CHAMPION) is None
    assert promote(registry, "watched", "churn", NOW, breaches=[cents], force=True) == "1"


def test_rolling_back_serves_the_earlier_champion_again(registry):
    logged(registry, "o", GOOD, "first")
    assert promote(registry, "o", "churn", NOW) == "1"
    with pytest.raises(WrongUseError, match="no earlier champion"):
        registry.roll_back("o", "churn")
    logged(registry, "o", GOOD, "second")
    assert registry.version("o", "churn", CHALLENGER) == "2"
    assert registry.load("o", "churn", read_text).model == "first"
    promote(registry, "o", "churn", NOW)
    promote(registry, "o", "churn", NOW)
    loaded = registry.load("o", "churn", read_text)
    assert (loaded.model, loaded.version, loaded.name) == ("second", "2", "o.churn")
    assert registry.roll_back("o", "churn") == "1"
    assert registry.load("o", "churn", read_text).model == "first"
