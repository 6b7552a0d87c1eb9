"""The gate: each rule refuses for its own reason, force needs a reason too, and there is always a way back."""

from datetime import UTC, datetime, timedelta

import pytest

from activity_log.errors import NoModelError, WrongUseError
from feature_repo.watching.findings import Finding
from models.card import ModelCard
from models.registry import CHALLENGER, CHAMPION, Run
from training.lifecycle.challenger import COMPARED_WITH, REFRESH
from training.promotion import PromotionRefusedError, Standing, examine, judge, promote
from training.report import Gain, Limit, Report

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def gain(rival: str, value: float, half: float, customers: int = 2_000, of: str = "all") -> Gain:
    """A gain in AUC with an interval of twice `half`."""
    return Gain(
        rival=rival,
        metric="auc",
        value=value,
        low=value - half,
        high=value + half,
        customers=customers,
        slice=of,
    )


def report(*gains: Gain, limits: tuple[Limit, ...] = (), baseline: str | None = "recency_rule") -> Report:
    return Report(
        task="churn",
        model="lightgbm",
        judged_by="auc",
        test_from=NOW - 365 * DAY,
        test_until=NOW,
        baseline=baseline,
        champion="champion" if any(one.rival == "champion" for one in gains) else None,
        figures=(),
        gains=gains,
        limits=limits,
    )


CLEAR = gain("recency_rule", 0.05, 0.02)
UNCLEAR = gain("recency_rule", 0.01, 0.02)
GOOD, BAD = report(CLEAR), report(UNCLEAR)
AGAINST_2 = Standing(live="2", compared_with="2")


FIRST = Standing()


def refused(report: Report, standing: Standing = FIRST, breaches=()) -> list[str]:
    return [one.rule for one in judge(report, standing, breaches).rulings if not one.passed]


def test_the_first_model_must_beat_the_best_simple_rule_beyond_doubt():
    assert judge(GOOD).promoted
    assert refused(BAD) == ["better than the best simple rule"]
    assert (
        "+0.0100 over recency_rule (95 % interval -0.0100 to +0.0300, 2,000 customers)" in judge(BAD).reason
    )


def test_with_few_customers_the_first_model_passes_unless_it_is_worse_and_the_verdict_says_so():
    few = judge(report(gain("recency_rule", 0.01, 0.09, customers=80)))
    assert few.promoted
    assert "too few customers to be sure" in few.rulings[0].found
    assert refused(report(gain("recency_rule", -0.01, 0.09, customers=80))) == [
        "better than the best simple rule"
    ]
    champion = gain("champion", 0.05, 0.02, customers=80)
    assert refused(report(gain("recency_rule", 0.01, 0.09, customers=80), champion), AGAINST_2) == [
        "better than the best simple rule"
    ], "only for the first"


def test_where_the_simplest_rule_itself_answers_there_is_nothing_to_beat():
    assert judge(report(baseline=None)).promoted


def test_the_champion_must_be_beaten_beyond_doubt():
    assert judge(report(CLEAR, gain("champion", 0.02, 0.01)), AGAINST_2).promoted
    assert refused(report(CLEAR, gain("champion", 0.02, 0.03)), AGAINST_2) == ["better than the champion"]


def test_the_same_recipe_on_newer_data_need_not_beat_itself_but_the_simple_rules():
    refresh = Standing(live="2", compared_with="2", refresh=True)
    assert judge(GOOD, refresh).promoted
    assert refused(BAD, refresh) == ["better than the best simple rule"]


def test_a_comparison_with_a_champion_that_is_live_no_more_does_not_count():
    old = Standing(live="3", compared_with="2", refresh=True)
    assert refused(GOOD, old) == ["better than the champion"]
    assert "compared with version 2, but 3 is live: train again" in judge(GOOD, old).reason
    assert refused(GOOD, Standing(live="3")) == ["better than the champion"]


def test_a_champion_whose_recipe_cannot_be_fitted_any_more_is_not_beaten():
    assert refused(GOOD, AGAINST_2) == ["better than the champion"]
    assert "could not be fitted" in judge(GOOD, AGAINST_2).reason


def test_limits_are_kept_whoever_else_is_in_the_race():
    kept, broken = (
        Limit(metric="ece", value=value, at_most=0.03, slice="season=spring") for value in (0.03, 0.031)
    )
    assert judge(report(CLEAR, limits=(kept,))).promoted
    assert refused(report(CLEAR, limits=(kept, broken))) == ["ece of season=spring"]


def test_a_slice_that_is_worse_beyond_doubt_refuses():
    worse = gain("champion", -0.05, 0.01, of="party=alone")
    assert refused(report(CLEAR, gain("champion", 0.02, 0.01), worse), AGAINST_2) == [
        "no slice is served worse"
    ]


