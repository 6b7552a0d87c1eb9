"""The scorer: who has not booked for long is likelier gone, and each input says what it did to the score."""

from datetime import UTC, datetime
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from models.churn import HIGH_FROM, MEDIUM_FROM, ChurnScorer, Mixture, band, encode
from models.churn_inputs import ChurnInputs
from models.log_odds_line import LogOddsLine, line_places
from models.purchasing import PurchaseModel
from models.season_clock import SeasonClock, days_of

FEATURES = (
    "booking_days",
    "days_since_first_booking",
    "days_since_last_booking",
    "last_nps",
    "bookings_365d",
)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    """500 customers; a third were never asked for a rating."""
    chance = np.random.default_rng(1)
    rating = np.where(chance.random(500) < 1 / 3, np.nan, chance.integers(0, 11, 500))
    first, share = chance.uniform(30, 1_000, 500), chance.random(500)
    days = chance.integers(1, 9, 500)
    return np.column_stack(
        [days, first, np.where(days > 1, first * share, first), rating, chance.integers(0, 3, 500)]
    )


@pytest.fixture(scope="module")
def scorer(matrix: np.ndarray) -> ChurnScorer:
    summer = SeasonClock.of(np.log([0.5, 0.5, 1, 1, 1.5, 1.5, 1.5, 1.5, 1, 1, 0.5, 0.5]))
    inputs = ChurnInputs(FEATURES, summer, PurchaseModel(1.0, 100.0, 0.5, 2.0), 18_000.0)
    given = inputs.of(matrix, days_of(JUNE, 500), np.full(500, 180.0))
    left = (matrix[:, 2] / 1_000 + np.nan_to_num(5 - matrix[:, 3], nan=0) / 20 > 0.4).astype(int)
    params = {
        "objective": "binary",
        "num_leaves": 7,
        "min_data_in_leaf": 20,
        "verbosity": -1,
        "num_threads": 1,
    }
    booster = lightgbm.train(params, lightgbm.Dataset(given, left), 30)
    columns = len(line_places(inputs.names))
    line = LogOddsLine((0.1,) * columns, tuple(0.05 * place for place in range(columns)), -0.2)
    return ChurnScorer(inputs, booster, line, Mixture(0.8, 0.1, -0.25), 180)


def test_scores_are_probabilities_and_follow_what_was_learned(scorer: ChurnScorer, matrix: np.ndarray):
    scores = scorer.score(matrix, JUNE)
    assert scores.shape == (500,)
    assert ((scores > 0) & (scores < 1)).all()
    gone, here = scorer.score(np.array([[2.0, 950.0, 900.0, 1.0, 0.0], [4.0, 900.0, 10.0, 10.0, 2.0]]), JUNE)
    assert gone > 0.7 > 0.3 > here


def test_a_saved_scorer_scores_and_explains_to_the_bit(
    scorer: ChurnScorer, matrix: np.ndarray, tmp_path: Path
):
    scorer.save(tmp_path)
    again = ChurnScorer.load(tmp_path)
    assert again.features == FEATURES
    assert np.array_equal(again.score(matrix, JUNE), scorer.score(matrix, JUNE))
    assert repr(again.contributions(matrix[:20], JUNE)) == repr(scorer.contributions(matrix[:20], JUNE))
    assert (again.horizon_days, again.calendar) == (scorer.horizon_days, scorer.calendar)


def test_contributions_add_up_to_the_log_odds_of_the_score(scorer: ChurnScorer, matrix: np.ndarray):
    scores = scorer.score(matrix, JUNE)
    for row, score in zip(scorer.contributions(matrix, JUNE), scores, strict=True):
        told = sum(contribution.log_odds for contribution in row) + scorer.base_log_odds
        assert told == pytest.approx(np.log(score / (1 - score)), abs=1e-9)


def test_contributions_come_strongest_risk_first_with_the_values_they_rest_on(scorer: ChurnScorer):
    row = np.array([[3.0, 950.0, 900.0, np.nan, 0.0]])
    (told,) = scorer.contributions(row, JUNE)
    assert [c.log_odds for c in told] == sorted((c.log_odds for c in told), reverse=True)
    assert {contribution.feature for contribution in told} == set(scorer.inputs.names)
    values = {contribution.feature: contribution.value for contribution in told}
    assert values["days_since_last_booking"] == 900.0
    assert np.isnan(values["last_nps"])


def test_a_row_scores_the_same_alone_as_among_others_and_whichever_way_the_moment_is_told(
    scorer: ChurnScorer, matrix: np.ndarray
):
    together = scorer.score(matrix[:50], JUNE)
    assert [scorer.score(matrix[place : place + 1], JUNE)[0] for place in range(50)] == together.tolist()
    assert scorer.score(matrix[:50], [JUNE] * 50).tolist() == together.tolist()
    stamps = np.full(50, np.datetime64("2026-06-01T00:00:00", "us"))
    assert scorer.score(matrix[:50], stamps).tolist() == together.tolist()


def test_a_quiet_season_ahead_makes_silence_likelier(scorer: ChurnScorer):
    """The same customer, asked for the half-year from May and from November."""
    row = np.array([[4.0, 800.0, 30.0, 8.0, 1.0]])
    names = scorer.inputs.names
    silence = [
        dict(zip(names, scorer.inputs.of(row, days_of(moment, 1), np.array([180.0]))[0], strict=True))[
            "silence_odds"
        ]
        for moment in (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
    ]
    assert silence[0] < silence[1]


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
