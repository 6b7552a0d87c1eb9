"""What Feast's registry tells of where each service's features come from."""

from pathlib import Path

import pytest
from feast import FeatureService, FeatureStore, FeatureView

from activity_log.settings import load_settings
from feature_repo.applying import open_store
from feature_repo.entities import OWNER
from feature_repo.groups import GROUPS
from feature_repo.services import SERVICES
from feature_repo.state import layout
from feature_repo.state_view import PUSH_SOURCE, STATE_VIEW


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return open_store(load_settings(home=tmp_path_factory.mktemp("registry")))


@pytest.fixture(scope="module")
def views(store: FeatureStore) -> dict[str, FeatureView]:
    return {view.name: view for view in store.list_feature_views()}


@pytest.fixture(scope="module")
def services(store: FeatureStore) -> dict[str, FeatureService]:
    return {service.name: service for service in store.list_feature_services()}


def test_every_service_is_made_of_views_that_are_made_of_sources_about_entities(
    store: FeatureStore, views: dict[str, FeatureView], services: dict[str, FeatureService]
):
    entities = {entity.name for entity in store.list_entities()}
    sources = {source.name for source in store.list_data_sources()}
    assert services.keys() == SERVICES.keys()
    for name, service in services.items():
        asked = {
            f"{part.name}:{feature.name}"
            for part in service.feature_view_projections
            for feature in part.features
        }
        assert asked == set(SERVICES[name].features)
        for part in service.feature_view_projections:
            view = views[part.name]
            assert set(view.entities) == {"operator", "customer"} <= entities
            assert view.batch_source.name == f"{part.name}_rows"
            assert view.batch_source.name in sources


def test_the_view_that_is_online_is_pushed_to_and_names_its_layout(
    views: dict[str, FeatureView], services: dict[str, FeatureService]
):
    assert [name for name, view in views.items() if view.online] == [STATE_VIEW]
    state = views[STATE_VIEW]
    assert state.stream_source.name == PUSH_SOURCE
    assert state.batch_source.name == f"{STATE_VIEW}_rows"
    assert state.tags["layout"] == layout().fingerprint.hex()
    assert {service.tags["served_from"] for service in services.values()} == {STATE_VIEW}


def test_everything_has_an_owner_a_description_and_tags(store: FeatureStore):
    told = [
        *(entity for entity in store.list_entities() if entity.name != "__dummy"),
        *store.list_feature_views(),
        *store.list_feature_services(),
    ]
    assert len(told) == 2 + len(GROUPS) + 1 + len(SERVICES)
    for one in told:
        assert one.owner == OWNER, one.name
        assert len(one.description) > 10, one.name
        assert one.tags, one.name


def test_each_feature_says_what_it_means_and_in_which_unit(views: dict[str, FeatureView]):
    for group in GROUPS:
        told = {field.name: field for field in views[group.name].features}
        assert told.keys() == {feature.name for feature in group.features}
        for feature in group.features:
            assert told[feature.name].description == feature.meaning
            assert told[feature.name].tags["unit"] == feature.unit.name


def test_what_the_code_no_longer_defines_leaves_the_registry(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    store = open_store(settings)
    old = store.get_feature_service("insight_v1")
    store.apply([FeatureService(name="insight_v0", features=[store.get_feature_view("customer_travel")])])
    (settings.feast_dir / "applied").write_text("of an earlier version")
    again = open_store(settings)
    assert {service.name for service in again.list_feature_services()} == set(SERVICES)
    assert again.get_feature_service("insight_v1").tags == old.tags


def test_opening_again_writes_nothing(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    open_store(settings)
    registry = settings.feast_dir / "registry.db"
    before = registry.stat().st_mtime_ns
    open_store(settings)
    assert registry.stat().st_mtime_ns == before
