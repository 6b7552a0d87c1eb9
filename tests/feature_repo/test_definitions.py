"""What the definitions claim holds of all values: units and their bounds, nulls, and how features fit each other."""

from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from activity_log.database import open_database
from activity_log.facts.export import FactFiles
from activity_log.ingest_file import ingest_file
from activity_log.operators import register_operator
from activity_log.vault import Vault
from feature_repo.definitions import COUNT, DAYS, Feature, FeatureGroup, Stream, Unit
from feature_repo.expressions.engagement import CHANNELS
from feature_repo.expressions.moving import count
from feature_repo.groups import GROUPS
from simulator import SimulationSpec, simulate, write
from tests.feature_repo.expressions.test_booking import neighbours
from tests.feature_repo.expressions.test_engagement import letters_and_talks
from tests.feature_repo.expressions.test_profile import movings
from tests.feature_repo.expressions.test_taste import summers
from tests.feature_repo.expressions.test_travel import company, on_the_road
from tests.feature_repo.stories import KEY, Logged, LogOf, Row, utc
from tests.feature_repo.test_always import FEW, MOMENTS, past, told

FEATURES = [feature for group in GROUPS for feature in group.features]
PYTHON = {"int64": int, "float64": float, "string": str, "bool": bool, "timestamp": datetime}
TRIVIAL = (None, 0, False, [])
UNTIL = date(2026, 11, 1)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The features of a small simulated operator in May and at the end of October."""
    home, now = tmp_path_factory.mktemp("simulated"), utc(UNTIL.isoformat())
    write(simulate(SimulationSpec(customers=80, until=UNTIL)), home / "events.jsonl", home / "truth.json")
    database = open_database(f"sqlite:///{home / 'log.db'}", Vault(bytes(32)))
    operator = register_operator(database, "nordlicht", now=now, pseudonym_key=KEY)
    assert not ingest_file(database, home / "events.jsonl", now=now).quarantined
    files = FactFiles(home / "facts", "nordlicht")
    files.refresh(database, operator)
    database.close()
    return list(Logged(files, operator).at("2026-05-01", now).rows.values())


def values_of(feature: Feature, value: Any) -> list[Any]:
    """The single values of a cell, none where it is null."""
    if value is None:
        return []
    return value if feature.dtype.startswith("array") else [value]


def as_defined(feature: Feature, value: Any) -> None:
    """A value is of its type, within the bounds of its unit, and null only where that is said to happen."""
    assert value is not None or feature.null, feature.name
    assert value != [], f"{feature.name}: nothing is null, no empty list"
    inner = feature.dtype.removeprefix("array<").removesuffix(">")
    for one in values_of(feature, value):
        assert isinstance(one, PYTHON[inner]), feature.name
        assert feature.unit.low is None or one >= feature.unit.low, feature.name
        assert feature.unit.high is None or one <= feature.unit.high, feature.name


def fits(row: Row) -> None:
    """Parts are no more than their wholes, and lists that belong together are as long as each other."""
    for names in (
        ("bookings_90d", "bookings_365d", "bookings_730d", "total_bookings"),
        ("booking_days", "total_bookings"),
        ("upcoming_trips", "total_bookings"),
        ("revenue_90d", "revenue_365d", "revenue_730d", "lifetime_revenue"),
        ("average_booking_value", "highest_booking_value", "lifetime_revenue"),
        ("average_party_size", "largest_party_size"),
        ("shortest_booking_lead_time", "average_booking_lead_time"),
        ("days_since_last_booking", "days_since_first_booking"),
        ("median_booking_gap_days", "longest_booking_gap_days"),
        ("trips_as_booker", "total_trips"),
        ("trips_in_company", "total_trips"),
        ("onboard_spend_365d", "onboard_spend"),
        ("ancillary_spend_365d", "ancillary_spend"),
        ("messages_delivered_365d", "messages_delivered"),
        ("messages_read_365d", "messages_read"),
        ("complaints_365d", "conversations_365d", "conversations"),
        ("complaints_365d", "complaints", "conversations"),
        ("abandoned_checkouts_90d", "abandoned_checkouts_365d", "abandoned_checkouts"),
        ("average_nights", "longest_nights"),
    ):
        for less, more in pairwise(row[name] for name in names):
            assert less is None or more is None or less <= more + 1e-6, (names, row)
    for what in ("delivered", "read"):
        by_channel = sum(row[f"messages_{what}_{channel}"] for channel in CHANNELS)
        assert by_channel == row[f"messages_{what}"]
    for name in ("family", "region", "theme"):
        ids, counts = row[f"{name}_ids"] or [], row[f"{name}_counts"] or []
        assert (len(ids), ids) == (len(counts), sorted(set(ids)))
    if row["family_ids"]:
        taken = sum(row["family_counts"])
        assert max(row["total_bookings"], row["total_trips"]) <= taken
        assert taken <= row["total_bookings"] + row["total_trips"]
        assert row["different_families"] == len(row["family_ids"])


@FEW
@given(past=past)
def test_whatever_happened_every_value_is_as_defined_and_fits_the_others(log_of: LogOf, past: Any):
    for row in log_of(told(past)).at(*MOMENTS).rows.values():
        fits(row)
        for feature in FEATURES:
            as_defined(feature, row[feature.name])


def test_simulated_lives_are_within_the_bounds_of_every_unit(simulated: list[Row]):
    assert len(simulated) > 60
    for row in simulated:
        fits(row)
        for feature in FEATURES:
            as_defined(feature, row[feature.name])


def test_simulated_lives_differ_in_nearly_every_feature(simulated: list[Row]):
    """A feature that is the same for everybody in a rich simulation is one nobody can look at."""
    constant = {one.name for one in FEATURES if len({str(row[one.name]) for row in simulated}) == 1}
    assert constant <= {"currency"}


def test_every_feature_has_a_story_in_which_it_says_something(log_of: LogOf):
    """Who adds a feature tells a story of it; the answers are beside the stories."""
    stories = (neighbours, letters_and_talks, movings, summers, company, on_the_road)
    rows = [row for story in stories for row in log_of(story()).at("2024-06-01").rows.values()]
    silent = {one.name for one in FEATURES if all(row[one.name] in TRIVIAL for row in rows)}
    assert silent == set()


def test_a_feature_that_is_never_missing_cannot_be_a_mean_a_share_or_an_age_of_what_may_not_have_been():
    for feature in FEATURES:
        if feature.name.startswith(("average_", "days_since_", "last_", "favourite_", "usual_")):
            assert feature.null, feature.name
        if feature.dtype.startswith("array") or feature.name.endswith(("_share", "_rate", "_rate_365d")):
            assert feature.null, feature.name


def test_the_bounds_of_units_are_in_order_and_nothing_without_order_has_them():
    for feature in FEATURES:
        unit = feature.unit
        assert unit.name
        assert unit.low is None or unit.high is None or unit.low < unit.high, unit
        if feature.dtype in ("string", "bool", "timestamp", "array<string>"):
            assert (unit.low, unit.high) == (None, None), feature.name


def test_what_windows_and_moments_say_moves_and_the_rest_is_settled():
    stays, counted, ages = (Feature(name, "int64", COUNT, "-") for name in ("stays", "counted", "ages"))
    stream = Stream(
        name="rows",
        rows=lambda facts, known: known.rows(facts.bookings),
        settled=lambda rows: {"stays": rows.count(), "since": rows["at"].max()},
        windows=lambda rows, now: {"counted": count(now.within(1, rows.at))},
        numbers=("at",),
    )
    group = FeatureGroup(
        name="toy",
        meaning="-",
        features=(stays, counted, ages),
        streams=(stream,),
        moving=lambda values, now: {"ages": now.days_since(values.since)},
        hidden=("since",),
    )
    assert group.settled == (stays,)


def test_a_meaning_is_explained_with_its_unit_unless_it_says_it():
    said = Feature("a", "float64", DAYS, "days since the first profile")
    unsaid = Feature("b", "float64", Unit("metres"), "height")
    assert said.explained == "days since the first profile"
    assert unsaid.explained == "height (metres)"
