"""The churn training on tables small enough to check by hand, and on ones with a planted answer."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from activity_log.errors import NotEnoughDataError
from models.churn import encode
from training.churn import SHORTEST_HISTORY, ChurnSpec, churn_moments, fit_scorer, train_churn

FEATURES = ("days_since_last_booking", "total_bookings", "lifetime_revenue")
SPEC = ChurnSpec(horizon_days=180, step_days=30, rounds=20, folds=2)
START = datetime(2024, 1, 1, tzinfo=UTC)


def examples(moments: int = 9, customers: int = 200) -> pd.DataFrame:
    """Customers who leave the surer the longer ago their last booking was."""
    generator = np.random.default_rng(1)
    count = moments * customers
    recency = generator.uniform(0, 700, count)
    return pd.DataFrame(
        {
            "operator_id": "o",
            "customer_id": [f"c{place % customers}" for place in range(count)],
            "event_timestamp": pd.to_datetime(
                [START + timedelta(days=30 * (place // customers)) for place in range(count)]
            ),
            "churned": generator.uniform(size=count) < 1 / (1 + np.exp(-(recency - 350) / 80)),
            "days_since_last_booking": recency,
            "total_bookings": 3,
            "lifetime_revenue": 900.0,
        }
    )


def test_no_outcome_that_is_learned_from_reaches_the_held_out_moment():
    seen = {}

    def watch(past, features, spec):
        seen.setdefault("newest", past["event_timestamp"].max())
        return fit_scorer(past, features, spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.churn.fit_scorer", watch)
        table = examples()
        measured = train_churn(table, FEATURES, SPEC).measured
    assert measured.moment == table["event_timestamp"].max()
    assert seen["newest"] + SPEC.horizon <= measured.moment


def test_the_outcome_of_the_held_out_moment_changes_no_choice():
    table = examples()
    turned = table.copy()
    last = turned["event_timestamp"] == turned["event_timestamp"].max()
    turned.loc[last, "churned"] = ~turned.loc[last, "churned"]
    honest, fooled = (train_churn(each, FEATURES, SPEC).measured for each in (table, turned))
    assert (honest.probabilities == fooled.probabilities).all()
    assert honest.metrics["auc"] > 0.85
    assert fooled.metrics["auc"] < 0.15


def test_the_same_examples_give_the_same_bits():
    table = examples(moments=8)
    matrix = encode(table, FEATURES)
    first, second = (fit_scorer(table, FEATURES, SPEC).score(matrix) for _ in range(2))
    assert (first == second).all()


def test_probabilities_are_calibrated_on_customers_not_seen():
    measured = train_churn(examples(customers=600), FEATURES, SPEC).measured
    assert ((measured.probabilities > 0) & (measured.probabilities < 1)).all()
    assert measured.metrics["ece"] < 0.08


def test_what_was_learned_by_heart_calibrates_nothing():
    """Who leaves is drawn by lot for each customer, once: seen again at other moments they would look foretold."""
    table, generator = examples(), np.random.default_rng(2)
    number = table["customer_id"].str[1:].astype(int).to_numpy()
    lots = generator.uniform(size=(2, number.max() + 1))
    table = table.assign(days_since_last_booking=lots[0][number], churned=lots[1][number] < 0.5)
    told = fit_scorer(table, FEATURES, SPEC).score(encode(table, FEATURES))
    assert np.abs(told - 0.5).max() < 0.15


def test_moments_lie_a_horizon_before_now_and_go_back_to_the_first_months():
    now = START + timedelta(days=1_000)
    moments = churn_moments(SPEC, START, now)
    assert moments[-1] == now - SPEC.horizon
    assert moments[0] - START >= SHORTEST_HISTORY
    assert moments[0] - timedelta(days=SPEC.step_days) < START + SHORTEST_HISTORY
    assert {later - earlier for earlier, later in itertools.pairwise(moments)} == {timedelta(days=30)}


def test_a_short_log_is_refused_with_the_days_that_are_missing():
    with pytest.raises(
        NotEnoughDataError, match="300 days of log are too few for a horizon of 180 days; 450"
    ):
        churn_moments(SPEC, START, START + timedelta(days=300))


def test_three_customers_are_too_few():
    with pytest.raises(NotEnoughDataError, match="3 customers"):
        train_churn(examples(customers=3), FEATURES, SPEC)


def test_one_outcome_is_nothing_to_learn_from():
    with pytest.raises(NotEnoughDataError, match="same outcome"):
        train_churn(examples().assign(churned=True), FEATURES, SPEC)
