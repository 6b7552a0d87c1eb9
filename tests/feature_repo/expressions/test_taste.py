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
    story.knows("anna", "bernd", "carla", "dora")
    story.publishes("nordsee-22", "nordsee")
    story.publishes("nordsee-24", "nordsee")
    story.publishes("harz-23", "harz")
    story.books("anna", "2022-01-05", "2022-05-10", tour="nordsee-22", travellers=["anna", "bernd"])
    story.books("anna", "2023-01-05", "2023-05-10", tour="harz-23", travellers=["bernd"])
    story.books("anna", "2024-01-05", "2024-06-01", tour="nordsee-24", travellers=["anna", "bernd"])
    given_back = story.books("anna", "2024-01-06", "2024-08-01", tour="harz-23", travellers=["anna", "bernd"])
    story.cancels("anna", given_back, "2024-02-01")
    # Carla's tour was published under a wrong family, put right in March; Dora's never was
    story.publishes("mosel-24", "moselle", when="2023-01-01")
    story.publishes("mosel-24", "mosel", when="2024-03-01", known="2024-04-01")
    story.books("carla", "2024-01-05", "2024-09-01", tour="mosel-24")
    story.books("dora", "2024-01-05", "2024-09-01", tour="unheard-of")
    story.books("dora", "2024-01-06", "2024-07-01", tour="harz-23")
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    moments = ("2024-01-20", "2024-03-15", "2024-04-02", JUNE_24, "2024-06-01T18:00:00", "2024-06-02")
    return log_of(summers()).at(*moments, groups=[TASTE])


def test_who_booked_and_who_travelled_both_have_the_taste_once_per_trip(sight: Sight):
    assert sight.of("anna", JUNE_24) == {
        "operator_id": "reisen",
        "family_ids": ["harz", "nordsee"],
        "family_counts": [1, 2],
        "upcoming_departure_ids": ["nordsee-24@2024-06-01"],
        "favourite_family": "nordsee",
    }
    assert sight.of("bernd", JUNE_24) == sight.of("anna", JUNE_24)


def test_a_cancelled_trip_counts_until_it_is_cancelled(sight: Sight):
    assert sight.of("anna", "2024-01-20")["family_counts"] == [2, 2]
    assert len(sight.of("anna", "2024-01-20")["upcoming_departure_ids"]) == 2


def test_a_departure_is_ahead_through_its_day(sight: Sight):
    assert sight.of("anna", "2024-06-01T18:00:00")["upcoming_departure_ids"] == ["nordsee-24@2024-06-01"]
    assert sight.of("anna", "2024-06-02")["upcoming_departure_ids"] is None


def test_a_correction_of_the_catalogue_counts_from_when_it_was_known(sight: Sight):
    families = [sight.of("carla", when)["family_ids"] for when in ("2024-03-15", "2024-04-02")]
    assert families == [["moselle"], ["mosel"]]


def test_a_tour_that_was_never_published_is_its_own_family(sight: Sight):
    row = sight.of("dora", JUNE_24)
    assert (row["family_ids"], row["family_counts"]) == (["harz", "unheard-of"], [1, 1])
    assert row["favourite_family"] == "harz", "between equals the alphabet decides"
    assert row["upcoming_departure_ids"] == ["harz-23@2024-07-01", "unheard-of@2024-09-01"]


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
