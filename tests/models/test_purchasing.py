"""Purchase and spend models: the papers' own answers, simulation from known parameters, histories of nobody."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from models.purchasing import PurchaseModel, SpendModel

WEEKS = 7.0
CDNOW = PurchaseModel(r=0.243, alpha=4.414 * WEEKS, a=0.793, b=2.426)
"""Fader, Hardie and Lee 2005, table 2, the 2,357 customers of the CDNOW sample; here in days."""


def test_the_paper_s_example_customer_is_expected_to_buy_as_often_as_in_the_paper() -> None:
    """Two repeats, the last after 30.43 of 38.86 weeks: 1.226 purchases in the next 39 (Fader's note)."""
    history = ([2], [30.43 * WEEKS], [38.86 * WEEKS])

    assert CDNOW.expected(*history, 39 * WEEKS) == pytest.approx([1.226], abs=1e-3)


def test_spend_of_the_paper_s_customers_is_shrunk_as_in_the_paper() -> None:
    """p 6.25, q 3.74, v 15.44 (Fader and Hardie 2013): 35.2 without repeats, else nearer one's own."""
    model = SpendModel(p=6.25, q=3.74, v=15.44)

    assert model.expected([0, 2], [0.0, 22.35]) == pytest.approx([35.22, 24.65], abs=0.02)


@pytest.mark.parametrize("leaves_at_once", [False, True])
def test_parameters_that_made_the_histories_are_found_again(leaves_at_once: bool) -> None:
    histories, _ = _simulated(8_000, leaves_at_once)

    model = PurchaseModel.fit(*histories, leaves_at_once=leaves_at_once)

    assert model.r / model.alpha == pytest.approx(0.8 / 100, rel=0.1)
    assert model.a / (model.a + model.b) == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize("leaves_at_once", [False, True])
def test_what_is_expected_happens_on_average_whatever_the_frequency(leaves_at_once: bool) -> None:
    histories, bought = _simulated(20_000, leaves_at_once)
    model = PurchaseModel(0.8, 100.0, 1.0, 3.0, leaves_at_once)

    expected, nothing = model.expected(*histories, 180), model.no_purchase(*histories, 180)

    for some in (histories[0] == 0, histories[0] == 1, histories[0] > 2):
        assert expected[some].mean() == pytest.approx(bought[some].mean(), abs=0.05)
        assert nothing[some].mean() == pytest.approx((bought[some] == 0).mean(), abs=0.02)


@pytest.mark.parametrize("a", [0.3, 1.0, 1.0 + 1e-9, 2.7])
def test_the_closed_form_is_the_integral_over_the_chances_to_leave(a: float) -> None:
    """Given p, an active customer buys (1 - exp(-rate p t)) / p times; here averaged numerically."""
    model, x, now, horizon = PurchaseModel(0.6, 50.0, a, 2.0), 3, 300.0, 120.0

    def bought(p: float) -> float:
        shrunk = ((50.0 + now) / (50.0 + now + p * horizon)) ** (0.6 + x)
        return float((1 - shrunk) / p * beta.pdf(p, a, 2.0 + x))

    alive = model.alive([x], [280.0], [now])[0]
    assert model.expected([x], [280.0], [now], horizon)[0] == pytest.approx(
        alive * quad(bought, 0, 1)[0], 1e-5
    )


@settings(deadline=None, max_examples=15)
@given(
    histories=st.lists(
        st.tuples(st.integers(0, 5_000), st.floats(0, 5_000), st.floats(0, 5_000)), min_size=0, max_size=8
    ),
    leaves_at_once=st.booleans(),
)
def test_any_history_can_be_fitted_and_gives_possible_answers(
    histories: list[tuple[int, float, float]], leaves_at_once: bool
) -> None:
    columns = tuple(np.array([row[part] for row in histories], np.float64) for part in range(3))

    model = PurchaseModel.fit(*columns, leaves_at_once=leaves_at_once)

    alive, nothing = model.alive(*columns), model.no_purchase(*columns, 180)
    expected = model.expected(*columns, 180)
    assert ((alive >= 0) & (alive <= 1)).all()
    assert ((nothing >= 0) & (nothing <= 1)).all()
    assert (np.isfinite(expected) & (expected >= 0)).all()
    assert (expected >= 1 - nothing - 1e-9).all()  # who may buy once may buy more often


def test_weights_count_like_repeated_customers() -> None:
    x, last, age = np.array([0.0, 3.0]), np.array([0.0, 200.0]), np.array([300.0, 300.0])

    weighted = PurchaseModel.fit(x, last, age, weights=[10, 30])

    assert weighted.r == pytest.approx(
        PurchaseModel.fit(x.repeat([10, 30]), last.repeat([10, 30]), age.repeat([10, 30])).r, rel=1e-3
    )


def test_where_everything_was_free_nothing_is_expected() -> None:
    assert SpendModel.fit([1, 2], [0.0, 0.0]).expected([1, 0], [0.0, 0.0]).tolist() == [0.0, 0.0]


def test_spend_that_never_varies_is_expected_again() -> None:
    assert SpendModel.fit([2] * 30, [50.0] * 30).expected([0, 4], [0.0, 50.0]) == pytest.approx(
        50.0, rel=0.02
    )


def _simulated(
    customers: int, leaves_at_once: bool
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """Play BG/NBD with r .8, alpha 100 days, a 1, b 3: histories, and purchases in the 180 days that follow."""
    generator = np.random.default_rng(5)
    age = generator.uniform(200, 600, customers)
    rate, leaving = generator.gamma(0.8, 1 / 100, customers), generator.beta(1, 3, customers)
    here = generator.random(customers) >= leaving * leaves_at_once
    moment, x, last, bought = (np.zeros(customers) for _ in range(4))
    while here.any():
        moment = moment + generator.exponential(1 / np.maximum(rate, 1e-12))
        here &= moment <= age + 180
        seen = here & (moment <= age)
        x, last = x + seen, np.where(seen, moment, last)
        bought = bought + (here & ~seen)
        here &= generator.random(customers) >= leaving
    return (x, last, age), bought
