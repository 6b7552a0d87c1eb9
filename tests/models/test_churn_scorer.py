"""The scorer: who has not booked for long is likelier gone, and each feature says what it did to the score."""

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from models.churn import HIGH_FROM, MEDIUM_FROM, ChurnScorer, band, encode

FEATURES = ("days_since_last_booking", "total_bookings", "last_nps")


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    """500 customers; a third were never asked for a rating."""
    chance = np.random.default_rng(1)
    rating = np.where(chance.random(500) < 1 / 3, np.nan, chance.integers(0, 11, 500))
    return np.column_stack([chance.uniform(0, 1_000, 500), chance.integers(1, 9, 500), rating])


@pytest.fixture(scope="module")
def scorer(matrix: np.ndarray) -> ChurnScorer:
    left = (matrix[:, 0] / 1_000 + np.nan_to_num(5 - matrix[:, 2], nan=0) / 20 > 0.5).astype(int)
    params = {
        "objective": "binary",
        "num_leaves": 7,
        "min_data_in_leaf": 20,
        "verbosity": -1,
        "num_threads": 1,
    }
    booster = lightgbm.train(params, lightgbm.Dataset(matrix, left), 30)
    return ChurnScorer(FEATURES, booster, slope=0.8, intercept=-0.25)


def test_scores_are_probabilities_and_follow_what_was_learned(scorer: ChurnScorer, matrix: np.ndarray):
    scores = scorer.score(matrix)
    assert scores.shape == (500,)
    assert ((scores > 0) & (scores < 1)).all()
    gone, here = scorer.score(np.array([[900.0, 2.0, 1.0], [10.0, 2.0, 10.0]]))
    assert gone > 0.8 > 0.2 > here


def test_a_saved_scorer_scores_and_explains_to_the_bit(
    scorer: ChurnScorer, matrix: np.ndarray, tmp_path: Path
):
    scorer.save(tmp_path)
    again = ChurnScorer.load(tmp_path)
    assert again.features == FEATURES
    assert np.array_equal(again.score(matrix), scorer.score(matrix))
    shown = [row[:2] for row in again.contributions(matrix[:20])]
    assert repr(shown) == repr([row[:2] for row in scorer.contributions(matrix[:20])])


def test_contributions_add_up_to_the_log_odds_of_the_score(scorer: ChurnScorer, matrix: np.ndarray):
    scores = scorer.score(matrix)
    bias = scorer.booster.predict(matrix[:1], pred_contrib=True)[0, -1]
    for row, score in zip(scorer.contributions(matrix), scores, strict=True):
        told = sum(contribution.log_odds for contribution in row) + scorer.slope * bias + scorer.intercept
        assert told == pytest.approx(np.log(score / (1 - score)), abs=1e-9)


def test_contributions_come_strongest_risk_first_with_the_values_they_rest_on(scorer: ChurnScorer):
    row = np.array([[900.0, 3.0, np.nan]])
    (told,) = scorer.contributions(row)
    assert [c.log_odds for c in told] == sorted((c.log_odds for c in told), reverse=True)
    assert told[0].feature == "days_since_last_booking"
    values = {contribution.feature: contribution.value for contribution in told}
    assert values == pytest.approx(dict(zip(FEATURES, row[0], strict=True)), nan_ok=True)


def test_a_row_scores_the_same_alone_as_among_others(scorer: ChurnScorer, matrix: np.ndarray):
    together = scorer.score(matrix[:50])
    assert [scorer.score(matrix[place : place + 1])[0] for place in range(50)] == together.tolist()


def test_encoding_puts_columns_in_the_order_of_the_features_and_null_as_nan():
    columns = {"b": [1, None], "c": [True, False], "a": [0.5, 2]}
    assert encode(columns, ("a", "b", "c")).tolist() == [
        [0.5, 1.0, 1.0],
        [2.0, pytest.approx(np.nan, nan_ok=True), 0.0],
    ]
    with pytest.raises(KeyError, match="d"):
        encode(columns, ("a", "d"))


@pytest.mark.parametrize(
    ("probability", "name"),
    [(0.0, "low"), (MEDIUM_FROM - 1e-9, "low"), (MEDIUM_FROM, "medium"), (HIGH_FROM, "high"), (1.0, "high")],
)
def test_bands_include_their_lower_bound(probability: float, name: str):
    assert band(probability) == name
