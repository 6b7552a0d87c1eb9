"""A follower that is killed again and again, on both logs: what is online in the end is what a full build says."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random

import pytest

from activity_log.clock import utc_now
from activity_log.database import Database, open_database
from activity_log.facts.of_customers import facts_of
from activity_log.ingestion import ingest_events
from activity_log.merging import merged_away
from activity_log.operators import find_operator
from activity_log.reading import all_customers
from activity_log.settings import Settings, load_settings
from feature_repo.freshness.following import Following
from feature_repo.groups import GROUPS
from feature_repo.reading import Reading
from feature_repo.store import CustomerFeatures, open_features
from simulator import SimulationSpec, simulate
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.stories import NOW
from tests.feature_repo.test_recomputing import recomputing, same
from tests.integration.killed import killed

FOLLOW = """
from activity_log.clock import utc_now
from activity_log.settings import load_settings
from feature_repo.freshness import follower
from feature_repo.freshness.following import Following
from feature_repo.store import open_features

follower.EVENTS_AT_ONCE, follower.CUSTOMERS_AT_ONCE = 40, 20
features = open_features(load_settings(home=Path(sys.argv[3])))
push = features.push
features.push = lambda rows: (push(rows), tell(rows))
Following(database, features, utc_now).catch_up()
"""


@pytest.fixture(scope="module")
def history() -> list[bytes]:
    """Two years of a small operator."""
    simulation = simulate(SimulationSpec(customers=40, years=2, until=date(2026, 6, 1)))
    return [json.dumps(one | {"operatorid": "reisen"}).encode() for one in simulation.events]


@pytest.fixture(params=STORES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        yield database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


@pytest.mark.slow
def test_killed_again_and_again_it_leaves_nothing_out(
    log: Database, history: list[bytes], settings: Settings
):
    chance, half = Random(8), len(history) // 2
    url = log.engine.url.render_as_string(hide_password=False)
    ingest_events(log, history[:half], now=NOW, keep_recorded_time=True)
    arguments = (url, str(NOW), str(settings.home))
    was_at_it = [killed(FOLLOW, *arguments, chance=chance, steps=2)]
    features = open_features(settings)
    Following(log, features, utc_now, _recomputing=recomputing()).catch_up()
    ingest_events(log, history[half:], now=NOW, keep_recorded_time=True)
    was_at_it += [killed(FOLLOW, *arguments, chance=chance, steps=6) for _ in range(2)]
    assert any(was_at_it)
    Following(log, features, utc_now, _recomputing=recomputing()).catch_up()
    compare(log, features)


def compare(log: Database, features: CustomerFeatures) -> None:
    """Hold what is read online against the rows of a build of now, and see that nobody merged away is there."""
    now, operator = utc_now(), find_operator(log, "reisen")
    reading = Reading([feature.name for group in GROUPS for feature in group.features])
    with log.reading() as connection:
        customers = all_customers(connection, "reisen")
        away = sorted(merged_away(connection, "reisen"))
        built = recomputing().features(facts_of(connection, operator, customers), customers, now)
    expected: dict[str, dict[str, object]] = {}
    for table in built.values():
        for row in table.to_pylist():
            features_of = {name: row[name] for name in row if name in reading.names}
            expected.setdefault(row["customer_id"], {}).update(features_of)
    states = features.stored("reisen", customers)
    online = {
        who: reading.row(state.packed, now) for who, state in zip(customers, states, strict=True) if state
    }
    same(online, expected)
    assert not any(state.packed for state in features.stored("reisen", away) if state)