def test_of_twenty_slices_one_may_look_worse_by_chance():
    """At 95 % each, one of twenty slices without any difference lies below zero more often than not in two tests."""
    slices = [gain("recency_rule", 0.01, 0.02, of=f"region={place}") for place in range(19)]
    unlucky = gain("recency_rule", -0.021, 0.02, of="region=19")
    verdict = judge(report(CLEAR, *slices, unlucky))
    assert verdict.promoted
    assert "to be watched: region=19" in verdict.rulings[-2].found
    assert not judge(report(CLEAR, *slices, gain("recency_rule", -0.035, 0.02, of="region=19"))).promoted


def test_breaches_of_features_refuse():
    assert refused(GOOD, breaches=[Finding("last_nps", "range", "11")]) == ["features are as they should be"]


def logged(registry, operator_id, report, text="a model", **tags):
    card = ModelCard(
        operator_id=operator_id,
        task="churn",
        feature_service="churn_v1",
        as_of=NOW,
        trained_at=NOW,
        horizon_days=365,
    )

    def save(folder):
        (folder / "model.txt").write_text(text)

    pages = {"report.json": report.model_dump_json()}
    return registry.log(Run(card, save, {"seed": 7}, report.metrics(), tags=tags, pages=pages))


def read_text(folder):
    return (folder / "model.txt").read_text()


def test_without_a_challenger_there_is_nothing_to_promote(registry):
    with pytest.raises(PromotionRefusedError, match="'nobody' has no churn challenger"):
        promote(registry, "nobody", "churn", NOW, by="anna")
    with pytest.raises(NoModelError, match="train and promote one"):
        registry.load("nobody", "churn", read_text)


def test_a_challenger_that_is_refused_stays_out_unless_forced_with_a_reason(registry):
    logged(registry, "strict", BAD)
    with pytest.raises(PromotionRefusedError, match="stays out: better than the best simple rule"):
        promote(registry, "strict", "churn", NOW, by="anna")
    with pytest.raises(WrongUseError, match="--force needs --why"):
        promote(registry, "strict", "churn", NOW, by="anna", force=True)
    assert registry.version("strict", "churn", CHAMPION) is None
    assert (
        promote(registry, "strict", "churn", NOW, by="anna", force=True, why="the trade fair is tomorrow")
        == "1"
    )
    (change,) = registry.history("strict", "churn")
    assert (change.forced, change.by) == (True, "anna")
    assert change.why.startswith(
        "the trade fair is tomorrow (the gate refused: better than the best simple rule"
    )


def test_a_breach_of_its_features_keeps_a_good_challenger_out(registry):
    cents = Finding("revenue_365d", "drift", "values lie 0.99 from those of 2025-11-01, beyond 0.50")
    logged(registry, "watched", GOOD)
    with pytest.raises(PromotionRefusedError, match=r"revenue_365d: values lie 0\.99"):
        promote(registry, "watched", "churn", NOW, by="anna", breaches=[cents])
    assert registry.version("watched", "churn", CHAMPION) is None


def test_the_history_says_why_and_by_whom_and_rolling_back_serves_the_earlier_champion_again(registry):
    logged(registry, "o", GOOD, "first")
    assert promote(registry, "o", "churn", NOW, by="anna") == "1"
    with pytest.raises(WrongUseError, match="no earlier champion"):
        registry.roll_back("o", "churn", NOW, by="anna", why="")
    logged(registry, "o", GOOD, "second", **{COMPARED_WITH: "1", REFRESH: "yes"})
    assert registry.version("o", "churn", CHALLENGER) == "2"
    assert registry.load("o", "churn", read_text).model == "first"
    for _ in range(2):
        promote(registry, "o", "churn", NOW + DAY, by="bernd")
    loaded = registry.load("o", "churn", read_text)
    assert (loaded.model, loaded.version, loaded.name) == ("second", "2", "o.churn")
    assert registry.roll_back("o", "churn", NOW + 2 * DAY, by="anna", why="customers complained") == "1"
    assert registry.load("o", "churn", read_text).model == "first"
    told = [(one.action, one.version, one.by) for one in registry.history("o", "churn")]
    assert told == [("promoted", "1", "anna"), ("promoted", "2", "bernd"), ("rolled back", "1", "anna")]
    assert "auc +0.0500 over recency_rule" in registry.history("o", "churn")[1].why


def test_looking_at_the_gate_changes_nothing(registry):
    logged(registry, "looker", GOOD)
    case = examine(registry, "looker", "churn")
    assert (case.version, case.live, case.verdict.promoted) == ("1", None, True)
    assert registry.version("looker", "churn", CHAMPION) is None
