"""The engagement score of Anna, of whom all is known, of Bernd, of whom one rating is, and of nobody."""

import pytest

from models.engagement import WEIGHTS, engagement

ANNA = {"messages_delivered_365d": 8, "read_rate_365d": 0.9, "average_satisfaction": 4.0, "last_nps": 9}
NOBODY = {
    "messages_delivered_365d": 0,
    "read_rate_365d": None,
    "average_satisfaction": None,
    "last_nps": None,
}


def test_annas_score_is_the_weighted_mean_of_her_parts():
    told = engagement(ANNA, churn_probability=0.2)
    response = (0.9 * 8 + 0.4 * 2) / 10
    expected = 100 * (0.35 * 0.8 + 0.25 * response + 0.2 * 0.75 + 0.2 * 0.9)
    assert told.score == pytest.approx(expected, abs=0.05)
    assert told.known == 1.0
    assert sum(part.weight for part in told.parts) == pytest.approx(1.0, abs=1e-3)


def test_one_rating_makes_no_score_but_is_shown():
    told = engagement(NOBODY | {"average_satisfaction": 5.0}, None)
    assert (told.score, told.known) == (None, WEIGHTS["satisfaction"])
    assert [part.kind for part in told.parts] == ["satisfaction"]


def test_of_nobody_nothing_is_said():
    assert engagement(NOBODY, None) == (None, 0, ())


def test_one_letter_unread_says_little():
    unread = NOBODY | {"messages_delivered_365d": 1, "read_rate_365d": 0.0}
    assert engagement(unread, 0.5).parts[1].share == pytest.approx(0.8 / 3, abs=1e-4)


def test_the_better_each_part_the_higher_the_score():
    base = engagement(ANNA, 0.2).score
    for better in ({"read_rate_365d": 1.0}, {"average_satisfaction": 5.0}, {"last_nps": 10}):
        assert engagement(ANNA | better, 0.2).score > base
    assert engagement(ANNA, 0.1).score > base
