"""Predictions against outcomes: what is no accident is found, and luck is not called decay."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from benchmarks.monitoring import PROMISED, accused, scored_operator
from training.monitoring.decay import alarms
from training.monitoring.drifting import drift_of, reference_for, stability_index
from training.monitoring.judging import figures_of
from training.monitoring.shown import BOOKED, CLICKS, shown_figures
from training.report import Figure
from training.slices import EVERYBODY

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def test_figures_by_hand():
    """Four customers, one month: .2 and .4 stay, .6 stays away, .8 stays."""
    rows = pd.DataFrame(
        {
            "version": "3",
            "as_of": pd.Timestamp(JANUARY),
            "customer_id": list("abcd"),
            "churn_probability": [0.2, 0.4, 0.6, 0.8],
            "churned": [False, False, True, False],
        }
    )
    told = {(one.slice, one.metric): one.value for one in figures_of("churn", rows)}
    assert told["2026-01", "auc"] == told[EVERYBODY, "auc"] == pytest.approx(2 / 3)
    assert told["2026-01", "brier"] == pytest.approx((0.04 + 0.16 + 0.16 + 0.64) / 4)
    assert told["2026-01", "gap"] == pytest.approx(0.25 - 0.5)
    assert (told["2026-01", "predicted"], told["2026-01", "observed"]) == pytest.approx((0.5, 0.25))


def test_a_month_of_one_outcome_has_no_auc_and_no_crash():
    rows = scored_operator(1, months=1).assign(churned=False)
    assert "auc" not in {one.metric for one in figures_of("churn", rows)}


def test_a_customer_scored_every_month_is_one_customer():
    """Six equal months of 40 people do not make the interval narrower than one."""
    one = scored_operator(1, customers=40, months=1)
    again = pd.concat(
        [one.assign(as_of=pd.Timestamp(datetime(2026, 1 + number, 1, tzinfo=UTC))) for number in range(6)]
    )
    widths = [
        figure.high - figure.low
        for rows in (one, again.reset_index(drop=True))
        for figure in figures_of("churn", rows)
        if (figure.metric, figure.slice) == ("gap", EVERYBODY)
    ]
    assert widths[0] == pytest.approx(widths[1])
    assert {figure.customers for figure in figures_of("churn", again.reset_index(drop=True))} == {40}


def test_a_model_that_holds_is_never_accused():
    """Ten operators of 150 to 1,050 customers, six months each: not one alarm."""
    assert not any(accused(scored_operator(seed, customers=150 + 100 * seed)) for seed in range(10))


def test_planted_decay_is_found_in_the_months_it_is_in_and_in_no_other():
    found = accused(scored_operator(5, customers=2_000, weaker_from=4))
    assert {("2026-05", "auc"), ("2026-06", "auc")} <= found
    assert not {month for month, metric in found if metric == "auc"} & {f"2026-0{n}" for n in range(1, 5)}


def test_more_who_stay_away_are_found_though_the_order_is_right():
    found = accused(scored_operator(5, more_from=3))
    assert {(f"2026-0{month}", "gap") for month in (4, 5, 6)} <= found
    assert all(metric == "gap" for _, metric in found)


def test_the_alarm_says_what_was_promised():
    weak = [Figure(model="3", metric="auc", value=0.70, low=0.68, high=0.72, customers=900, slice="2026-05")]
    (alarm,) = alarms(weak, PROMISED)
    assert alarm.text == "AUC 0.700 against 0.820 promised"
    assert not alarms(weak, {})  # nothing promised, nothing broken
    unsure = [weak[0].model_copy(update={"low": 0.5, "high": 0.9})]
    assert not alarms(unsure, PROMISED)


def value_rows(came: float) -> pd.DataFrame:
    generator = np.random.default_rng(2)
    expected = generator.gamma(2.0, 0.5, 800)
    booked = generator.poisson(expected * came)
    return pd.DataFrame(
        {
            "version": "1", "as_of": pd.Timestamp(JANUARY), "customer_id": [f"c{n}" for n in range(800)],
            "expected_bookings": expected, "bookings_low": 0.0, "bookings_high": 3.0,
            "expected_spend": expected * 400, "kept_bookings": booked, "kept_spend": booked * 400.0,
        }
    )  # fmt: skip


def test_value_that_does_not_come_is_found():
    figures = {one.metric: one for one in figures_of("value", value_rows(1.0)) if one.slice == EVERYBODY}
    assert figures["bookings_gap"].low < 0 < figures["bookings_gap"].high
    assert figures["inside_range"].value > 0.8
    assert not alarms(list(figures.values()), {})
    (alarm, _) = alarms(figures_of("value", value_rows(0.6)), {})
    assert "fewer bookings than expected" in alarm.text


def test_scores_of_the_same_people_do_not_drift_and_of_others_do():
    generator = np.random.default_rng(4)
    then, now = generator.beta(2, 5, 500), generator.beta(2, 5, 500)
    keys = (("3", JANUARY), ("2", JANUARY))
    same = drift_of(now, then, *keys, tests=5)
    assert (same.drifted, same.psi < 0.1) == (False, True)
    moved = drift_of(generator.beta(5, 3, 500), then, *keys, tests=5)
    assert moved.drifted
    assert (moved.psi > 0.25, moved.ks > 0.3) == (True, True)
    few = drift_of(generator.beta(5, 3, 6), then[:6], *keys, tests=5)
    assert not few.drifted  # six customers prove nothing


def test_the_stability_index_by_hand():
    """Half below the median becomes a fifth: (.2-.5) ln .4 + (.8-.5) ln 1.6 over two bins, here of ten each alike."""
    then = np.arange(1000.0)
    now = np.concatenate([np.linspace(0, 499, 200), np.linspace(500, 999, 800)])
    assert stability_index(now, then) == pytest.approx(-0.3 * np.log(0.4) + 0.3 * np.log(1.6), abs=0.02)


def test_only_the_same_season_is_compared_with_and_the_same_version_first():
    def day(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}T00:00:00+00:00")

    scored = [
        ("1", day("2025-06-01")),
        ("2", day("2025-06-10")),
        ("2", day("2025-09-01")),
        ("2", day("2026-05-01")),
    ]
    assert reference_for(day("2026-06-01"), "2", scored) == ("2", day("2025-06-10"))
    assert reference_for(day("2026-06-01"), "3", scored) == ("1", day("2025-06-01"))
    assert reference_for(day("2026-07-01"), "2", scored) is None


def test_lists_shown_by_month_and_model():
    """March: Anna's two lists, one clicked and booked, and a stranger's; April is not over, r5 no model made."""

    def row(in_list: str, who: str | None, clicked: bool, bookings: int, **more: object) -> dict[str, object]:
        return {
            "recommendation_id": in_list, "person_id": who, "clicked": clicked, "bookings": bookings,
            "mature": True, "model": "o.recommender/1", "shown_at": datetime(2026, 3, 2, tzinfo=UTC),
        } | more  # fmt: skip

    outcomes = pd.DataFrame(
        [
            row("r1", "anna", False, 0),
            row("r1", "anna", True, 1),
            row("r2", "anna", False, 0),
            row("r3", None, True, 0),
            row("r4", "anna", True, 1, mature=False, shown_at=JANUARY + timedelta(days=100)),
            row("r5", "anna", True, 1, model=None),
        ]
    )
    told = {(one.slice, one.metric): (one.value, one.customers) for one in shown_figures(outcomes)}
    assert told == {("2026-03", CLICKS): (2 / 3, 2), ("2026-03", BOOKED): (1 / 2, 1)}
    assert shown_figures(outcomes[:0]) == []
