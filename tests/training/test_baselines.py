"""The simple rules, each on a table that can be checked by hand."""

import numpy as np
import pandas as pd
import pytest

from training.baselines import BASELINES, BaseRate, BgNbd, DayLimits, RecencyRule, RfmLogistic


def customers(**columns: list[float]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    usual = {
        "days_since_last_booking": [100.0] * count, "total_bookings": [2] * count, "booking_days": [2] * count,
        "days_since_first_booking": [500.0] * count,
    }  # fmt: skip
    return pd.DataFrame({**usual, "lifetime_revenue": [800.0] * count, "churned": [False] * count, **columns})


def test_the_base_rate_is_the_share_of_the_past_for_everybody():
    rule = BaseRate().fit(customers(churned=[True, False, False, False]), 180)
    assert rule.predict(customers(total_bookings=[1, 9])).tolist() == [0.25, 0.25]


def test_the_recency_rule_pools_what_contradicts_it_and_never_falls():
    """At 20 days fewer leave than at 10: the rule takes both together, as one half (Barlow et al. 1972)."""
    past = customers(
        days_since_last_booking=[10, 20, 300, 300, 300, 300], churned=[True, False, True, True, True, False]
    )
    rule = RecencyRule().fit(past, 180)
    told = rule.predict(customers(days_since_last_booking=[0, 10, 15, 20, 160, 300, 9_999]))
    assert told.tolist() == pytest.approx([0.5, 0.5, 0.5, 0.5, 0.625, 0.75, 0.75])


def test_the_recency_rule_is_never_certain():
    rule = RecencyRule().fit(customers(days_since_last_booking=[10, 300], churned=[False, True]), 180)
    assert rule.predict(customers(days_since_last_booking=[10, 300])).tolist() == pytest.approx(
        [0.001, 0.999]
    )


def test_the_regression_learns_that_the_recent_the_frequent_and_the_generous_stay():
    chance = np.random.default_rng(1)
    columns = {
        "days_since_last_booking": chance.uniform(1, 1_000, 2_000),
        "total_bookings": chance.integers(1, 20, 2_000),
        "lifetime_revenue": chance.uniform(0, 9_000, 2_000),
    }
    logarithms = {name: np.log1p(values) for name, values in columns.items()}
    odds = (
        logarithms["days_since_last_booking"]
        - logarithms["total_bookings"]
        - logarithms["lifetime_revenue"] / 2
    )
    past = pd.DataFrame(columns).assign(churned=chance.uniform(size=2_000) < 1 / (1 + np.exp(-odds)))
    rule = RfmLogistic().fit(past, 180)
    usual = rule.predict(customers(total_bookings=[3]))
    assert rule.predict(customers(total_bookings=[3], days_since_last_booking=[700])) > usual
    assert rule.predict(customers(total_bookings=[9])) < usual
    assert rule.predict(customers(total_bookings=[3], lifetime_revenue=[8_000])) < usual


def test_the_day_limits_are_fixed_and_only_the_shares_are_learned():
    past = customers(
        days_since_last_booking=[10, 90, 91, 180, 181, 900], churned=[False, False, False, True, True, True]
    )
    told = DayLimits().fit(past, 180).predict(customers(days_since_last_booking=[0, 90, 91, 180, 181]))
    assert told.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]


def test_a_step_nobody_was_on_gets_everybodys_share():
    past = customers(days_since_last_booking=[10, 10], churned=[False, True])
    assert DayLimits().fit(past, 180).predict(customers(days_since_last_booking=[500])).tolist() == [0.5]


def test_bg_nbd_learns_from_histories_alone_that_a_regular_who_fell_silent_is_gone():
    chance = np.random.default_rng(3)
    known = customers(
        days_since_first_booking=[800.0] * 400,
        days_since_last_booking=chance.uniform(0, 800, 400).tolist(),
        booking_days=chance.integers(2, 20, 400).tolist(),
    )
    known.loc[0, ["days_since_last_booking", "booking_days"]] = [500.0, 20]
    known.loc[1, ["days_since_last_booking", "booking_days"]] = [5.0, 20]
    gone, here = BgNbd().fit(known, 180).predict(known)[:2]
    assert gone > 0.9
    assert here < 0.2


@pytest.mark.parametrize("name", BASELINES)
def test_every_rule_gives_a_probability_for_who_spent_nothing_and_booked_today(name: str):
    chance = np.random.default_rng(2)
    past = customers(
        days_since_last_booking=chance.uniform(0, 900, 50).tolist(),
        churned=(chance.uniform(size=50) < 0.5).tolist(),
    )
    (told,) = (
        BASELINES[name]()
        .fit(past, 180)
        .predict(customers(days_since_last_booking=[0.0], lifetime_revenue=[0.0]))
    )
    assert 0 <= told <= 1
