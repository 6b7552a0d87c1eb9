"""The estimators by hand, and in a world whose truth is known."""

import numpy as np
import pytest

from benchmarks.off_policy import draw_world, log_and_estimate, logged
from training.off_policy.estimating import (
    DR,
    DR_SHRUNK,
    ESTIMATORS,
    IPS,
    LOGGED,
    SNIPS,
    Choices,
    estimates,
    overlap,
    shrunk,
)
from training.off_policy.rewards import expected_rewards


def choices(**changed) -> Choices:
    """Four visitors: the challenger agrees in the first two, which stood there by a chance of 1/2 and 1/4."""
    return Choices(
        **{
            "visitor": np.array(["anna", "bernd", "clara", "dora"]),
            "propensity": np.array([0.5, 0.25, 0.5, 0.75]),
            "target": np.array([1.0, 1.0, 0.0, 0.0]),
            "reward": np.array([1.0, 0.0, 1.0, 0.0]),
            "modelled": np.array([0.5, 0.5, 0.5, 0.5]),
            "expected": np.array([0.5, 0.5, 0.25, 0.25]),
            **changed,
        }
    )


def test_by_hand():
    told = {name: one.value for name, one in estimates(choices(), seed=7, resamples=10).items()}
    assert told[LOGGED] == 2 / 4
    assert told[IPS] == 2 / 4  # weights 2, 4, 0, 0; the 4 is clipped to 2, and was not rewarded
    assert told[SNIPS] == 2 / 6
    assert told[DR] == (1.5 + 2 * 0.5 + 4 * -0.5) / 4
    light, heavy = 4 * 2 / (4 + 4), 4 * 4 / (16 + 4)
    assert told[DR_SHRUNK] == pytest.approx((1.5 + light * 0.5 + heavy * -0.5) / 4)


def test_heavy_weights_are_clipped_at_the_root_of_n():
    rare = choices(propensity=np.array([0.01, 0.25, 0.5, 0.75]))
    assert estimates(rare, 7, 10)[IPS].value == 2 * 1.0 / 4
    assert shrunk(np.array([100.0]), 4.0)[0] < 0.1


def test_a_challenger_that_is_the_logging_policy_gains_nothing_and_needs_no_luck():
    """Where nothing is left to chance the weights are 1, and every estimator is the plain mean."""
    same = choices(propensity=np.ones(4), target=np.ones(4), modelled=np.zeros(4), expected=np.zeros(4))
    told = estimates(same, 7, 50)
    for name in (IPS, SNIPS, DR):
        assert told[name].value == 0.5
        assert told[name].gain_interval == (0.0, 0.0)
    assert overlap(same).effective == 4.0


def test_an_interval_draws_visitors_not_choices():
    """One visitor who came a hundred times is one witness: all resamples are alike."""
    rewards = np.tile([1.0, 0.0], 50)
    alone = Choices(np.full(100, "anna"), np.ones(100), np.ones(100), rewards, np.zeros(100), np.zeros(100))
    many = Choices(np.arange(100), np.ones(100), np.ones(100), rewards, np.zeros(100), np.zeros(100))
    assert estimates(alone, 7, 50)[LOGGED].interval == (0.5, 0.5)
    low, high = estimates(many, 7, 500)[LOGGED].interval
    assert (low, high) == pytest.approx((0.4, 0.6), abs=0.03)


def test_too_little_overlap_is_refused_with_the_reason():
    assert "worth 2 unweighted ones, at least 100" in overlap(choices()).refusal
    n = 400
    unrewarded = Choices(np.arange(n), np.full(n, 0.5), np.ones(n), np.zeros(n), np.zeros(n), np.zeros(n))
    assert "0 of the choices shared" in overlap(unrewarded).refusal
    rewarded = Choices(np.arange(n), np.full(n, 0.5), np.ones(n), np.ones(n), np.zeros(n), np.zeros(n))
    assert overlap(rewarded).refusal is None
    assert overlap(rewarded).mean_weight == 2.0  # and not 1: these propensities cannot be true
    nobody = Choices(*(np.zeros(0) for _ in range(6)))
    assert overlap(nobody).effective == 0.0


def test_expected_rewards_come_from_other_visitors():
    """Everybody is rewarded for "a" but Anna, who comes often: what is said of her knows nothing of that."""
    visitor = np.array(["anna"] * 20 + [f"v{n}" for n in range(20)])
    reward = np.array([0.0] * 20 + [1.0] * 20)
    told = expected_rewards(visitor, ["a"] * 40, ["a"] * 39 + ["b"], reward)
    assert told.taken[0] == told.challenger[0] == 1.0
    assert told.challenger[-1] < 1.0  # nobody was ever shown "b": the mean of all


def test_in_a_known_world_the_estimates_are_near_the_truth_and_the_naive_answer_is_not():
    """Twenty logs of 12,000 lists: bias below two standard errors, the naive answer off by many."""
    world = draw_world(3, visitors=8_000)
    told = [log_and_estimate(world, 12_000, seed, resamples=200) for seed in range(20)]
    naive = np.array([one.naive for one in told])
    assert naive.mean() > 6 * naive.std() / np.sqrt(len(naive))
    for name in (SNIPS, DR):
        errors = np.array([one.errors[name] for one in told])
        assert abs(errors.mean()) < 2.5 * errors.std() / np.sqrt(len(errors))
        assert sum(one.held[name] for one in told) >= 17
    for name in ESTIMATORS:
        assert sum(one.gain_held[name] for one in told) >= 16


def test_true_propensities_have_a_mean_weight_of_one():
    drawn, _ = logged(draw_world(3, visitors=4_000), 20_000, 1)
    assert overlap(drawn).mean_weight == pytest.approx(1.0, abs=0.1)
