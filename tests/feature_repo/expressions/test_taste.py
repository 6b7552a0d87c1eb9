"""Anna loves Nordsee, Bernd comes along, and next summer's Nordsee tour is of the same family as last summer's."""

import ibis
import pytest

from feature_repo.expressions.clocks import population
from feature_repo.expressions.taste import trips_with_family
from feature_repo.groups import TASTE
from feature_repo.sources import connect_duckdb, moments_table
from tests.feature_repo.stories import LogOf, Sight, Story, utc

JUNE_24 = "2024-06-01"


def summers() -> Story:
    story = Story()
    story.knows("anna", "bernd", "carla", "dora", "emil")
    story.publishes("nordsee-22", "nordsee")
    story.publishes("nordsee-24", "nordsee")
    story.publishes("harz-23", "harz", region="Harz", theme="mountains", nights=3)
    story.books("anna", "2022-01-05", "2022-05-10", tour="nordsee-22", travellers=["anna", "bernd"])
    story.books("anna", "2023-01-05", "2023-05-10", tour="harz-23", travellers=["bernd"])
    story.books("anna", "2024-01-05", "2024-06-01", tour="nordsee-24", travellers=["anna", "bernd"])
    given_back = story.books("anna", "2024-01-06", "2024-08-01", tour="harz-23", travellers=["anna", "bernd"])
    story.cancels("anna", given_back, "2024-02-01")
    # Carla's tour was published under a wrong family, put right in March; Dora's never was
    story.publishes("mosel-24", "moselle", when="2023-01-01")
    story.publishes(
        "mosel-24", "mosel", when="2024-03-01", known="2024-04-01", region="Mosel", theme="wine", nights=7
    )
    story.books("carla", "2024-01-05", "2024-09-01", tour="mosel-24")
    story.books("dora", "2024-01-05", "2024-09-01", tour="unheard-of")
    story.books("dora", "2024-01-06", "2024-07-01", tour="harz-23")
    story.books("emil", "2024-01-05", "2024-09-01", tour="unheard-of", travellers=[None])
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    moments = ("2024-01-20", "2024-03-15", "2024-04-02", JUNE_24, "2024-06-01T18:00:00", "2024-06-02")
    return log_of(summers()).at(*moments, groups=[TASTE])


def test_who_booked_and_who_travelled_both_have_the_taste_once_per_trip(sight: Sight):
    anna, bernd = sight.of("anna", JUNE_24), sight.of("bernd", JUNE_24)
    assert anna == {
        "operator_id": "reisen",
        "family_ids": ["harz", "nordsee"],
        "family_counts": [1, 2],
        "region_ids": ["Harz", "Küste"],
        "region_counts": [1, 2],
        "theme_ids": ["coast", "mountains"],
        "theme_counts": [2, 1],
        "upcoming_departure_ids": ["nordsee-24@2024-06-01"],
        "favourite_family": "nordsee",
        "favourite_family_share": 1.0,
        "favourite_region": "Küste",
        "favourite_theme": "coast",
        "different_families": 2,
        "repeat_share": 1 / 2,
        "repeat_propensity": 2 / 4,
        "average_nights": (5 + 5 + 3) / 3,
        "longest_nights": 5,
    }
    assert bernd == anna | {"favourite_family_share": 2 / 3}, "he was in the Harz, she was not"


def test_a_cancelled_trip_counts_until_it_is_cancelled(sight: Sight):
    assert sight.of("anna", "2024-01-20")["family_counts"] == [2, 2]
    assert len(sight.of("anna", "2024-01-20")["upcoming_departure_ids"]) == 2


def test_a_departure_is_ahead_through_its_day(sight: Sight):
    assert sight.of("anna", "2024-06-01T18:00:00")["upcoming_departure_ids"] == ["nordsee-24@2024-06-01"]
    assert sight.of("anna", "2024-06-02")["upcoming_departure_ids"] is None


