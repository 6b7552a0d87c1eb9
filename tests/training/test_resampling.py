"""Anna and Bernd are each judged at three moments; they are two draws, not six."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from training.resampling import auc_of, average_precision_of, interval, intervals, mean_of

TWICE = np.array(["anna"] * 3 + ["bernd"] * 3)


def test_a_customer_is_one_draw() -> None:
    hits = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert interval(mean_of(hits), TWICE, seed=7) == (0.0, 1.0)
    by_row = interval(mean_of(hits), np.arange(6), seed=7)
    assert 0.0 < by_row.low < by_row.high < 1.0


def test_a_constant_has_no_width() -> None:
    assert interval(mean_of(np.full(6, 0.3)), TWICE, seed=7) == pytest.approx((0.3, 0.3))


def test_an_undefined_figure_has_no_interval() -> None:
    low, high = interval(auc_of(np.ones(6), np.arange(6.0)), TWICE, seed=7)
    assert np.isnan(low)
    assert np.isnan(high)


def test_the_area_is_that_of_scikit_learn_with_weights_and_ties() -> None:
    generator = np.random.default_rng(3)
    labels, scores = generator.integers(0, 2, 200), generator.integers(0, 12, 200) / 12
    weights = generator.integers(0, 4, 200).astype(float)
    assert auc_of(labels, scores)(weights) == pytest.approx(
        roc_auc_score(labels, scores, sample_weight=weights)
    )


def test_the_average_precision_is_that_of_scikit_learn_with_weights_and_ties() -> None:
    generator = np.random.default_rng(3)
    labels, scores = generator.integers(0, 2, 200), generator.integers(0, 12, 200) / 12
    weights = generator.integers(0, 4, 200).astype(float)
    assert average_precision_of(labels, scores)(weights) == pytest.approx(
        average_precision_score(labels, scores, sample_weight=weights)
    )


def test_figures_that_are_resampled_together_see_the_same_draws() -> None:
    hits, misses = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0, 1.0])
    both = intervals({"hits": mean_of(hits), "misses": mean_of(misses)}, np.arange(4), seed=7)
    assert both["hits"] == interval(mean_of(hits), np.arange(4), seed=7)
    assert both["misses"] == pytest.approx((1 - both["hits"].high, 1 - both["hits"].low))
