"""The drawn last place: its chances are what a simulation counts, and everything else stays as it was."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.recommender.exploring import CHOICES, Listed, chances, explored


def test_chances_by_hand():
    np.testing.assert_allclose(chances(3, 0.11), [0.89 + 0.06, 0.03, 0.02])
    np.testing.assert_allclose(chances(1, 0.5), [1.0])


@given(st.integers(1, 40), st.floats(0.01, 1.0))
def test_chances_sum_to_one_and_none_is_too_small_to_weigh_by(candidates: int, share: float):
    probabilities = chances(min(candidates, CHOICES), share)
    assert probabilities.sum() == pytest.approx(1.0)
    assert (np.diff(probabilities) < 0).all()
    assert probabilities.min() >= share / (CHOICES * (1 / np.arange(1, CHOICES + 1)).sum()) * 0.999999


def test_the_recorded_propensity_is_how_often_each_is_drawn():
    """Twenty families, four places, drawn 200,000 times: the share of each is its propensity, to 4 sigma."""
    families, draws = tuple("abcdefghijklmnopqrst"), 200_000
    generator = np.random.default_rng(7)
    lists = [explored(families, 4, 0.3, number) for number in generator.random(draws)]
    assert {listed.shown[:3] for listed in lists} == {("a", "b", "c")}
    last = [listed.shown[3] for listed in lists]
    propensity = {listed.shown[3]: listed.propensity for listed in lists}
    assert set(propensity) == set("defghijklm") == set(lists[0].alternatives)
    assert sum(propensity.values()) == pytest.approx(1.0)
    for family, chance in propensity.items():
        error = 4 * np.sqrt(chance * (1 - chance) / draws)
        assert last.count(family) / draws == pytest.approx(chance, abs=error)


def test_where_there_is_nothing_to_draw_the_list_is_the_ranking():
    assert explored("abcdefgh", 3, 0.0, 0.99) == Listed(tuple("abc"))
    assert explored("abc", 3, 0.5, 0.99) == Listed(tuple("abc"))
    assert explored("ab", 3, 0.5, 0.99) == Listed(tuple("ab"))
    assert explored("", 3, 0.5, 0.99) == Listed(())
    assert explored("abcd", 0, 0.5, 0.99) == Listed(())


def test_a_list_of_one_is_drawn_as_a_whole():
    assert explored("ab", 1, 0.3, 0.89).shown == ("a",)
    drawn = explored("ab", 1, 0.3, 0.91)
    assert (drawn.shown, drawn.alternatives) == (("b",), ("a", "b"))
    assert drawn.propensity == pytest.approx(0.1)
