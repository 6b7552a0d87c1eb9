"""Anna books Nordsee every May; Bernd travels with her and never books. Their neighbours book in other ways."""

import pytest

from feature_repo.groups import BOOKING
from tests.feature_repo.stories import LogOf, Sight, Story, utc

JUNE_24 = "2024-06-01"


def neighbours() -> Story:
    story = Story()
    story.knows("anna", "bernd", "carla", "dora", "emil", "frida", "greta", "hans", "ida", "jan")
    story.books("anna", "2022-05-02", "2022-09-01", travellers=["anna", "bernd"])
    story.books("anna", "2023-05-04", "2023-09-03", travellers=["anna", "bernd", None], amount="410.50")
    story.books("anna", "2024-05-01", "2024-09-05", amount="389.50")
    # Carla gives one of two bookings back, and says so twice
    story.books("carla", "2023-01-10", amount="100.00")
    returned = story.books("carla", "2023-02-10", amount="250.00")
    story.cancels("carla", returned, "2023-03-01")
    story.cancels("carla", returned, "2023-03-03")
    # Dora books twice on one day, for herself and for a friend
    story.books("dora", "2024-03-01T09:00:00", amount="100.00")
    story.books("dora", "2024-03-01T17:00:00", amount="200.00", travellers=["anna"])
    # Emil books now in January, now in December; and once for a coach that had left
    story.books("emil", "2022-12-10", "2023-06-10")
    story.books("emil", "2023-01-10", "2023-02-10")
    story.books("frida", "2024-05-20", "2024-05-18")
    # Greta pays in francs, now and then in euro
    for day, currency in (("2024-01-01", "CHF"), ("2024-01-02", "EUR"), ("2024-01-03", "CHF")):
        story.books("greta", day, currency=currency)
    # Hans was told of his cancellation before anybody heard of the booking
    story.cancels("hans", "early", "2024-02-02")
    story.books("hans", "2024-02-01", booking="early", known="2024-04-01")
    # Ida books in ever longer intervals: 10, 20, 40, 80 days
    for day in ("2023-01-01", "2023-01-11", "2023-01-31", "2023-03-12", "2023-05-31"):
        story.books("ida", day)
    # Jan books once more exactly a year, and two years, before the first of June
    story.books("jan", utc("2023-06-02"), amount="1.00")
    story.books("jan", utc("2022-06-02"), amount="10.00")
    return story


@pytest.fixture(scope="module")
def sight(log_of: LogOf) -> Sight:
    moments = (JUNE_24, "2023-02-20", "2023-03-02", "2024-03-01", "2024-05-01", "2024-09-05T12:00:00")
    return log_of(neighbours()).at(*moments, "2023-12-15", "2023-10-15", groups=[BOOKING])


def test_the_booker_has_the_revenue_the_rhythm_and_the_lead_time(sight: Sight):
    row = sight.of("anna", JUNE_24)
    assert row.pop("last_booking_at") == utc("2024-05-01T10:00:00")
    assert row == pytest.approx(
        {
            "operator_id": "reisen",
            "total_bookings": 3,
            "bookings_365d": 1,
            "bookings_730d": 2,
            "booking_days": 3,
            "upcoming_trips": 1,
            "lifetime_revenue": 1200.0,
            "revenue_365d": 389.5,
            "revenue_730d": 800.0,
            "currency": "EUR",
            "average_booking_value": 400.0,
            "average_party_size": (2 + 3 + 1) / 3,
            "average_booking_lead_time": (122 + 122 + 127) / 3,
            "days_since_first_booking": 760 + 14 / 24,
            "days_since_last_booking": 30 + 14 / 24,
            "days_since_last_departure": 272.0,
            "median_booking_gap_days": (367 + 363) / 2,
            "longest_booking_gap_days": 367.0,
            "overdue_ratio": (30 + 14 / 24) / 365,
            "usual_booking_month": 5,
            "months_from_usual": 1,
            "usual_travel_month": 9,
            "cancelled_bookings": 0,
            "days_since_last_cancellation": None,
        }
    )


def test_who_only_travels_has_booked_nothing(sight: Sight):
    row = sight.of("bernd", JUNE_24)
    zero = {
        "total_bookings", "bookings_365d", "bookings_730d", "upcoming_trips", "cancelled_bookings",
        "lifetime_revenue", "revenue_365d", "revenue_730d",
    }  # fmt: skip
    assert {name for name, value in row.items() if value == 0} == zero
    assert {name for name, value in row.items() if value is not None} == zero | {"operator_id"}


