"""Expected loss, by hand: a chance of one half, of a spend that is the revenue so far or what the model expects."""

from datetime import UTC, datetime

import numpy as np
import pytest

from feature_repo.store import OnlineRow
from serving.slipping import expected_losses

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Scorer:
    """Half of all chances to whoever booked once, none to others."""

    features = ("total_bookings",)

    def score(self, matrix, now):
        assert now == NOW
        return np.where(matrix[:, 0] == 1, 0.5, 0.0)


class Value:
    """Expects 300 for each booking so far."""

    features = ("total_bookings",)

    def forecast(self, matrix, now):
        return type("Forecast", (), {"spend": 300.0 * matrix[:, 0]})


def row(customer_id, bookings, revenue):
    return OnlineRow(customer_id, {"total_bookings": bookings, "lifetime_revenue": revenue}, NOW)


ROWS = [row("anna", 1, 1_000.0), row("bernd", 0, 0.0), row("new", None, None), row("clara", 4, 5_000.0)]


def test_without_a_value_model_the_revenue_so_far_is_at_stake():
    losses = expected_losses(ROWS, Scorer(), None, NOW)
    assert [(loss.row.customer_id, loss.probability, loss.amount) for loss in losses] == [
        ("anna", 0.5, 500.0),
        ("clara", 0.0, 0.0),
    ]


def test_with_one_the_expected_spend_is():
    losses = expected_losses(ROWS, Scorer(), Value(), NOW)
    assert [(loss.row.customer_id, loss.amount) for loss in losses] == [("anna", 150.0), ("clara", 0.0)]


@pytest.mark.parametrize("rows", [[], [row("bernd", 0, 0.0)]])
def test_who_never_booked_is_nobodys_loss(rows):
    assert expected_losses(rows, Scorer(), None, NOW) == []
