"""The features as declared are the features as computed."""

import ibis
import pytest

from activity_log.facts.tables import FACT_TABLES
from feature_repo.build import ARROW_TYPES
from feature_repo.definitions import FeatureGroup
from feature_repo.expressions.clocks import ROW, Facts
from feature_repo.groups import CHURN_FEATURES, GROUPS
from feature_repo.services import SERVICES
from feature_repo.sources import IDENTITIES, connect_duckdb, moments_table
from feature_repo.views import FEAST_TYPES
from tests.feature_repo.stories import LogOf, Story, engine, utc

GROUP = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


@GROUP
def test_every_declared_feature_is_a_column_of_its_expression_and_vice_versa(group: FeatureGroup):
    """Also of a log in which nothing ever happened: types do not depend on the data."""
    tables = {
        name: FACT_TABLES[name].empty_table() for name in Facts.__dataclass_fields__ if name in FACT_TABLES
    }
    facts = Facts(
        **{name: ibis.memtable(table) for name, table in tables.items()},
        identities=ibis.memtable(IDENTITIES.empty_table()),
    )
    people = moments_table([utc("2024-06-01")]).mutate(
        operator_id=ibis.literal("o"), customer_id=ibis.literal("c")
    )
    computed = connect_duckdb().to_pyarrow(group.expression(facts, people))
    declared = {feature.name: ARROW_TYPES[feature.dtype] for feature in group.features}
    assert {
        name: computed.schema.field(name).type for name in computed.column_names if name not in ROW
    } == declared
    assert computed.num_rows == 1, "who did nothing has a row all the same"


@GROUP
def test_every_feature_has_a_meaning_and_only_those_that_may_be_missing_say_what_null_means(
    group: FeatureGroup, log_of: LogOf
):
    story = Story()
    story.knows("anna")
    nobody = log_of(story).at("2024-06-01", groups=[group]).of("anna", "2024-06-01")
    assert group.meaning
    for feature in group.features:
        assert feature.meaning, feature.name
        assert (nobody[feature.name] is None) == bool(feature.null), feature.name


def test_names_are_unique_and_their_types_known_to_parquet_and_to_feast():
    """Also of what is kept beside the features: states and readings know no groups."""
    features = [feature.name for group in GROUPS for feature in group.features]
    hidden = [name for group in GROUPS for name in group.hidden]
    streams = [stream for group in GROUPS for stream in group.streams]
    windows = {name for stream in streams for name in stream.windows_of_nothing} - {*features}
    names = [*features, *hidden, *windows, *ROW, *(stream.name for stream in streams)]
    assert len(set(names)) == len(names)
    assert len({group.name for group in GROUPS}) == len(GROUPS)
    types = {feature.dtype for group in GROUPS for feature in group.features}
    assert types <= ARROW_TYPES.keys() & FEAST_TYPES.keys()


def test_a_state_keeps_what_is_settled_what_is_hidden_and_the_streams_and_the_rest_moves(log_of: LogOf):
    story = Story()
    story.knows("anna")
    states = engine().states(log_of(story).facts(engine().connection), utc("2024-06-01"))
    kept = [
        [*(one.name for one in group.settled), *group.hidden, *(stream.name for stream in group.streams)]
        for group in GROUPS
    ]
    assert states.column_names == [*ROW, *(name for names in kept for name in names)]
    for group in GROUPS:
        assert 0 < len(group.settled) < len(group.features), (
            "in every group something stays and something moves"
        )
        assert {*group.settled} < {*group.features}


def test_services_ask_only_for_features_that_exist():
    existing = {f"{group.name}:{feature.name}" for group in GROUPS for feature in group.features}
    for service, (wanted, description, *_) in SERVICES.items():
        assert set(wanted) <= existing, service
        assert len(set(wanted)) == len(wanted), service
        assert description
    assert set(CHURN_FEATURES) <= existing


def test_each_expression_gives_one_row_per_row_asked_for(log_of: LogOf):
    """Whatever happened to Anna, however often; `at` refuses a second row."""
    story = Story()
    story.knows("anna", "bernd")
    story.knows("anna", when="2021-01-01")
    for year in range(2020, 2024):
        booking = story.books("anna", f"{year}-05-01", travellers=["anna", "anna", "bernd", None])
        story.tell("BookingNoShow", f"{year}-06-01", booking_id=booking, person_profile_id="anna")
    story.publishes("nordsee-24", "nordsee")
    story.publishes("nordsee-24", "nordsee", when="2021-01-01")
    story.merges("anna", "bernd", "2023-01-01")
    story.merges("anna", "bernd", "2023-01-01")
    logged = log_of(story)
    moments = [f"{year}-07-01" for year in range(2019, 2025)]
    for group in GROUPS:
        assert len(logged.at(*moments, groups=[group]).rows) == 0 + 2 + 2 + 2 + 1 + 1, group.name
