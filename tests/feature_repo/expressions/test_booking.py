"""Anna books Nordsee every May; Bernd travels with her and never books. Their neighbours book in other ways."""

from dataclasses import replace

import ibis.expr.types as ir
import pytest

from feature_repo.expressions.clocks import Facts
from feature_repo.groups import BOOKING
from tests.feature_repo.stories import LogOf, Sight, Story, utc

JUNE_24 = "2024-06-01"


def neighbours() -> Story:
    story = Story()
    story.knows("anna", "bernd", "carla", "dora", "emil", "frida", "greta", "hans", "ida", "jan", "kurt")
    story.publishes("nordsee-24", "nordsee")
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
    # Greta pays in francs and by phone, now and then in euro, or in the shop
    for day, currency, channel in (
        ("2024-01-01", "CHF", "phone"),
        ("2024-01-02", "EUR", "phone"),
        ("2024-01-03", "CHF", "agency"),
    ):
        story.books("greta", day, currency=currency, channel=channel)
    # Hans was told of his cancellation before anybody heard of the booking
    story.cancels("hans", "early", "2024-02-02")
    story.books("hans", "2024-02-01", booking="early", known="2024-04-01")
    # Ida books in ever longer intervals: 10, 20, 40, 80 days
    for day in ("2023-01-01", "2023-01-11", "2023-01-31", "2023-03-12", "2023-05-31"):
        story.books("ida", day)
    # Jan books once more exactly a year, and two years, before the first of June
    story.books("jan", utc("2023-06-02"), amount="1.00")
    story.books("jan", utc("2022-06-02"), amount="10.00")
    # Kurt books exactly 90 days before the first of June, and a second before that
    story.books("kurt", utc("2024-03-03"), amount="1.00")
    story.books("kurt", utc("2024-03-02T23:59:59"), amount="10.00")
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
            "bookings_90d": 1,
            "bookings_365d": 1,
            "bookings_730d": 2,
            "booking_days": 3,
            "upcoming_trips": 1,
            "lifetime_revenue": 1200.0,
            "revenue_90d": 389.5,
            "revenue_365d": 389.5,
            "revenue_730d": 800.0,
            "currency": "EUR",
            "usual_sales_channel": "phone",
            "average_booking_value": 400.0,
            "highest_booking_value": 410.5,
            "average_price_per_seat": 1200 / (2 + 3 + 1),
            "average_price_per_night": 1200 / ((2 + 3 + 1) * 5),
            "average_party_size": (2 + 3 + 1) / 3,
            "largest_party_size": 3,
            "average_booking_lead_time": (122 + 122 + 127) / 3,
            "shortest_booking_lead_time": 122,
            "days_since_first_booking": 760 + 14 / 24,
            "days_since_last_booking": 30 + 14 / 24,
            "days_since_last_departure": 272.0,
            "median_booking_gap_days": (367 + 363) / 2,
            "longest_booking_gap_days": 367.0,
            "overdue_ratio": (30 + 14 / 24) / 365,
            "usual_booking_month": 5,
            "usual_booking_month_share": 1.0,
            "different_booking_months": 1,
            "months_from_usual": 1,
            "usual_travel_month": 9,
            "days_to_rebooking_window": 304.0,  # from the first of April on: 2024-05-01 + 365 days - 30
            "rebooking_window_days": 30.0,
            "cancelled_bookings": 0,
            "cancellation_rate": 0.0,
            "days_since_last_cancellation": None,
        }
    )


