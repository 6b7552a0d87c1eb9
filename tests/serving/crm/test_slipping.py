"""Expected loss, by hand: a chance of one half, of a spend that is the revenue so far or what the model expects."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from feature_repo.store import OnlineRow
from models.rebooking import RebookingCalendar
from serving.slipping import Loss, expected_losses, has_trip_ahead, slips_this_week
from tests.activity_log.stories import Books

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Scorer:
    """Half of all chances to whoever booked once, none to others."""

    features = ("total_bookings",)
    calendar = RebookingCalendar()

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


def loss(probability=0.5, upcoming=0, since=400.0, booking_days=1):
    known = {
        "upcoming_trips": upcoming, "days_since_last_booking": since, "booking_days": booking_days,
        "days_to_rebooking_window": None, "rebooking_window_days": None,
    }  # fmt: skip
    return Loss(OnlineRow("anna", known, NOW), probability, 100.0)


@pytest.mark.parametrize(
    ("told", "slips"),
    [
        (loss(), True),
        (loss(since=335.0), True),  # the calendar of all opens 335 days after the last booking: today
        (loss(since=328.0), True),  # in a week
        (loss(since=327.0), False),  # in eight days
        (loss(upcoming=1), False),
        (loss(probability=0.01), False),
        (loss(since=None), False),
    ],
)
def test_who_is_to_be_called_this_week(told, slips):
    assert slips_this_week(told, Scorer(), NOW) is slips


def test_who_travels_along_has_a_trip_ahead_too(log):
    books = Books()
    operator_id = log.told(
        [
            *(books.knows(who, who.title(), "Arndt") for who in ("anna", "bernd", "clara")),
            books.books("anna", "ostsee-26", "2026-05-02", "bernd"),  # they leave on 1 September
            books.books("clara", "ostsee-26", "2026-05-02"),
            books.cancels("clara", "ostsee-26", "2026-05-02", "2026-05-20"),
        ]
    )
    with log.database.reading() as connection:
        ahead = {
            (who, day): has_trip_ahead(
                connection, operator_id, log.customer(operator_id, who), date(2026, 9, day)
            )
            for who in ("anna", "bernd", "clara")
            for day in (1, 2)
        }
    assert [key for key, is_ahead in ahead.items() if is_ahead] == [("anna", 1), ("bernd", 1)]


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
