"""Lifetime value: to the same bits, whoever else is asked for and in whatever order."""

import numpy as np

from models.value import lifetime_value


class Thinning:
    """A purchase model whose bookings thin out, faster for some."""

    @staticmethod
    def expected(seen: np.ndarray, days: float) -> np.ndarray:
        return 3.0 * (1.0 - np.exp(-seen * days / 400.0))


def test_what_a_customer_is_worth_does_not_depend_on_who_else_is_asked_for():
    dice = np.random.default_rng(5)
    seen, bookings, spend = dice.random(301) + 0.1, dice.random(301), 900 * dice.random(301)
    together = lifetime_value(Thinning(), seen, bookings, spend, 365)
    backwards = lifetime_value(Thinning(), seen[::-1], bookings[::-1], spend[::-1], 365)[::-1]
    alone = [
        lifetime_value(Thinning(), *(one[i : i + 1] for one in (seen, bookings, spend)), 365)[0]
        for i in range(301)
    ]
    assert (together > 0).all()
    assert together.tolist() == backwards.tolist() == alone
