"""What a training keeps of its features, and what a healthy operator's features look like against it."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from feature_repo.groups import GROUPS
from feature_repo.services import CHURN, SERVICES
from tests.conftest import SimulatedOperator
from training import watching
from training.watching import breaches_for, check_features, kept_reference, same_season
from training.workbench import Workbench

NAMES = {feature.name for group in GROUPS for feature in group.features}


@pytest.fixture
def bench(trained: SimulatedOperator) -> Workbench:
    return Workbench.open(trained.settings, trained.database, "nordlicht")


def test_a_training_keeps_all_features_at_the_moments_it_learned_from(
    trained: SimulatedOperator, bench: Workbench
):
    kept = kept_reference(bench, "churn")
    assert kept is not None
    horizon = timedelta(days=kept.card.horizon_days)
    assert trained.now - horizon in kept.model.moments
    assert len(kept.model.moments) > 10
    assert {name for name in NAMES if kept.model.of(name, kept.model.moments[0])} == NAMES
    years = kept_reference(bench, "recommender")
    assert years is not None
    assert years.model.moments == [trained.now - timedelta(days=days) for days in (731, 365)], "built already"


def test_a_healthy_operator_is_let_through_at_any_time_after_its_training(
    trained: SimulatedOperator, bench: Workbench
):
    found = check_features(bench, trained.now, kept_reference(bench, "churn"))
    assert {one.feature.name for one in found.features} == NAMES
    assert found.customers == found.features[0].now.rows > 600
    assert found.season.then == trained.now - timedelta(days=365)
    assert not found.breaches()
    assert breaches_for(bench, ["churn"], trained.now) == {"churn": ()}
    assert breaches_for(bench, ["recommender"], trained.now + timedelta(days=300)) == {"recommender": ()}


def test_cents_for_euros_stop_only_the_models_that_read_them(
    trained: SimulatedOperator, bench: Workbench, monkeypatch: pytest.MonkeyPatch
):
    read = watching._rows

    def in_cents(*arguments: object) -> pa.Table:
        rows = read(*arguments)
        if "revenue_365d" not in rows.column_names:
            return rows
        place = rows.column_names.index("revenue_365d")
        return rows.set_column(place, "revenue_365d", pc.multiply(rows["revenue_365d"], 100.0))

    monkeypatch.setattr(watching, "_rows", in_cents)
    assert "revenue_365d" in SERVICES[CHURN].names
    found = breaches_for(bench, ["churn", "recommender"], trained.now)
    assert [one.feature for one in found["churn"]] == ["revenue_365d"]
    assert found["recommender"] == ()


def test_a_check_leaves_nothing_behind(trained: SimulatedOperator, bench: Workbench):
    before = sorted(trained.settings.home.rglob("*.parquet"))
    check_features(bench, trained.now + timedelta(hours=3), None)
    assert sorted(trained.settings.home.rglob("*.parquet")) == before


def test_a_young_operator_has_no_season_to_be_held_against(bench: Workbench):
    first, _ = bench.log_span()
    assert same_season(bench, first + timedelta(days=400)).moments == []
