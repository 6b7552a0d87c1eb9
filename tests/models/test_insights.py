"""What stands out about Anna, who did not come this May, and what may be suggested without consent."""

import pytest

from models.insights import Scores, insights, opportunities
from models.rfm import Rfm
from serving.insight_texts import ACTIONS, action_text, insight_text

ANNA = {
    "marketing_consent": True, "booking_days": 4, "total_bookings": 4, "lifetime_revenue": 4_200.0, "currency": "EUR",
    "days_since_last_booking": 500.0, "median_booking_gap_days": 365.0, "days_to_rebooking_window": -165.0,
    "rebooking_window_days": 30.0, "upcoming_trips": 0, "last_booking_at": None, "usual_booking_month": 5,
    "revenue_365d": 0.0, "revenue_730d": 1_100.0, "average_booking_value": 1_050.0,
    "days_since_first_booking": 1_600.0,
    "days_since_last_complaint": None, "last_satisfaction": None, "abandoned_checkouts_90d": 0,
    "days_since_last_abandoned_checkout": None, "onboard_purchases": 3, "onboard_spend": 21.5, "total_trips": 4,
    "ancillary_purchases": 0, "average_nights": 3.5, "longest_nights": 7, "average_party_size": 2.0,
    "largest_party_size": 6,
}  # fmt: skip
RISKY = Scores(churn_probability=0.71, churn_band="high", horizon_days=365, rfm=Rfm(1, 5, 5, "cannot_lose"))


def kinds(known, scores=RISKY):
    return [one.kind for one in insights(known, scores)]


def test_anna_who_did_not_come_this_may():
    assert kinds(ANNA) == [
        "high_risk", "unusual_change", "inactive", "high_value",
        "upsell_extras", "upsell_longer_trip", "upsell_party",
    ]  # fmt: skip


def test_within_her_window_she_is_due_not_inactive_and_with_a_trip_ahead_neither():
    due = ANNA | {"days_since_last_booking": 350.0, "days_to_rebooking_window": -15.0}
    assert "due_again" in kinds(due)
    assert "inactive" not in kinds(due)
    assert not {"due_again", "inactive"} & set(kinds(due | {"upcoming_trips": 1}))
    assert not {"due_again", "inactive"} & set(kinds(ANNA | {"upcoming_trips": 1}))


def test_without_consent_nobody_is_advertised_to():
    actions = {one.kind: one.action for one in insights(ANNA | {"marketing_consent": False}, RISKY)}
    assert actions["upsell_party"] == actions["high_risk"] == actions["inactive"] == "when_they_call"
    assert actions["high_value"] == "thank"


def test_an_opening_is_answered_by_an_offer_of_its_own():
    actions = {one.kind: one.action for one in opportunities(ANNA)}
    assert actions == {
        "upsell_extras": "offer_extras", "upsell_longer_trip": "offer_longer_trip", "upsell_party": "offer_seats",
    }  # fmt: skip


def test_a_complaint_is_asked_about_before_anything_is_sold():
    complained = ANNA | {"days_since_last_complaint": 10.0, "last_satisfaction": 1}
    assert kinds(complained, Scores())[0] == "complaint"
    assert "complaint" not in kinds(ANNA | {"days_since_last_complaint": 91.0}, Scores())


def test_a_change_of_less_than_one_booking_is_none():
    assert "unusual_change" not in kinds(ANNA | {"revenue_730d": 900.0})
    assert "unusual_change" not in kinds(ANNA | {"days_since_first_booking": 700.0})
    assert "unusual_change" in kinds(ANNA | {"revenue_365d": 2_400.0, "revenue_730d": 3_500.0})


def test_of_who_is_unknown_nothing_stands_out():
    unknown = dict.fromkeys(ANNA) | {"total_bookings": 0, "upcoming_trips": 0}
    assert insights(unknown, Scores()) == []


def test_a_checkout_left_is_an_opportunity():
    left = ANNA | {"abandoned_checkouts_90d": 2, "days_since_last_abandoned_checkout": 4.0}
    assert opportunities(left)[0].kind == "abandoned_checkout"


@pytest.mark.parametrize(
    ("kind", "de", "en"),
    [
        ("high_risk", "Bucht mit 71\N{NO-BREAK SPACE}% Wahrscheinlichkeit in 12 Monaten nicht wieder.",
         "With a probability of 71% does not book again within 12 months."),
        ("inactive", "Seit 16 Monaten keine Buchung, sonst im Abstand von etwa 12 Monaten.",
         "No booking for 16 months, usually about every 12 months."),
        ("unusual_change",
         "Umsatz der letzten zwölf Monate 0\N{NO-BREAK SPACE}€, im Jahr davor 1.100\N{NO-BREAK SPACE}€.",
         "€0 in the last twelve months, €1,100 in the year before."),
        ("upsell_party", "Bucht im Mittel 2,0 Plätze, hatte aber schon 6 gebucht.",
         "Books 2.0 seats on average, but has booked 6 before."),
    ],
)  # fmt: skip
def test_each_is_said_in_german_and_english(kind, de, en):
    found = next(one for one in insights(ANNA, RISKY) if one.kind == kind)
    assert (insight_text(found, "de"), insight_text(found, "en")) == (de, en)


def test_every_sentence_can_be_said_and_every_figure_in_it_is_evidence():
    everything = ANNA | {
        "days_since_last_complaint": 10.0, "last_satisfaction": 1, "abandoned_checkouts_90d": 1,
        "days_since_last_abandoned_checkout": 4.0, "days_to_rebooking_window": -15.0,
    }  # fmt: skip
    for known in (ANNA, everything):
        for found in insights(known, RISKY):
            for language in ("de", "en"):
                assert insight_text(found, language).endswith(".")
                assert "None" not in insight_text(found, language)
                assert action_text(found.action, language) == ACTIONS[found.action][language]
            shared = found.evidence.keys() & known.keys()
            assert {name: found.evidence[name] for name in shared} == {name: known[name] for name in shared}
