"""Churn on somebody's own table: regulars who book every month, and some of them who stopped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from activity_log.errors import NotEnoughDataError, WrongUseError
from training.brought_transactions import read_transactions
from training.own_churn import evaluate_churn

START = datetime(2020, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=330)
HORIZON = 60
RULES = {"base_rate", "recency_rule", "rfm_logistic", "day_limits", "bg_nbd"}


def trade() -> pd.DataFrame:
    """120 customers over 400 days; every second one stops on a day of their own, some after the cutoff."""
    chance = np.random.default_rng(5)
    rows = []
    for customer in range(120):
        stops = chance.integers(60, 400) if customer % 2 else 400
        days = np.arange(chance.integers(0, 30), stops, 30) + chance.integers(-3, 4, 1)
        rows += [(f"c{customer}", START + timedelta(days=float(day)), 25.0) for day in days if day >= 0]
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])


def figures(table: pd.DataFrame, path: Path) -> dict[str, Any]:
    table.to_parquet(path)
    result = evaluate_churn(path, CUTOFF, HORIZON)
    assert result["models"]["lightgbm"].pop("fit_seconds") >= 0
    return result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return figures(trade(), tmp_path_factory.mktemp("own") / "trade.parquet")


def test_every_rule_is_measured_beside_the_model(result: dict[str, Any]):
    metrics = {"auc", "average_precision", "brier", "ece", "log_loss", "accuracy"}
    assert {name: set(values) for name, values in result["models"].items()} == dict.fromkeys(
        {"lightgbm", *RULES}, metrics
    )
    assert result["champion"] in result["models"]


def test_who_has_not_come_for_two_months_is_told_from_who_has(result: dict[str, Any]):
    assert result["models"]["lightgbm"]["auc"] > 0.85
    assert result["models"]["base_rate"]["auc"] == 0.5


def test_nothing_after_the_horizon_matters_and_nothing_after_the_cutoff_chooses(
    result: dict[str, Any], tmp_path: Path
):
    """Everybody comes once more after the horizon; and one who had gone comes back within it."""
    end = CUTOFF + timedelta(days=HORIZON)
    table = trade()
    later = pd.DataFrame({"customer_id": table["customer_id"].unique(), "timestamp": end, "amount": 999.0})
    assert figures(pd.concat([table, later]), tmp_path / "later.parquet") == result
    last = table.groupby("customer_id")["timestamp"].max()
    gone = last[last < CUTOFF - timedelta(days=40)].index
    back = pd.DataFrame({"customer_id": gone, "timestamp": end - timedelta(days=1), "amount": 25.0})
    changed = figures(pd.concat([table, back]), tmp_path / "back.parquet")
    assert changed["champion"] == result["champion"]
    assert changed["models"]["lightgbm"]["auc"] < result["models"]["lightgbm"]["auc"]


def test_rows_without_a_customer_and_returns_are_left_out_and_csv_reads_like_parquet(tmp_path: Path):
    path = tmp_path / "trade.csv"
    path.write_text(
        "customer_id,timestamp,amount\n7,2020-01-01T10:00:00Z,5\n,2020-01-02,5\n8,2020-01-03,-5\n9,2020-01-04,0\n"
    )
    table = read_transactions(path)
    assert table["amount"].tolist() == [5.0, 0.0]
    assert table["timestamp"].tolist() == [START.replace(hour=10), START + timedelta(days=3)]
    path.write_text("customer_id,timestamp\n7,2020-01-01\n")
    assert read_transactions(path)["amount"].tolist() == [0.0]


def test_bad_tables_are_refused_with_the_remedy(tmp_path: Path):
    path = tmp_path / "bad.parquet"
    trade().rename(columns={"customer_id": "who"}).to_parquet(path)
    with pytest.raises(
        WrongUseError, match="no column 'customer_id', there are: who, timestamp, amount; rename"
    ):
        evaluate_churn(path, CUTOFF, HORIZON)
    trade().to_parquet(path)
    with pytest.raises(WrongUseError, match="use an earlier --cutoff or a shorter --horizon"):
        evaluate_churn(path, CUTOFF, 365)
    with pytest.raises(WrongUseError, match=r"begins 2020-01-\d+; use a --cutoff after"):
        evaluate_churn(path, START, HORIZON)
    with pytest.raises(NotEnoughDataError, match="91 are needed, or a shorter --horizon"):
        evaluate_churn(path, START + timedelta(days=80), HORIZON)
    trade().assign(amount=-1.0).to_parquet(path)
    with pytest.raises(WrongUseError, match="no row has a 'customer_id', a 'timestamp' and an 'amount' of"):
        evaluate_churn(path, CUTOFF, HORIZON)
    with pytest.raises(WrongUseError, match="cannot be read"):
        evaluate_churn(tmp_path / "nowhere.parquet", CUTOFF, HORIZON)


def test_customers_numbered_in_a_csv_keep_their_numbers(tmp_path: Path):
    """Also beside an empty cell, where pandas would read 007 as 7.0."""
    path = tmp_path / "trade.csv"
    path.write_text("customer_id,timestamp\n007,2020-01-01\n,2020-01-02\n")
    assert read_transactions(path)["customer_id"].tolist() == ["007"]


def test_where_no_outcome_is_whole_yet_shorter_ones_are_learned_from(tmp_path: Path):
    """110 days of log: of 60 days the outcome is known up to 30 days after the last moment that has more than 60."""
    chance, rows = np.random.default_rng(7), []
    for customer in range(300):
        gap = 15.0 if customer % 3 else 90.0
        days = np.cumsum(chance.exponential(gap, 60))
        rows += [(f"c{customer}", START + timedelta(days=day)) for day in days.tolist() if day < 400]
    pd.DataFrame(rows, columns=["customer_id", "timestamp"]).to_parquet(tmp_path / "trade.parquet")
    models = evaluate_churn(tmp_path / "trade.parquet", START + timedelta(days=110), HORIZON)["models"]
    assert models["lightgbm"]["auc"] > 0.8
    assert models["lightgbm"]["brier"] < models["base_rate"]["brier"]


def test_moments_finer_than_a_microsecond_are_cut(tmp_path: Path):
    path, finest = tmp_path / "trade.parquet", pd.Timestamp("2020-01-01T10:00:00.000000789Z")
    pd.DataFrame({"customer_id": ["7"], "timestamp": [finest]}).to_parquet(path)
    assert read_transactions(path)["timestamp"].tolist() == [START.replace(hour=10)]


def test_the_last_day_counts_as_whole(tmp_path: Path):
    """Some tables know days only: what ends on the day before the horizon's end is complete."""
    table = trade()
    days = table.assign(timestamp=table["timestamp"].dt.floor("D"))
    end = days["timestamp"].max().to_pydatetime() + timedelta(days=1)
    days.to_parquet(tmp_path / "days.parquet")
    assert evaluate_churn(tmp_path / "days.parquet", end - timedelta(days=HORIZON), HORIZON)["models"]
    with pytest.raises(WrongUseError, match="before the horizon of 60 days"):
        evaluate_churn(tmp_path / "days.parquet", end - timedelta(days=HORIZON - 1), HORIZON)


def test_days_may_be_written_without_dashes(tmp_path: Path):
    path = tmp_path / "trade.csv"
    path.write_text("customer_id,timestamp\n7,20200101\n8,\n")
    assert read_transactions(path)["timestamp"].tolist() == [START]


@pytest.mark.parametrize(
    "written", ["1577872800", "1577872800000", "2020-01-01 10:00:00", "2020-01-01T12:00:00+02:00"]
)
def test_moments_may_be_written_in_many_ways(tmp_path: Path, written: str):
    path = tmp_path / "trade.csv"
    path.write_text(f"customer_id,timestamp\n7,{written}\n")
    assert read_transactions(path)["timestamp"].tolist() == [START.replace(hour=10)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7,01.02.2020,5", "column 'timestamp' holds '01.02.2020' in row 2; write moments as"),
        ("7,2020-02-01,five", "column 'amount' holds 'five' in row 2; write amounts as"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(tmp_path: Path, row: str, message: str):
    path = tmp_path / "trade.csv"
    path.write_text(f"customer_id,timestamp,amount\n7,2020-01-01,5\n{row}\n")
    with pytest.raises(WrongUseError, match=message):
        read_transactions(path)
