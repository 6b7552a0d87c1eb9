"""Metrics by hand."""

import numpy as np
import pytest

from training.metrics import auc_gain_interval, classification_metrics, expected_calibration_error


def test_ece_is_the_mean_gap_of_the_bins():
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([0.1, 0.3, 0.6, 0.8])
    assert expected_calibration_error(labels, probabilities, bins=2) == pytest.approx((0.2 + 0.3) / 2)


def test_ece_of_a_perfect_forecast_is_zero():
    labels = np.array([0, 1] * 50)
    assert expected_calibration_error(labels, labels.astype(float)) == 0.0


def test_a_perfect_ranking_of_four():
    figures = classification_metrics(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.6, 0.9]))
    assert figures["auc"] == 1.0
    assert figures["accuracy"] == 1.0
    assert figures["brier"] == pytest.approx((0.01 + 0.16 + 0.16 + 0.01) / 4)


def test_the_interval_of_a_gain_holds_zero_for_equals_and_not_for_the_better():
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 2, 400)
    noise, good = generator.uniform(size=400), labels + generator.normal(0, 0.5, 400)
    same = auc_gain_interval(labels, noise, noise, seed=1)
    better = auc_gain_interval(labels, good, noise, seed=1)
    assert same == (0.0, 0.0)
    assert better.low > 0.2
