"""Reasons are true: every number in a sentence is one of the customer's own figures, in both languages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_repo.groups import CHURN_FEATURES
from models.churn_inputs import DERIVED
from models.recommender import RUNGS, Evidence
from serving.churn_reasons import MOST_REASONS, churn_reasons
from serving.churn_stories import STORIES
from serving.languages import language_of, spelled_date, spelled_money, spelled_months, spelled_number
from serving.suggestion_reasons import departures_reason, rung_note, suggestion_reason

ANNA = {
    "days_since_last_booking": 700.0, "days_since_last_departure": 600.0, "overdue_ratio": 1.9,
    "median_booking_gap_days": 365.0, "longest_booking_gap_days": 380.0, "total_bookings": 7, "bookings_365d": 0,
    "bookings_730d": 1, "booking_days": 7, "upcoming_trips": 0, "lifetime_revenue": 5284.5, "revenue_365d": 0.0,
    "currency": "EUR", "cancelled_bookings": 2, "days_since_last_cancellation": 400.0, "no_show_count": 1,
    "days_since_last_no_show": 610.0, "late_boardings_365d": 2, "worst_lateness_365d": 45, "last_satisfaction": 2,
    "last_nps": 3, "average_satisfaction": 3.5, "complaints_365d": 1, "messages_delivered_365d": 12,
    "messages_read_365d": 1, "read_rate_365d": 1 / 12, "days_since_last_read": 200.0, "marketing_consent": False,
    "abandoned_checkouts_90d": 1, "days_since_first_booking": 2_900.0, "usual_booking_month": 1,
    "months_from_usual": 5, "average_party_size": 2.0, "average_booking_lead_time": 121.0, "total_trips": 6,
    "conversations_365d": 2, "average_booking_value": 754.9, "onboard_spend": 31.5, "bookings_90d": 0,
    "days_to_rebooking_window": -365.0, "rebooking_window_days": 30.0,
}  # fmt: skip
"""Booked every year, and stopped after a late coach and a bad rating."""

NEWCOMER = dict.fromkeys(ANNA) | {
    "total_bookings": 1, "bookings_365d": 1, "bookings_730d": 1, "booking_days": 1, "upcoming_trips": 1,
    "lifetime_revenue": 349.0, "revenue_365d": 349.0, "days_since_last_booking": 20.0, "cancelled_bookings": 0,
    "no_show_count": 0, "late_boardings_365d": 0, "complaints_365d": 0, "messages_delivered_365d": 0,
    "messages_read_365d": 0, "marketing_consent": True, "abandoned_checkouts_90d": 0, "currency": "EUR",
}  # fmt: skip
"""Booked once, three weeks ago; most is unknown."""


def told(features, band="high", language="de", **moved):
    return churn_reasons(moved, features, band, language)


def texts(features, band="high", language="de", **moved):
    return [reason.text for reason in told(features, band, language, **moved)]


SENTENCES = [
    ("silence_odds", "7 Buchungen in 95 Monaten, die letzte vor 23 Monaten.",
     "7 bookings in 95 months, the last 23 months ago."),
    ("days_since_first_booking", "Die erste Buchung war vor 95 Monaten.", "The first booking was 95 months ago."),
    ("usual_booking_month", "Bucht meist im Januar.", "Usually books in January."),
    ("average_party_size", "Plätze je Buchung im Schnitt: 2,0.", "Seats per booking on average: 2.0."),
    ("average_booking_lead_time", "Bucht im Schnitt mit 4 Monaten Vorlauf.",
     "Books 4 months ahead on average."),
    ("total_trips", "Ist 6-mal mitgereist.", "Has travelled with us 6 times."),
    ("conversations_365d", "2 Gespräche in den letzten zwölf Monaten.",
     "2 conversations in the last twelve months."),
    ("days_since_last_booking", "Die letzte Buchung war vor 23 Monaten.", "The last booking was 23 months ago."),
    ("overdue_ratio", "Bucht sonst im Abstand von etwa 12 Monaten, zuletzt aber vor 23 Monaten.",
     "Usually books about every 12 months, but last did 23 months ago."),
    ("bookings_365d", "7 Buchungen insgesamt, davon 0 in den letzten zwölf Monaten.",
     "7 bookings in all, 0 of them in the last twelve months."),
    ("upcoming_trips", "Keine Reise ist gebucht.", "No trip is booked ahead."),
    ("revenue_365d", "Umsatz bisher 5.284 €, davon 0 € in den letzten zwölf Monaten.",
     "Revenue so far €5,284, €0 of it in the last twelve months."),
    ("cancelled_bookings", "Hat 2-mal storniert, zuletzt vor 13 Monaten.",
     "Has cancelled 2 times, last 13 months ago."),
    ("no_show_count", "Ist 1-mal nicht zur Abfahrt erschienen.", "Did not turn up for 1 trip."),
    ("late_boardings_365d", "Unser Bus war 2-mal verspätet, bis zu 45 Minuten.",
     "Our coach was late 2 times, by up to 45 minutes."),
    ("last_satisfaction", "Letzte Bewertung: 2 von 5.", "Latest rating: 2 of 5."),
    ("read_rate_365d", "Hat 1 von 12 Nachrichten der letzten zwölf Monate gelesen.",
     "Read 1 of 12 messages of the last twelve months."),
    ("marketing_consent", "Hat der Werbung nicht zugestimmt.", "Has not agreed to marketing."),
    ("abandoned_checkouts_90d", "Hat in den letzten 90 Tagen 1-mal eine Buchung abgebrochen.",
     "Left the checkout 1 time in the last 90 days."),
]  # fmt: skip


@pytest.mark.parametrize(("feature", "german", "english"), SENTENCES)
def test_each_story_is_told_with_the_customers_own_figures(feature, german, english):
    assert [text.replace("\xa0", " ") for text in texts(ANNA, **{feature: 0.4})] == [german]
    assert texts(ANNA, language="en", **{feature: 0.4}) == [english]


def test_every_story_has_a_sentence_above():
    of_story = {name: story.kind for story in STORIES for name in story.features + story.derived}
    assert {of_story[feature] for feature, _, _ in SENTENCES} == {story.kind for story in STORIES}


def test_every_feature_of_a_story_is_one_of_the_models():
    known = {name.split(":")[1] for name in CHURN_FEATURES}
    assert {feature for story in STORIES for feature in story.features} <= known


def test_every_input_of_the_model_is_in_one_story_but_the_season_that_is_the_same_for_all():
    inputs = {name.split(":")[1] for name in CHURN_FEATURES} | set(DERIVED) - {"season_ahead"}
    told_of = [name for story in STORIES for name in story.features + story.derived]
    assert sorted(told_of) == sorted(inputs)


def test_who_has_booked_once_is_told_so():
    assert texts(NEWCOMER | {"days_since_first_booking": 20.0}, silence_odds=0.5) == [
        "Hat einmal gebucht, vor 20 Tagen."
    ]


def test_at_high_risk_only_what_raised_it_is_told():
    assert texts(ANNA, days_since_last_booking=0.5, marketing_consent=-0.9) == [
        "Die letzte Buchung war vor 23 Monaten."
    ]


def test_at_low_risk_only_what_lowered_it_is_told():
    assert texts(NEWCOMER, "low", days_since_last_booking=-0.5, marketing_consent=0.9) == [
        "Die letzte Buchung war vor 20 Tagen."
    ]


@pytest.mark.parametrize(
    ("features", "band", "feature", "moved"),
    [
        (NEWCOMER, "high", "upcoming_trips", 0.5),
        (NEWCOMER, "high", "cancelled_bookings", 0.5),
        (NEWCOMER, "high", "marketing_consent", 0.5),
        (ANNA | {"overdue_ratio": 0.5}, "high", "overdue_ratio", 0.5),
        (ANNA | {"last_satisfaction": 5}, "high", "last_satisfaction", 0.5),
        (ANNA, "low", "no_show_count", -0.5),
        (ANNA, "low", "overdue_ratio", -0.5),
        (ANNA, "low", "last_satisfaction", -0.5),
        (ANNA, "low", "late_boardings_365d", -0.5),
    ],
)
def test_a_sentence_that_sounds_like_the_opposite_is_not_told(features, band, feature, moved):
    assert texts(features, band, **{feature: moved}) == []
    assert texts(features, "low" if band == "high" else "high", **{feature: -moved}) != []


def test_what_hardly_moved_the_score_is_no_reason():
    assert texts(ANNA, days_since_last_booking=0.04) == []


def test_features_of_one_story_are_weighed_together():
    assert texts(ANNA, days_since_last_booking=0.5, days_since_last_departure=-0.6) == []


def test_the_strongest_comes_first_and_four_are_enough():
    moved = {feature: weight / 10 for weight, (feature, _, _) in enumerate(SENTENCES, start=1)}
    found = told(ANNA, **moved)
    assert [reason.kind for reason in found] == ["abandoned_checkouts", "consent", "messages", "ratings"]
    assert len(found) == MOST_REASONS


def test_missing_figures_are_never_told():
    for story in STORIES:
        for reason in told(NEWCOMER, **dict.fromkeys(story.features + story.derived, 1.0)):
            assert "None" not in reason.text
            assert "nan" not in reason.text
    unknown = (
        "overdue_ratio",
        "last_satisfaction",
        "no_show_count",
        "late_boardings_365d",
        "abandoned_checkouts_90d",
    )
    assert texts(NEWCOMER, **dict.fromkeys(unknown, 1.0)) == []


def numbers(text):
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text)]


@given(
    st.fixed_dictionaries(
        {
            "days_since_last_booking": st.floats(0, 4000), "median_booking_gap_days": st.floats(1, 2000),
            "overdue_ratio": st.floats(0, 10), "total_bookings": st.integers(1, 60),
            "bookings_365d": st.integers(0, 9),
            "upcoming_trips": st.integers(0, 5), "lifetime_revenue": st.floats(0, 99_999),
            "cancelled_bookings": st.integers(0, 9), "days_since_last_cancellation": st.floats(0, 3000),
            "last_satisfaction": st.integers(1, 5) | st.none(), "last_nps": st.integers(0, 10) | st.none(),
            "messages_delivered_365d": st.integers(0, 50), "messages_read_365d": st.integers(0, 50),
        }
    ),
    st.lists(st.sampled_from([(story.derived or story.features)[0] for story in STORIES]), unique=True),
    st.sampled_from(["low", "medium", "high"]),
)  # fmt: skip
def test_every_number_told_is_one_of_the_evidence(figures, moved, band):
    known = ANNA | figures
    sign = -1.0 if band == "low" else 1.0
    for reason in told(known, band, "en", **dict.fromkeys(moved, sign)):
        figures_shown = [value for value in reason.evidence.values() if isinstance(value, int | float)]
        true = {round(value) for value in figures_shown} | {round(value / 30.44) for value in figures_shown}
        true |= {5, 10, 90}  # of 5 stars, of 10 points, in the last 90 days
        assert set(numbers(reason.text)) <= true, reason


FAMILIES = {"nordsee": "Nordsee", "bodensee": "Bodensee"}


@pytest.mark.parametrize(
    ("evidence", "german", "english"),
    [
        (Evidence("own_history", "nordsee", times=1), "Unter Ihren gebuchten Reisen: Nordsee.",
         "Among your booked trips: Nordsee."),
        (Evidence("own_history", "nordsee", times=4), "4-mal unter Ihren gebuchten Reisen: Nordsee.",
         "4 times among your booked trips: Nordsee."),
        (Evidence("also_booked", "bodensee", "nordsee", 12, 40),
         "12 von 40 Gästen, die für Nordsee gebucht waren, waren es auch für diese Reise.",
         "12 of 40 guests booked on Nordsee were booked on this tour too."),
        (Evidence("viewed", "nordsee", "nordsee"), "Diese Reise haben Sie sich angesehen.",
         "You have looked at this tour."),
        (Evidence("viewed", "bodensee", "nordsee", 12, 40),
         "Sie haben sich Nordsee angesehen: 12 von 40 Gästen, die dafür gebucht waren, "
         "waren es auch für diese Reise.",
         "You looked at Nordsee: 12 of 40 guests booked on it were booked on this tour too."),
        (Evidence("season_popularity", "nordsee", customers=31, month=5),
         "Beliebt im Mai: 31 Gäste waren oder sind für diesen Monat gebucht.",
         "Popular in May: 31 guests were or are booked for that month."),
        (Evidence("season_popularity", "nordsee", customers=1), "Beliebt: 1 Gast war oder ist dafür schon gebucht.",
         "Popular: 1 guest was or is booked on it."),
        (Evidence("attributes", "bodensee", "nordsee", theme="Wasser"),
         "Wie Nordsee unter Ihren Reisen: Thema Wasser.",
         "Like Nordsee among your trips: theme Wasser."),
        (Evidence("attributes", "bodensee", "nordsee", region="Küste", theme="Wasser"),
         "Wie Nordsee unter Ihren Reisen: Region Küste, Thema Wasser.",
         "Like Nordsee among your trips: region Küste, theme Wasser."),
        (Evidence("viewed_attributes", "bodensee", "nordsee", region="Küste"),
         "Sie haben sich Nordsee angesehen; gemeinsam ist Region Küste.",
         "You looked at Nordsee; they share region Küste."),
        (Evidence("programme", "bodensee", region="Küste", theme="Wasser"),
         "Aus dem aktuellen Programm: Region Küste, Thema Wasser.",
         "From the current programme: region Küste, theme Wasser."),
        (Evidence("programme", "bodensee"), "Aus dem aktuellen Programm.", "From the current programme."),
    ],
)  # fmt: skip
def test_a_suggestion_says_why(evidence, german, english):
    reason = suggestion_reason(evidence, FAMILIES, "de")
    assert reason.text == german
    assert suggestion_reason(evidence, FAMILIES, "en").text == english
    assert reason.kind == evidence.kind
    assert {int(number) for number in re.findall(r"\d+", german)} <= set(reason.evidence.values())


def test_a_family_without_a_name_is_called_by_its_id():
    assert "85123A" in suggestion_reason(Evidence("also_booked", "x", "85123A", 1, 2), {}, "de").text


def test_the_next_departures_are_only_that():
    assert departures_reason("de").text != departures_reason("en").text
    assert departures_reason("de").evidence == {}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "de"), ("", "de"), ("en", "en"), ("en-GB,de;q=0.8", "en"), ("de-AT", "de"), ("fr, en;q=0.5", "en"),
        ("fr", "de"), ("EN", "en"), (";;;,,", "de"), ("x" * 10_000, "de"),
    ],
)  # fmt: skip
def test_language_of(header, language):
    assert language_of(header) == language


def test_numbers_dates_and_spans_read_as_people_write_them():
    from datetime import date

    assert spelled_number(1234567.5, "de", 1) == "1.234.567,5"
    assert spelled_number(1234567.5, "en", 1) == "1,234,567.5"
    assert spelled_date(date(2026, 5, 1), "de") == "01.05.2026"
    assert spelled_date(date(2026, 5, 1), "en") == "1 May 2026"
    assert spelled_months(1, "de") == "1 Tag"
    assert spelled_months(59, "en") == "59 days"
    assert spelled_months(61, "de") == "2 Monaten"
    assert spelled_money(1234.5, "EUR", "de", 2).replace("\xa0", " ") == "1.234,50 €"
    assert spelled_money(99, None, "en") == "99"


@pytest.mark.parametrize("rung", [rung.name for rung in RUNGS])
@pytest.mark.parametrize("because", ["live", "not_proven", "nothing_known", "only_viewed"])
def test_every_rung_that_may_answer_is_told_in_words(rung, because):
    """Red: a new rung wants its words in `serving.suggestion_reasons`."""
    german, english = rung_note(rung, because, "de"), rung_note(rung, because, "en")
    assert german != english
    assert rung not in german
    assert rung not in english