def test_who_only_travels_has_booked_nothing(sight: Sight):
    row = sight.of("bernd", JUNE_24)
    zero = {
        "total_bookings", "bookings_90d", "bookings_365d", "bookings_730d", "upcoming_trips", "cancelled_bookings",
        "lifetime_revenue", "revenue_90d", "revenue_365d", "revenue_730d",
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
    assert [row["cancellation_rate"] for row in (before, after)] == [0.0, 0.5]


def test_a_cancellation_that_arrives_first_cancels_all_the_same(sight: Sight):
    for moment in ("2024-03-01", JUNE_24):
        row = sight.of("hans", moment)
        assert (row["total_bookings"], row["lifetime_revenue"], row["cancelled_bookings"]) == (0, 0.0, 1)
        assert row["cancellation_rate"] == 1.0


def test_two_bookings_of_one_day_are_one_occasion(sight: Sight):
    row = sight.of("dora", JUNE_24)
    assert (row["total_bookings"], row["booking_days"], row["lifetime_revenue"]) == (2, 1, 300.0)
    assert row["median_booking_gap_days"] is None
    assert row["longest_booking_gap_days"] is None
    assert row["overdue_ratio"] is None
    assert (row["average_booking_value"], row["highest_booking_value"]) == (150.0, 200.0)


def test_the_median_of_an_even_number_of_gaps_is_between_the_middle_two(sight: Sight):
    row = sight.of("ida", JUNE_24)
    assert (row["median_booking_gap_days"], row["longest_booking_gap_days"]) == (30.0, 80.0)
    assert row["overdue_ratio"] == pytest.approx((366 + 14 / 24) / 30)


def test_the_rebooking_window_is_as_wide_as_the_gaps_differ_and_opens_before_the_median_gap(sight: Sight):
    row = sight.of(
        "ida", JUNE_24
    )  # last booked on 2023-05-31, expected on 06-30, give or take (80 - 10) / 2 days
    assert (row["rebooking_window_days"], row["days_to_rebooking_window"]) == (35.0, -372.0)


def test_who_booked_once_is_expected_a_year_later_give_or_take_a_month(sight: Sight):
    row = sight.of("frida", JUNE_24)  # booked on 2024-05-20, so from 2025-04-20 on
    assert (row["rebooking_window_days"], row["days_to_rebooking_window"]) == (30.0, 323.0)


def test_between_months_seen_equally_often_the_earlier_is_usual(sight: Sight):
    row = sight.of("emil", JUNE_24)
    assert (row["usual_booking_month"], row["usual_travel_month"]) == (1, 2)
    assert (row["usual_booking_month_share"], row["different_booking_months"]) == (0.5, 2)
    assert row["shortest_booking_lead_time"] == 31


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
    row = sight.of("frida", JUNE_24)
    assert (row["average_booking_lead_time"], row["shortest_booking_lead_time"]) == (0.0, 0)


def test_currency_and_sales_channel_are_those_of_most_bookings(sight: Sight):
    row = sight.of("greta", JUNE_24)
    assert (row["currency"], row["usual_sales_channel"]) == ("CHF", "phone")


def test_a_year_and_two_years_are_counted_to_the_second(sight: Sight):
    row = sight.of("jan", JUNE_24)  # 2023-06-02 to 2024-06-01 are 365 days, from 2022-06-02 they are 730
    assert (row["bookings_365d"], row["bookings_730d"]) == (1, 2)
    assert (row["revenue_365d"], row["revenue_730d"]) == (1.0, 11.0)
    row = sight.of("kurt", JUNE_24)
    assert (row["bookings_90d"], row["revenue_90d"], row["revenue_365d"]) == (1, 1.0, 11.0)


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


def test_the_price_per_night_is_of_tours_with_nights_as_far_as_they_were_published(log_of: LogOf):
    """Lena pays 500 for two seats and five nights, 30 for a day out, and 999 for a tour nobody told of."""
    story = Story()
    story.knows("lena", "mara")
    story.publishes("heide-24", "heide", nights=5)
    story.publishes("heide-24", "heide", "2024-03-01", nights=4, known="2024-03-10T00:00:00")
    story.publishes("kiel-24", "kiel", nights=0)
    story.books("lena", "2024-01-01", tour="heide-24", amount="500.00", travellers=["lena", None])
    story.books("lena", "2024-01-02", tour="kiel-24", amount="30.00")
    story.books("lena", "2024-01-03", tour="unheard-of", amount="999.00")
    story.books("mara", "2024-01-03", tour="kiel-24", amount="30.00")
    sight = log_of(story).at("2024-03-10", "2024-03-11", groups=[BOOKING])
    assert [sight.of("lena", when)["average_price_per_night"] for when in ("2024-03-10", "2024-03-11")] == [
        500 / (2 * 5),
        500 / (2 * 4),
    ]
    assert sight.of("lena", "2024-03-11")["average_price_per_seat"] == 1529 / 4
    mara = sight.of("mara", "2024-03-11")
    assert (mara["average_price_per_night"], mara["average_price_per_seat"]) == (None, 30.0)


def test_two_who_become_one_have_one_rhythm(log_of: LogOf):
    """Nora booked every February, and her double every May; as one she books twice a year."""
    story = Story()
    story.knows("nora", "nora2")
    for year in (2022, 2023, 2024):
        story.books("nora", f"{year}-02-01", f"{year}-02-11", amount="300.00")
        story.books("nora2", f"{year}-05-01", f"{year}-05-31", amount="100.00", travellers=["nora", None])
    given_back = story.books("nora2", "2024-05-02")
    story.cancels("nora", given_back, "2024-05-03")
    story.merges("nora", "nora2", "2024-05-20")
    sight = log_of(story).at("2024-05-19", JUNE_24, groups=[BOOKING])
    alone, one = sight.of("nora", "2024-05-19"), sight.of("nora", JUNE_24)
    assert (alone["total_bookings"], alone["median_booking_gap_days"]) == (3, 365.0)
    expected = {
        "total_bookings": 6,
        "lifetime_revenue": 1200.0,
        "booking_days": 6,
        "average_party_size": 1.5,
        "average_price_per_seat": 1200 / 9,
        "average_booking_lead_time": 20.0,
        "shortest_booking_lead_time": 10,
        "median_booking_gap_days": 90.0,  # 89, 276, 89, 276, 90
        "longest_booking_gap_days": 276.0,
        "rebooking_window_days": (276 - 89) / 2,
        "usual_booking_month": 2,
        "usual_booking_month_share": 0.5,
        "different_booking_months": 2,
        "cancelled_bookings": 1,
        "cancellation_rate": 1 / 7,
    }
    assert {name: one[name] for name in expected} == pytest.approx(expected)


def without_dates_after_2024(facts: Facts) -> Facts:
    def undated(table: ir.Table) -> ir.Table:
        known = table.departure_date.year() <= 2024
        return table.mutate(departure_date=known.ifelse(table.departure_date, None))

    return replace(facts, bookings=undated(facts.bookings), trips=undated(facts.trips))


def test_bookings_without_a_date_of_departure_have_no_lead_time_no_travel_month_and_are_not_ahead(
    log_of: LogOf,
):
    """As in shops, whose purchases are read as bookings: what is unknown is null, and no zero in a mean."""
    story = Story()
    story.knows("anna", "bernd")
    story.books("anna", "2024-05-01", "2024-05-11", travellers=["bernd"])
    story.books("anna", "2024-05-02", "2099-01-01")
    story.books("bernd", "2024-05-02", "2099-01-01")
    logged = log_of(story)
    sight = logged.at(JUNE_24, seen=without_dates_after_2024)
    anna, bernd = sight.of("anna", JUNE_24), sight.of("bernd", JUNE_24)
    assert (anna["average_booking_lead_time"], anna["shortest_booking_lead_time"]) == (10.0, 10)
    assert (anna["usual_travel_month"], anna["upcoming_trips"], anna["upcoming_departure_ids"]) == (
        5,
        0,
        None,
    )
    assert (bernd["total_bookings"], bernd["average_booking_lead_time"]) == (1, None)
    assert (bernd["shortest_booking_lead_time"], bernd["usual_travel_month"]) == (None, None)
    assert (bernd["days_since_last_departure"], bernd["seasons_travelled"]) == (None, 1)
