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
    story.books("anna", "2024-01-05", "2024-02-10", travellers=[("bernd", "aisle", "Kiel"), None])
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

    def buys(type_: str, who: str | None, amount: str, when: str = "2023-05-10", **data: str) -> None:
        bought = {"category": "coffee", "amount": amount, "currency": "EUR"}
        story.tell(type_, when, person_profile_id=who, **bought, **data)

    buys("OnboardSaleRecorded", "bernd", "2.50", departure_id="d")
    buys("OnboardSaleRecorded", "bernd", "0.10", departure_id="d")
    buys("OnboardSaleRecorded", "bernd", "0.20", departure_id="d")
    buys("OnboardSaleRecorded", "bernd", "1.00", when="2024-02-10", departure_id="d")
    buys("OnboardSaleRecorded", None, "99.00", departure_id="d")
    buys("AncillaryPurchased", "anna", "25.00", booking_id=second)
    buys("AncillaryPurchased", "anna", "10.00", when="2023-06-02T00:00:00", booking_id=second)
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
            "trips_as_booker": 0,
            "booker_share": 0.0,
            "trips_in_company": 1,
            "companions": 1,
            "seasons_travelled": 2,
            "preferred_seat_position": "window",
            "seat_position_share": 2 / 3,
            "preferred_boarding_point": "Kiel",
            "boarding_point_share": 2 / 3,
            "no_show_count": 1,
            "no_show_rate": 1 / 3,
            "days_since_last_no_show": (utc(JUNE_24) - utc("2023-05-12T10:00:00")).total_seconds() / 86_400,
            "late_boardings_365d": 2,
            "worst_lateness_365d": 40,
            "onboard_spend": 3.80,
            "onboard_spend_365d": 1.0,
            "onboard_purchases": 4,
            "ancillary_spend": 0.0,
            "ancillary_spend_365d": 0.0,
            "ancillary_purchases": 0,
        }
    )
    assert row["onboard_spend"] == 3.80, "money is added up exactly"


def test_the_booker_has_only_the_trips_she_made(sight: Sight):
    assert sight.of("anna", JUNE_24) == {
        "operator_id": "reisen",
        "total_trips": 1,
        "trips_as_booker": 1,
        "booker_share": 1.0,
        "trips_in_company": 1,
        "companions": 1,
        "seasons_travelled": 1,
        "preferred_seat_position": "aisle",
        "seat_position_share": 1.0,
        "preferred_boarding_point": "Kiel",
        "boarding_point_share": 1.0,
        "no_show_count": 0,
        "no_show_rate": 0.0,
        "days_since_last_no_show": None,
        "late_boardings_365d": 0,
        "worst_lateness_365d": -5,
        "onboard_spend": 0.0,
        "onboard_spend_365d": 0.0,
        "onboard_purchases": 0,
        "ancillary_spend": 35.0,
        "ancillary_spend_365d": 10.0,
        "ancillary_purchases": 2,
    }


def test_a_boarding_without_a_time_is_neither_late_nor_early(sight: Sight):
    row = sight.of("carla", JUNE_24)
    assert (row["late_boardings_365d"], row["worst_lateness_365d"]) == (0, None)


def test_between_seats_and_stops_taken_equally_often_the_alphabet_decides(sight: Sight):
    row = sight.of("dora", JUNE_24)
    assert (row["preferred_seat_position"], row["preferred_boarding_point"]) == ("aisle", "Husum")
    assert (row["seat_position_share"], row["boarding_point_share"]) == (0.5, 0.5)


def test_of_who_never_travelled_there_is_no_share_no_season_and_no_rate(sight: Sight):
    row = sight.of("carla", JUNE_24)
    unknown = {
        "booker_share", "seasons_travelled", "preferred_seat_position", "seat_position_share",
        "preferred_boarding_point", "boarding_point_share", "no_show_rate", "days_since_last_no_show",
        "worst_lateness_365d",
    }  # fmt: skip
    assert {name for name, value in row.items() if value is None} == unknown


