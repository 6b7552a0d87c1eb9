"""The prediction store: two customers, two moments, two versions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from models.predictions import PREDICTED, PredictionStore, Scoring

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
ANNA, BERND = "c-anna", "c-bernd"


def churn(as_of: datetime, version: str = "1") -> Scoring:
    return Scoring("churn", version, as_of, 365, datetime(2026, 1, 1, tzinfo=UTC))


def rows(**probabilities: float) -> pa.Table:
    names = {"anna": ANNA, "bernd": BERND}
    return pa.Table.from_pylist(
        [
            {"operator_id": "o", "customer_id": names[who], "churn_probability": one, "churn_band": "low"}
            for who, one in probabilities.items()
        ]
    )


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    return PredictionStore(tmp_path, "o")


def test_what_was_predicted_is_read_back_with_all_that_judging_it_needs(store: PredictionStore):
    store.write(churn(JUNE, "10"), rows(bernd=0.2, anna=0.1))
    store.write(churn(JUNE, "9"), rows(anna=0.3))
    store.write(churn(MAY), rows(anna=0.5))
    assert store.scorings("churn") == [churn(MAY), churn(JUNE, "9"), churn(JUNE, "10")]
    read = store.read(churn(JUNE, "10"))
    assert read.schema == PREDICTED["churn"]
    assert read["customer_id"].to_pylist() == [ANNA, BERND]
    assert store.scorings("value") == PredictionStore(Path("nowhere"), "o").scorings("churn") == []


def test_scoring_again_gives_the_same_bytes_and_leaves_nothing_beside_them(store: PredictionStore):
    first = store.write(churn(MAY), rows(anna=0.1, bernd=0.2))
    before = first.read_bytes()
    assert store.write(churn(MAY), rows(bernd=0.2, anna=0.1)) == first
    assert first.read_bytes() == before
    assert list(first.parent.iterdir()) == [first]


def test_the_latest_scores_are_those_of_the_newest_version_not_after_the_moment(store: PredictionStore):
    store.write(churn(MAY), rows(anna=0.1))
    store.write(churn(JUNE, "9"), rows(anna=0.2))
    store.write(churn(JUNE, "10"), rows(anna=0.3, bernd=0.4))
    told = dict.fromkeys(PREDICTED["value"].names[2:], 1.0) | {"expected_spend": 300.0}
    value = pa.Table.from_pylist([{"operator_id": "o", "customer_id": BERND, **told}])
    store.write(Scoring("value", "1", MAY, 365, MAY), value)
    assert store.latest_scores(MAY - timedelta(seconds=1)).num_rows == 0
    assert store.latest_scores(JUNE - timedelta(seconds=1)).to_pylist() == [
        {"operator_id": "o", "customer_id": ANNA, "churn_probability": 0.1, "expected_bookings": None,
         "expected_spend": None},
        {"operator_id": "o", "customer_id": BERND, "churn_probability": None, "expected_bookings": 1.0,
         "expected_spend": 300.0},
    ]  # fmt: skip
    assert store.latest_scores(JUNE)["churn_probability"].to_pylist() == [0.3, 0.4]


def test_another_operators_predictions_are_in_another_place(store: PredictionStore, tmp_path: Path):
    store.write(churn(MAY), rows(anna=0.1))
    assert PredictionStore(tmp_path, "p").latest_scores(JUNE).num_rows == 0


def test_a_model_that_learned_from_later_knew_the_outcome():
    assert not churn(MAY).in_hindsight
    assert Scoring("churn", "1", MAY, 365, MAY + timedelta(seconds=1)).in_hindsight
