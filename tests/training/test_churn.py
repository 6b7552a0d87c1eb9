"""The churn training on tables small enough to check by hand, and on ones with a planted answer."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from activity_log.errors import NotEnoughDataError
from training.churn import ChurnSpec, TrainedChurn, fit_churn, known_at, scored, split, train_churn
from training.churn_examples import Examples, churned_within, outcomes_of
from training.season import learn_season

FEATURES = ("days_since_last_booking", "days_since_first_booking", "booking_days", "total_bookings")
SPEC = ChurnSpec(horizon_days=180, step_days=30, rounds=20, folds=2)
START = datetime(2024, 1, 1, tzinfo=UTC)


def examples(moments: int = 12, customers: int = 200) -> pd.DataFrame:
    """Customers who stay away the surer the longer ago their last booking was; all is known until 30 days later."""
    generator = np.random.default_rng(1)
    count = moments * customers
    recency, month = generator.uniform(0, 700, count), np.arange(count) // customers
    leaves = generator.uniform(size=count) < 1 / (1 + np.exp(-(recency - 350) / 80))
    known = 180.0 + 30.0 * (moments - 1 - month)
    next_day = np.where(leaves, np.nan, generator.uniform(0, 170, count))
    return pd.DataFrame(
        {
            "operator_id": "o",
            "customer_id": [f"c{place % customers}" for place in range(count)],
            "event_timestamp": pd.to_datetime([START + timedelta(days=30 * int(one)) for one in month]),
            "days_to_next_booking": next_day,
            "days_known": known,
            "days_since_last_booking": recency,
            "days_since_first_booking": recency + 400,
            "booking_days": 3,
            "total_bookings": 3,
            "lifetime_revenue": 900.0,
        }
    )


@pytest.fixture(scope="module")
def trained() -> TrainedChurn:
    return train_churn(examples(), FEATURES, SPEC, champion=SPEC.model_copy(update={"rounds": 5}))


def test_no_outcome_that_is_learned_from_reaches_the_held_out_moments():
    past, future = split(examples(), SPEC)
    first = future["event_timestamp"].min()
    told = past["event_timestamp"] + pd.to_timedelta(past["days_to_next_booking"], unit="D")
    assert (told.dropna() < first).all()
    assert (past["event_timestamp"] + pd.to_timedelta(past["days_known"], unit="D") == first).all()
    assert (future["days_known"] >= SPEC.horizon_days).all()


def test_as_many_moments_are_held_out_as_leave_two_to_learn_from():
    """Of moments 0 to 11, 30 days apart, 7 is the first that 0 and 1 lie a horizon of 180 days before."""
    _, future = split(examples(), SPEC)
    assert future["event_timestamp"].min() == START + timedelta(days=30 * 7)


def test_what_was_known_earlier_is_what_had_happened_by_then():
    row = examples(moments=1, customers=1).assign(days_to_next_booking=100.0, days_known=180.0)
    assert known_at(row, START + timedelta(days=101))["days_to_next_booking"].tolist() == [100.0]
    early = known_at(row, START + timedelta(days=100))
    assert early["days_to_next_booking"].isna().all()
    assert early["days_known"].tolist() == [100.0]
    assert known_at(row, START).empty


def test_the_outcomes_of_the_held_out_moments_change_no_choice(trained: TrainedChurn):
    table = examples()
    late = table["event_timestamp"] >= trained.report.test_from
    turned = table.copy()
    turned.loc[late, "days_to_next_booking"] = (
        turned.loc[late, "days_to_next_booking"].isna().map({True: 1.0, False: np.nan})
    )
    fooled = train_churn(turned, FEATURES, SPEC)
    assert (trained.probabilities == fooled.probabilities).all()
    assert trained.report.metrics()["auc"] > 0.85
    assert fooled.report.metrics()["auc"] < 0.15


def test_the_report_compares_with_the_best_rule_and_the_champion(trained: TrainedChurn):
    report = trained.report
    assert report.baseline in {"recency_rule", "rfm_logistic", "bg_nbd"}
    assert {gain.rival for gain in report.gains if gain.slice == "all"} == {report.baseline, "champion"}
    gain = report.gain(str(report.baseline))
    assert gain is not None
    figures = report.metrics()
    assert gain.value == pytest.approx(figures["auc"] - figures[f"{report.baseline}.auc"])
    assert gain.low <= gain.value <= gain.high
    assert report.limits[0].value == figures["ece"]


def test_the_same_examples_give_the_same_bits():
    table = examples(moments=8)
    first, second = (scored(fit_churn(table, FEATURES, SPEC), table) for _ in range(2))
    assert (first == second).all()


def test_probabilities_are_calibrated_on_customers_not_seen(trained: TrainedChurn):
    assert ((trained.probabilities > 0) & (trained.probabilities < 1)).all()
    assert trained.report.metrics()["ece"] < 0.08


def test_what_was_learned_by_heart_calibrates_nothing():
    """Who leaves is drawn by lot for each customer, once: seen again at other moments they would look foretold."""
    table, generator = examples(), np.random.default_rng(2)
    number = table["customer_id"].str[1:].astype(int).to_numpy()
    lots = generator.uniform(size=(2, number.max() + 1))
    table = table.assign(
        days_since_last_booking=700 * lots[0][number],
        days_to_next_booking=np.where(lots[1][number] < 0.5, np.nan, 20.0),
    )
    table["days_since_first_booking"] = table["days_since_last_booking"] + 400
    told = scored(fit_churn(table, FEATURES, SPEC), table)
    assert np.abs(told - 0.5).max() < 0.2


def test_shorter_horizons_are_looked_at_where_the_long_one_is_not_known():
    rows = examples(moments=1, customers=3).assign(
        days_to_next_booking=[10.0, 100.0, np.nan], days_known=[180.0, 180.0, 95.0]
    )
    told = outcomes_of(Examples.of(rows, FEATURES), (90.0, 180.0), 100, 1)
    assert list(zip(told.places.tolist(), told.horizons.tolist(), told.churned.tolist(), strict=True)) == [
        (0, 90.0, 0), (1, 90.0, 1), (2, 90.0, 1), (0, 180.0, 0), (1, 180.0, 0),
    ]  # fmt: skip


def test_a_booking_on_the_last_day_of_the_horizon_is_in_it():
    rows = examples(moments=1, customers=3).assign(days_to_next_booking=[179.9, 180.0, np.nan])
    assert churned_within(rows, 180).tolist() == [0, 1, 1]


def told_at(rows: list[tuple[str, int, np.ndarray, float]], until: int) -> pd.DataFrame:
    """Make examples of customers, moments, the days of bookings before (days after START) and days to the next."""
    table = pd.DataFrame(rows, columns=["customer_id", "moment", "before", "days_to_next_booking"])
    return pd.DataFrame(
        {
            "customer_id": table["customer_id"],
            "event_timestamp": pd.to_datetime([START + timedelta(days=one) for one in table["moment"]]),
            "days_to_next_booking": table["days_to_next_booking"],
            "days_known": until - table["moment"].astype(float),
            "days_since_last_booking": table["moment"] - table["before"].map(lambda days: days[-1]),
            "days_since_first_booking": table["moment"] - table["before"].map(lambda days: days[0]),
            "booking_days": table["before"].map(len),
            "total_bookings": table["before"].map(len),
        }
    )


def seasonal(busy: int) -> pd.DataFrame:
    """Four years of 300 customers who book at random, once in 200 days, three times as often in one month."""
    generator, rows = np.random.default_rng(4), []
    for customer in range(300):
        days = np.sort(generator.uniform(0, 1_460, generator.poisson(20)))
        months = ((START + pd.to_timedelta(days, unit="D")).month if len(days) else np.array([])) == busy
        days = days[months | (generator.uniform(size=len(days)) < 1 / 3)]
        for moment in range(120, 1_400, 30):
            before, after = days[days < moment], days[days >= moment]
            if len(before):
                rows.append((f"c{customer}", moment, before, after[0] - moment if len(after) else np.nan))
    return told_at(rows, 1_460)


def test_the_clock_runs_fastest_in_the_month_when_most_is_booked():
    inputs = learn_season(Examples.of(seasonal(busy=5), FEATURES), FEATURES, START.timestamp() / 86_400)
    paces = inputs.clock.paces
    assert int(np.argmax(paces)) + 1 == 5
    assert paces[4] > 1.8 * np.median(paces)


def steady(months: int) -> pd.DataFrame:
    """A log of so many months, begun amid the lives of 4,000 customers: new ones come, and each leaves some day.

    No month is busier than another. Who is there when the log begins is met at once, and the busiest first.
    """
    generator, rows, until = np.random.default_rng(5), [], months * 30
    for customer in range(4_000):
        joined, rate = generator.uniform(-1_000, until), generator.gamma(1.5, 1 / 90)
        stays = generator.exponential(400)
        days = np.sort(joined + generator.uniform(0, stays, generator.poisson(rate * stays)))
        days = days[(days >= 0) & (days < until)]
        for moment in range(60, until, 30):
            before, after = days[days < moment], days[days >= moment]
            if len(before):
                rows.append((f"c{customer}", moment, before, after[0] - moment if len(after) else np.nan))
    return told_at(rows, until)


def test_a_log_that_begins_with_old_customers_shows_no_season_where_there_is_none():
    inputs = learn_season(Examples.of(steady(12), FEATURES), FEATURES, START.timestamp() / 86_400)
    assert np.abs(np.log(inputs.clock.paces)).max() < np.log(1.1)


def test_what_came_of_late_moments_counts_more_where_a_half_life_is_set():
    """Up to May everybody came back, since then nobody: half and half, if all outcomes counted alike."""
    table = examples(moments=10)
    early = table["event_timestamp"] < START + timedelta(days=150)
    table = table.assign(days_to_next_booking=np.where(early, 20.0, np.nan))
    told = {
        half_life: scored(
            fit_churn(table, FEATURES, SPEC.model_copy(update={"half_life_days": half_life})), table
        ).mean()
        for half_life in (None, 30.0)
    }
    assert told[30.0] > told[None] + 0.1


def test_three_customers_are_too_few():
    with pytest.raises(NotEnoughDataError, match="3 customers"):
        train_churn(examples(customers=3), FEATURES, SPEC)


def test_one_outcome_is_nothing_to_learn_from():
    with pytest.raises(NotEnoughDataError, match="same outcome"):
        train_churn(examples().assign(days_to_next_booking=np.nan), FEATURES, SPEC)


def test_a_log_without_a_complete_outcome_is_refused():
    with pytest.raises(NotEnoughDataError, match="180 days back"):
        train_churn(examples().assign(days_known=100.0), FEATURES, SPEC)