def test_a_booking_counts_until_it_is_cancelled_and_a_cancellation_counts_once(sight: Sight):
    before, after = sight.of("carla", "2023-02-20"), sight.of("carla", "2023-03-02")
    assert (before["total_bookings"], before["lifetime_revenue"], before["cancelled_bookings"]) == (
        2,
        350.0,
        0,
    )
    assert (after["total_bookings"], after["lifetime_revenue"], after["cancelled_bookings"]) == (1, 100.0, 1)
    assert after["days_since_last_cancellation"] == pytest.approx(14 / 24)
    assert sight.of("carla", JUNE_24)["cancelled_bookings"] == 1


def test_a_cancellation_that_arrives_first_cancels_all_the_same(sight: Sight):
    for moment in ("2024-03-01", JUNE_24):
        row = sight.of("hans", moment)
        assert (row["total_bookings"], row["lifetime_revenue"], row["cancelled_bookings"]) == (0, 0.0, 1)


def test_two_bookings_of_one_day_are_one_occasion(sight: Sight):
    row = sight.of("dora", JUNE_24)
    assert (row["total_bookings"], row["booking_days"], row["lifetime_revenue"]) == (2, 1, 300.0)
    assert row["median_booking_gap_days"] is None
    assert row["longest_booking_gap_days"] is None
    assert row["overdue_ratio"] is None


def test_the_median_of_an_even_number_of_gaps_is_between_the_middle_two(sight: Sight):
    row = sight.of("ida", JUNE_24)
    assert (row["median_booking_gap_days"], row["longest_booking_gap_days"]) == (30.0, 80.0)


def test_between_months_seen_equally_often_the_earlier_is_usual(sight: Sight):
    row = sight.of("emil", JUNE_24)
    assert (row["usual_booking_month"], row["usual_travel_month"]) == (1, 2)


@pytest.mark.parametrize(
    ("who", "moment", "months"),
    [
        ("anna", "2024-05-01", 0),
        ("anna", JUNE_24, 1),
        ("anna", "2023-10-15", 5),
        ("anna", "2023-12-15", 7),
        ("emil", "2023-12-15", 11),
        ("anna", "2023-03-02", 10),
    ],
)
def test_months_since_the_usual_month_run_from_0_to_11(sight: Sight, who: str, moment: str, months: int):
    assert sight.of(who, moment)["months_from_usual"] == months


def test_a_booking_for_a_coach_that_has_left_has_no_negative_lead_time(sight: Sight):
    assert sight.of("frida", JUNE_24)["average_booking_lead_time"] == 0.0


def test_the_currency_is_that_of_most_bookings(sight: Sight):
    assert sight.of("greta", JUNE_24)["currency"] == "CHF"


def test_a_year_and_two_years_are_counted_to_the_second(sight: Sight):
    row = sight.of("jan", JUNE_24)  # 2023-06-02 to 2024-06-01 are 365 days, from 2022-06-02 they are 730
    assert (row["bookings_365d"], row["bookings_730d"]) == (1, 2)
    assert (row["revenue_365d"], row["revenue_730d"]) == (1.0, 11.0)


def test_a_trip_is_ahead_through_the_day_it_departs(sight: Sight):
    row = sight.of("anna", "2024-09-05T12:00:00")
    assert row["upcoming_trips"] == 1
    assert row["days_since_last_departure"] == pytest.approx(368.5)


def test_a_booking_confirmed_again_counts_once_as_last_confirmed(log_of: LogOf):
    story = Story()
    story.knows("anna", "bernd", "carla")
    booking = story.books("anna", "2024-01-10", amount="400.00", travellers=["anna", "bernd"])
    story.books("anna", "2024-02-10", amount="300.00", booking=booking, known="2024-02-20")
    sight = log_of(story).at("2024-02-15", "2024-02-20T10:00:00", "2024-02-21")
    for moment in ("2024-02-15", "2024-02-20T10:00:00"):
        before = sight.of("anna", moment)
        assert (before["total_bookings"], before["lifetime_revenue"], before["average_party_size"]) == (
            1,
            400,
            2,
        )
        assert sight.of("bernd", moment)["total_trips"] == 1
    after = sight.of("anna", "2024-02-21")
    assert (after["total_bookings"], after["lifetime_revenue"], after["average_party_size"]) == (1, 300, 1)
    assert after["total_trips"] == 1
    assert sight.of("bernd", "2024-02-21")["total_trips"] == 0


def test_a_booking_made_over_to_somebody_else_is_theirs_alone(log_of: LogOf):
    story = Story()
    story.knows("anna", "bernd")
    booking = story.books("anna", "2024-01-10")
    story.books("bernd", "2024-01-10", booking=booking, known="2024-02-20")
    sight = log_of(story).at("2024-02-01", "2024-03-01", groups=[BOOKING])
    assert [sight.of(who, "2024-02-01")["total_bookings"] for who in ("anna", "bernd")] == [1, 0]
    assert [sight.of(who, "2024-03-01")["total_bookings"] for who in ("anna", "bernd")] == [0, 1]