def company() -> Story:
    """Emil, who was told of as two people, travels with Frida and with his own double."""
    story = Story()
    story.knows("emil", "emil2", "frida", "gerd")
    story.books("emil", "2023-01-05", "2023-05-10", travellers=["emil", "frida"])
    story.books("emil2", "2023-02-05", "2023-08-10", travellers=["emil", "emil2", None])
    story.books("emil2", "2023-03-05", "2023-12-10", travellers=["emil", "frida"])
    changed = story.books("emil", "2023-04-05", "2024-01-10", travellers=["emil", "gerd"])
    story.books("emil", "2023-04-06", "2024-01-10", travellers=["emil"], booking=changed, known="2024-03-15")
    given_back = story.books("gerd", "2023-05-05", "2023-09-10", travellers=["emil", "frida", "gerd"])
    story.cancels("gerd", given_back, "2024-02-15")
    story.merges("emil", "emil2", "2024-04-01")
    for who in ("emil", "emil2"):
        story.tell("BookingNoShow", "2023-05-10", booking_id=changed, person_profile_id=who)
    return story


def test_companions_are_counted_as_the_people_they_are_by_then(log_of: LogOf):
    moments = ("2024-02-01", "2024-03-01", "2024-03-20", JUNE_24)
    sight = log_of(company()).at(*moments, groups=[TRAVEL])
    names = ("total_trips", "trips_in_company", "companions", "trips_as_booker", "seasons_travelled")
    seen = [tuple(sight.of("emil", when)[name] for name in names) for when in moments]
    assert seen == [
        (5, 5, 3, 2, 4),  # with Frida, Gerd and his own double; spring, summer, December, January, autumn
        (4, 4, 3, 2, 3),  # once Gerd had given his trip back, no autumn
        (4, 3, 2, 2, 3),  # Gerd does not come along to January: Frida and his double are left
        (4, 2, 1, 4, 3),  # his double is himself, who booked all of it
    ]
    shares = [sight.of("emil", when)["booker_share"] for when in moments]
    assert shares == [2 / 5, 2 / 4, 2 / 4, 1.0]
    assert not sight.knows("emil2", JUNE_24)


def test_who_travels_with_one_person_told_of_as_two_has_one_companion_from_the_merge_on(log_of: LogOf):
    story = Story()
    story.knows("anna", "bernd", "bernd2")
    story.books("anna", "2023-01-05", "2023-05-10", travellers=["anna", "bernd"])
    story.books("anna", "2023-02-05", "2023-08-10", travellers=["anna", "bernd2"])
    story.merges("bernd", "bernd2", "2024-04-01")
    sight = log_of(story).at("2024-03-01", JUNE_24, groups=[TRAVEL])
    assert [sight.of("anna", when)["companions"] for when in ("2024-03-01", JUNE_24)] == [2, 1]
    assert [sight.of("anna", when)["trips_in_company"] for when in ("2024-03-01", JUNE_24)] == [2, 2]
    assert sight.of("bernd", JUNE_24)["companions"] == 1


def test_a_no_show_told_of_both_halves_of_a_person_is_one(log_of: LogOf):
    sight = log_of(company()).at("2024-03-20", JUNE_24, groups=[TRAVEL])
    rows = [sight.of("emil", when) for when in ("2024-03-20", JUNE_24)]
    assert [(row["no_show_count"], row["no_show_rate"]) for row in rows] == [(1, 1 / 4), (1, 1 / 4)]


def test_of_a_person_named_on_two_seats_each_seat_counts_but_the_trip_once(log_of: LogOf):
    story = Story()
    story.knows("anna")
    both = [("anna", "window", "Kiel"), ("anna", "window", "Kiel")]
    story.books("anna", "2023-01-05", travellers=both)
    story.books("anna", "2023-02-05", travellers=[("anna", "aisle", "Husum")])
    row = log_of(story).at(JUNE_24, groups=[TRAVEL]).of("anna", JUNE_24)
    assert (row["total_trips"], row["trips_as_booker"], row["companions"]) == (2, 2, 0)
    assert (row["preferred_seat_position"], row["seat_position_share"]) == ("window", 2 / 3)
    assert (row["preferred_boarding_point"], row["boarding_point_share"]) == ("Kiel", 2 / 3)