def test_a_correction_of_the_catalogue_counts_from_when_it_was_known(sight: Sight):
    families = [sight.of("carla", when)["family_ids"] for when in ("2024-03-15", "2024-04-02")]
    assert families == [["moselle"], ["mosel"]]
    regions = [sight.of("carla", when)["region_ids"] for when in ("2024-03-15", "2024-04-02")]
    assert regions == [["Küste"], ["Mosel"]]
    names = ("favourite_theme", "longest_nights", "average_nights")
    assert [sight.of("carla", "2024-04-02")[name] for name in names] == ["wine", 7, 7.0]


def test_a_tour_that_was_never_published_is_its_own_family(sight: Sight):
    row = sight.of("dora", JUNE_24)
    assert (row["family_ids"], row["family_counts"]) == (["harz", "unheard-of"], [1, 1])
    assert row["favourite_family"] == "harz", "between equals the alphabet decides"
    assert row["upcoming_departure_ids"] == ["harz-23@2024-07-01", "unheard-of@2024-09-01"]
    assert (row["region_ids"], row["theme_counts"], row["average_nights"]) == (["Harz"], [1], 3.0)
    assert (row["repeat_share"], row["repeat_propensity"]) == (0.0, 1 / 3)


def test_who_booked_one_unpublished_tour_for_others_has_a_family_and_nothing_else(sight: Sight):
    row = sight.of("emil", JUNE_24)
    told = {
        "operator_id": "reisen",
        "family_ids": ["unheard-of"],
        "family_counts": [1],
        "upcoming_departure_ids": ["unheard-of@2024-09-01"],
        "different_families": 1,
        "repeat_propensity": 1 / 2,
    }
    assert {name: value for name, value in row.items() if value is not None} == told


def test_repeats_count_from_the_second_trip_on(log_of: LogOf):
    """Greta took the Nordsee three times, the Harz twice, the Mosel once: three of five choices were repeats."""
    story = Story()
    story.knows("greta", "greta2", "hans")
    for number, tour in enumerate(("nordsee", "harz", "nordsee", "mosel", "harz")):
        story.books("greta", f"2023-0{number + 1}-01", tour=tour)
    story.books("greta2", "2023-06-01", tour="nordsee", travellers=["greta", "greta2"])
    story.merges("greta", "greta2", "2024-01-01")
    for tour in ("nordsee", "mosel", "mosel"):
        two_seats = ["hans", "hans"] if tour == "nordsee" else ["hans"]
        story.books("hans", "2023-06-01", tour=tour, travellers=two_seats)
    sight = log_of(story).at(JUNE_24, groups=[TASTE])
    greta, hans = sight.of("greta", JUNE_24), sight.of("hans", JUNE_24)
    assert (greta["family_ids"], greta["family_counts"]) == (["harz", "mosel", "nordsee"], [2, 1, 3])
    assert (greta["repeat_share"], greta["repeat_propensity"]) == (3 / 5, 4 / 7)
    assert (greta["favourite_family"], greta["favourite_family_share"]) == ("nordsee", 3 / 6)
    assert greta["different_families"] == 3
    assert (hans["favourite_family"], hans["favourite_family_share"]) == ("mosel", 2 / 3), (
        "two seats, one trip"
    )


def test_who_books_and_travels_has_the_trip_once(log_of: LogOf):
    logged, connection = log_of(summers()), connect_duckdb()
    facts = logged.facts(connection)
    people = ibis.memtable(connection.to_pyarrow(population(facts, moments_table([utc(JUNE_24)]))))
    trips = connection.to_pyarrow(trips_with_family(facts, people)).to_pylist()
    anna, bernd = (
        sorted(trip["family_id"] for trip in trips if trip["customer_id"] == logged.operator.pseudonym(who))
        for who in ("anna", "bernd")
    )
    assert anna == bernd == ["harz", "nordsee", "nordsee"]
