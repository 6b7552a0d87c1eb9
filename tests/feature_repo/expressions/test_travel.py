"""Anna books, Bernd travels: seat, stop, no-shows and late coaches belong to whoever sits in the coach."""

import pytest

from feature_repo.groups import TRAVEL
from tests.feature_repo.stories import LogOf, Sight, Story, utc

JUNE_24 = "2024-06-01"


def on_the_road() -> Story:
    story = Story()
    story.knows("anna", "bernd", "carla", "dora")
    # Anna books for both and comes along once; Bernd has seats by the window and gets on at Kiel, mostly
    together = [("anna", "aisle", "Kiel"), ("bernd", "window", "Kiel")]
    first = story.books("anna", "2022-01-05", "2022-05-10", travellers=together)
    second = story.books("anna", "2023-01-05", "2023-05-10", travellers=[("bernd", "window", "Husum")])
    story.books("anna", "2024-01-05", "2024-05-10", travellers=[("bernd", "aisle", "Kiel"), None])
    given_back = story.books("anna", "2024-01-06", "2024-05-11", travellers=[("bernd", "aisle", "Husum")])
    story.cancels("anna", given_back, "2024-02-01")

    def boards(who: str, when: str, late: int | None) -> None:
        data = {"booking_id": first, "person_profile_id": who, "boarding_point_id": "Kiel"}
        story.tell("BoardingEventCreated", when, **data, minutes_late=late)

    for when, late in (("2022-05-10", 90), ("2023-07-01", 15), ("2023-08-01", 40), ("2023-09-01", 14)):
        boards("bernd", when, late)
    boards("anna", "2023-09-01", -5)
    boards("carla", "2024-05-01", None)
    for when in ("2023-05-10", "2023-05-12"):  # said twice
        story.tell("BookingNoShow", when, booking_id=second, person_profile_id="bernd")

    def buys(type_: str, who: str | None, amount: str, **data: str) -> None:
        bought = {"category": "coffee", "amount": amount, "currency": "EUR"}
        story.tell(type_, "2023-05-10", person_profile_id=who, **bought, **data)

    buys("OnboardSaleRecorded", "bernd", "2.50", departure_id="d")
    buys("OnboardSaleRecorded", "bernd", "0.10", departure_id="d")
    buys("OnboardSaleRecorded", "bernd", "0.20", departure_id="d")
    buys("OnboardSaleRecorded", None, "99.00", departure_id="d")
    buys("AncillaryPurchased", "anna", "25.00", booking_id=second)
    # Dora sits now here, now there
    for seat, stop in (("window", "Kiel"), ("aisle", "Husum")):
        story.books("dora", "2024-03-01", travellers=[("dora", seat, stop)])
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    return log_of(on_the_road()).at(JUNE_24, groups=[TRAVEL])


def test_the_traveller_has_the_trips_the_seat_the_stop_and_the_missed_coach(sight: Sight):
    row = sight.of("bernd", JUNE_24)
    assert row == pytest.approx(
        {
            "operator_id": "reisen",
            "total_trips": 3,
            "preferred_seat_position": "window",
            "preferred_boarding_point": "Kiel",
            "no_show_count": 1,
            "days_since_last_no_show": (utc(JUNE_24) - utc("2023-05-12T10:00:00")).total_seconds() / 86_400,
            "late_boardings_365d": 2,
            "worst_lateness_365d": 40,
            "onboard_spend": 2.80,
            "ancillary_spend": 0.0,
        }
    )
    assert row["onboard_spend"] == 2.80, "money is added up exactly"


def test_the_booker_has_only_the_trips_she_made(sight: Sight):
    assert sight.of("anna", JUNE_24) == {
        "operator_id": "reisen",
        "total_trips": 1,
        "preferred_seat_position": "aisle",
        "preferred_boarding_point": "Kiel",
        "no_show_count": 0,
        "days_since_last_no_show": None,
        "late_boardings_365d": 0,
        "worst_lateness_365d": -5,
        "onboard_spend": 0.0,
        "ancillary_spend": 25.0,
    }


def test_a_boarding_without_a_time_is_neither_late_nor_early(sight: Sight):
    row = sight.of("carla", JUNE_24)
    assert (row["late_boardings_365d"], row["worst_lateness_365d"]) == (0, None)


def test_between_seats_and_stops_taken_equally_often_the_alphabet_decides(sight: Sight):
    row = sight.of("dora", JUNE_24)
    assert (row["preferred_seat_position"], row["preferred_boarding_point"]) == ("aisle", "Husum")
