"""Value on somebody's own table: some come every month, some every other, and each pays a price of their own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from activity_log.errors import WrongUseError
from training.own_value import NAMES, evaluate_value

START = datetime(2020, 1, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=330)
HORIZON = 60
RULES = {"mean_rate", "same_as_last_period"}
METRICS = {"mae_count", "rmse_count", "total_count_error", "mae_spend", "spearman_spend", "count_deviance"}


def trade() -> pd.DataFrame:
    """150 customers over 400 days, who book once in 20 to 120 days and pay 10 to 200."""
    chance, rows = np.random.default_rng(6), []
    for customer in range(150):
        gap, price = chance.uniform(20, 120), chance.uniform(10, 200)
        days = np.cumsum(chance.exponential(gap, 60)) - gap / 2
        rows += [
            (f"c{customer}", START + timedelta(days=day), round(price * chance.uniform(0.9, 1.1), 2))
            for day in days.tolist()
            if 0 <= day < 400
        ]
    return pd.DataFrame(rows, columns=["customer_id", "timestamp", "amount"])


def figures(table: pd.DataFrame, path: Path) -> dict[str, Any]:
    table.to_parquet(path)
    result = evaluate_value(path, CUTOFF, HORIZON)
    for name in set(NAMES.values()) & set(result["models"]):
        assert result["models"][name].pop("fit_seconds") >= 0
    return result


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return figures(trade(), tmp_path_factory.mktemp("own") / "trade.parquet")


def test_every_rule_and_rung_is_measured_and_rungs_tell_a_range(result: dict[str, Any]):
    rungs = dict.fromkeys(NAMES.values(), METRICS | {"bookings_coverage", "spend_coverage"})
    assert {name: set(values) for name, values in result["models"].items()} == dict.fromkeys(
        RULES, METRICS
    ) | rungs
    assert result["champion"] in rungs


def test_what_customers_bring_is_told_better_than_by_the_rules(result: dict[str, Any]):
    champion = result["models"][result["champion"]]
    for rule in RULES:
        assert champion["count_deviance"] < result["models"][rule]["count_deviance"]
        assert champion["mae_spend"] < result["models"][rule]["mae_spend"]
    assert champion["spearman_spend"] > 0.4
    assert champion["total_count_error"] < 0.2


def test_four_of_five_fall_into_the_range(result: dict[str, Any]):
    champion = result["models"][result["champion"]]
    assert champion["spend_coverage"] == pytest.approx(0.8, abs=0.1)
    assert champion["bookings_coverage"] > 0.7


def test_nothing_after_the_cutoff_is_learned_from(result: dict[str, Any], tmp_path: Path):
    """Whatever comes after it: the champion and what is expected stay, and with it the total of who comes."""
    table = trade()
    kept = table["timestamp"] < CUTOFF
    twice = pd.concat([table[kept], table[~kept], table[~kept]])
    changed = figures(twice, tmp_path / "twice.parquet")
    assert changed["champion"] == result["champion"]
    total = result["models"]["mean_rate"]["total_count_error"]
    came = int(((table["timestamp"] >= CUTOFF) & (table["timestamp"] < CUTOFF + timedelta(days=60))).sum())
    assert changed["models"]["mean_rate"]["total_count_error"] in (
        pytest.approx(abs((1 + total) * came - 2 * came) / (2 * came)),
        pytest.approx(abs((1 - total) * came - 2 * came) / (2 * came)),
    )


def test_the_same_table_gives_the_same_figures(result: dict[str, Any], tmp_path: Path):
    assert figures(trade(), tmp_path / "again.parquet") == result


def test_without_amounts_purchases_are_told_and_spend_is_nought(tmp_path: Path):
    models = figures(trade().drop(columns="amount"), tmp_path / "free.parquet")["models"]
    assert {values["mae_spend"] for values in models.values()} == {0.0}
    assert models["bg_nbd_gamma_gamma"]["count_deviance"] < models["mean_rate"]["count_deviance"]


def test_a_log_too_short_to_try_anything_on_is_told_by_purchase_models_alone(tmp_path: Path):
    trade().to_parquet(tmp_path / "trade.parquet")
    found = evaluate_value(tmp_path / "trade.parquet", START + timedelta(days=90), HORIZON)
    assert set(found["models"]) == RULES | {NAMES["purchases"]}
    assert found["champion"] == NAMES["purchases"]
    with pytest.raises(WrongUseError, match=r"begins 2020-01-\d+; use a --cutoff after"):
        evaluate_value(tmp_path / "trade.parquet", START, HORIZON)
