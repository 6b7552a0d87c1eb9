"""Anna moves to Lübeck and learns English; what the Backoffice knows of her counts from when it knows it."""

import pytest

from feature_repo.groups import PROFILE
from tests.feature_repo.stories import LogOf, Sight, Story

JUNE_24 = "2024-06-01"


def movings() -> Story:
    story = Story()
    story.knows("anna", when="2023-06-02T00:00:00", postcode="20095", locale="de-DE")
    story.knows("anna", when="2024-01-01", postcode="23552", locale="en")
    story.knows("anna", when="2024-03-01", known="2024-05-01", locale="de-AT")  # heard of late, no postcode
    story.knows("anna2", when="2022-06-02T00:00:00", postcode="99084", locale="fr")
    story.merges("anna", "anna2", "2024-05-15")
    story.knows("bernd")

    def says(type_: str, when: str, purpose: str, **known: str) -> None:
        story.tell(type_, when, person_profile_id="anna", purpose=purpose, **known)

    says("ConsentGranted", "2023-07-01", "profiling")
    says("ConsentGranted", "2023-07-01", "newsletter")
    says("ConsentRevoked", "2023-12-01", "newsletter")
    says("ConsentGranted", "2024-02-01", "newsletter", known="2024-04-01")
    says("ConsentRevoked", "2024-04-15", "profiling")
    story.tell("ConsentGranted", "2024-04-20", person_profile_id="anna2", purpose="marketing")
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    return log_of(movings()).at(
        "2023-08-01", "2024-03-15", "2024-04-10", "2024-05-10", JUNE_24, groups=[PROFILE]
    )


def test_language_and_area_are_the_latest_that_were_told_and_known(sight: Sight):
    rows = [sight.of("anna", when) for when in ("2023-08-01", "2024-03-15", "2024-05-10")]
    assert [row["locale"] for row in rows] == ["de-DE", "en", "de-AT"]
    assert [row["postcode_area"] for row in rows] == ["20", "23", "23"]
    assert [row["profile_updates"] for row in rows] == [1, 2, 3]


def test_tenure_begins_with_the_first_profile_of_all_who_are_one(sight: Sight):
    assert sight.of("anna", "2024-05-10")["tenure_days"] == 343.0
    one = sight.of("anna", JUNE_24)
    assert (one["tenure_days"], one["profile_updates"]) == (730.0, 4)
    assert (one["locale"], one["postcode_area"]) == ("de-AT", "23"), "her double's were told before"


def test_a_purpose_is_consented_to_as_long_as_its_latest_word_is_yes(sight: Sight):
    moments = ("2023-08-01", "2024-03-15", "2024-04-10", "2024-05-10", JUNE_24)
    assert [sight.of("anna", when)["consented_purposes"] for when in moments] == [
        ["newsletter", "profiling"],
        ["profiling"],
        ["newsletter", "profiling"],  # granted again, which we heard of in April
        ["newsletter"],
        ["marketing", "newsletter"],  # her double had agreed to marketing
    ]


def test_of_who_told_nothing_the_area_and_consent_are_unknown(sight: Sight):
    row = sight.of("bernd", JUNE_24)
    assert (row["postcode_area"], row["consented_purposes"], row["profile_updates"]) == (None, None, 1)
