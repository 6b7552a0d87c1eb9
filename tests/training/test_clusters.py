"""Learned clusters: planted groups are found and named, and where there is none that is what the figures say."""

import numpy as np
import pandas as pd
import pytest

from activity_log.errors import NotEnoughDataError
from models.churn import encode
from models.clusters import CustomerClusters
from training.cluster_names import WORDS, cluster_names
from training.clusters import CLUSTER_FEATURES, ClustersSpec, Tried, best_of, train_clusters
from training.plots import png

NOW = pd.Timestamp("2026-06-01", tz="UTC")
SPEC = ClustersSpec(most=5, halvings=2, restarts=2)


def customers(groups: dict[str, dict[str, float]], each: int = 120) -> pd.DataFrame:
    """People who are alike but for what their group says."""
    chance = np.random.default_rng(1)
    parts = []
    for group, means in groups.items():
        part = pd.DataFrame(
            {name: means.get(name, 20.0) + chance.normal(0, 1, each) for name in CLUSTER_FEATURES}
        )
        part["customer_id"] = [f"{group}-{n:03d}" for n in range(each)]
        parts.append(part)
    rows = pd.concat(parts, ignore_index=True)
    rows["lifetime_revenue"] = chance.uniform(0, 1000, len(rows))
    return rows.assign(event_timestamp=NOW)


PLANTED = {
    "groups": {"average_party_size": 40.0, "average_booking_value": 60.0},
    "loyal": {"total_bookings": 50.0, "repeat_propensity": 45.0},
    "late": {"average_booking_lead_time": 2.0},
}


def test_planted_groups_are_found_and_named():
    trained = train_clusters(customers(PLANTED), SPEC)
    clusters = trained.artefact
    assert len(clusters.clusters) == 3
    rows = customers(PLANTED)
    labels = clusters.assign(encode(rows, clusters.features))
    names = {clusters.clusters[label].name_en for label in labels[:120]}
    assert all(len(set(labels[start : start + 120])) == 1 for start in (0, 120, 240))
    assert names == {"Books for groups, high booking value"}
    assert {one.name_de for one in clusters.clusters} >= {"Bucht für Gruppen, hoher Buchungswert"}
    gain = trained.report.gain("revenue_tiers")
    assert gain is not None
    assert gain.low > 0.1
    assert sum(one.share for one in clusters.clusters) == pytest.approx(1, abs=1e-3)


def test_the_order_of_customers_and_saving_change_nothing(tmp_path):
    rows = customers(PLANTED)
    first = train_clusters(rows, SPEC).artefact
    assert train_clusters(rows.sample(frac=1, random_state=5), SPEC).artefact.to_json() == first.to_json()
    first.save(tmp_path)
    assert CustomerClusters.load(tmp_path) == first


def test_missing_values_and_odd_customers_move_no_centre():
    rows = customers(PLANTED)
    rows.loc[0, "average_booking_value"] = 1e9
    rows.loc[5:40, "read_rate"] = np.nan
    rows["onboard_spend"] = np.nan
    clusters = train_clusters(rows, SPEC).artefact
    assert "onboard_spend" not in clusters.features, "nobody has a value"
    assert np.isfinite([one.centre for one in clusters.clusters]).all()
    assert len(set(clusters.assign(encode(rows, clusters.features))[:120])) == 1


def test_a_champion_is_fitted_on_the_same_customers():
    report = train_clusters(customers(PLANTED), SPEC, champion=ClustersSpec(k=2, halvings=1)).report
    gain = report.gain("champion")
    assert gain is not None
    assert gain.low > 0, "two clusters do not tell three groups apart"


def test_only_customers_of_the_newest_moment_who_booked_count():
    rows = customers(PLANTED)
    never = rows.head(30).assign(customer_id=[f"never-{n}" for n in range(30)], total_bookings=0.0)
    earlier = rows.assign(event_timestamp=NOW - pd.Timedelta(days=365))
    more = pd.concat([earlier, never, rows], ignore_index=True)
    assert train_clusters(more, SPEC).artefact.to_json() == train_clusters(rows, SPEC).artefact.to_json()


def test_too_few_customers_are_said_to_be_too_few():
    with pytest.raises(NotEnoughDataError, match="60 customers have booked"):
        train_clusters(customers(PLANTED, each=20), SPEC)


def test_clusters_that_are_not_found_again_are_passed_over():
    spec = ClustersSpec(least_stability=0.8)
    tried = [Tried(3, 0.9, 0.2), Tried(4, 0.85, 0.3), Tried(5, 0.5, 0.6)]
    assert best_of(tried, spec).k == 4
    assert best_of([Tried(3, 0.5, 0.2), Tried(4, 0.6, 0.1)], spec).k == 4


def test_names_tell_every_two_clusters_apart_and_the_middle_is_called_so():
    centres = np.zeros((3, len(WORDS)))
    centres[0, :3] = [2.0, 1.5, 1.0]
    centres[1, :2] = [2.0, 1.5]
    names = cluster_names(list(WORDS), centres)
    assert len({one.key for one in names}) == 3
    assert names[2].de == "Mittelfeld"
    assert all(one.key == one.key.lower() and " " not in one.key for one in names)


def test_the_drawings_can_be_drawn():
    trained = train_clusters(customers(PLANTED), SPEC)
    assert all(png(chart).startswith(b"\x89PNG") for chart in trained.charts.values())
