"""What is known of Anna, and of somebody about whom nothing is."""

from datetime import UTC, date, datetime

from serving.replies import (
    BehaviorAggregate,
    ChannelPreference,
    ChurnRisk,
    CustomerInsight,
    CustomerValue,
    EngagementScore,
    Expected,
    Insight,
    PurchasePattern,
    PurposePreference,
    RebookingWindow,
    RfmScore,
    ScorePart,
)

from .people import ANNA, MODEL, NOW, in_language, person, reason
from .tours import recommended
from .years import annas_years

WINDOW = RebookingWindow(earliest=date(2025, 12, 14), likely=date(2026, 1, 17), latest=date(2026, 2, 28))


def annas_risk(language: str) -> ChurnRisk:
    reasons = [
        reason(
            "season_missed",
            in_language(
                language,
                "Hat sechs Jahre lang im Januar für den Mai gebucht, in diesem Jahr nicht.",
                "Booked in January for May six years in a row, but not this year.",
            ),
        ),
        reason(
            "rating",
            in_language(
                language,
                "Gab nach der letzten Reise 2 von 5 Sternen.",
                "Gave 2 of 5 stars after the last trip.",
            ),
        ),
    ]
    return ChurnRisk(
        customer_id=ANNA,
        probability=0.724,
        band="high",
        horizon_days=365,
        reasons=reasons,
        as_of=NOW,
        model=MODEL,
        rebooking_window=WINDOW,
    )


def annas_value() -> CustomerValue:
    return CustomerValue(
        bookings=Expected(expected=0.4, low=0, high=1),
        spend=Expected(expected=312.4, low=0, high=790.0),
        lifetime_value=702.1,
        lifetime_years=3,
        discount=0.1,
        currency="EUR",
        horizon_days=365,
        as_of=NOW,
        model=MODEL,
    )


def annas_rank(language: str) -> RfmScore:
    label = in_language(language, "Nicht verlieren", "Cannot lose them")
    return RfmScore(recency=1, frequency=5, monetary=4, name="cannot_lose", label=label, customers=1843)


def annas_closeness(language: str) -> EngagementScore:
    parts = [
        ("staying", in_language(language, "Bleibt voraussichtlich", "Likely to stay"), 0.276, 0.4),
        ("response", in_language(language, "Liest Nachrichten", "Reads messages"), 0.75, 0.3),
        ("satisfaction", in_language(language, "Zufriedenheit", "Satisfaction"), 0.375, 0.2),
    ]
    told = [
        ScorePart(kind=kind, label=label, share=share, weight=weight, evidence={})
        for kind, label, share, weight in parts
    ]
    return EngagementScore(nps=6, satisfaction=2.5, churn_risk=0.724, score=46.0, known=0.9, parts=told)


def annas_channels() -> ChannelPreference:
    return ChannelPreference(
        channel="letter",
        messages_delivered=12,
        messages_read=9,
        probability=0.81,
        purposes=[
            PurposePreference(purpose="campaign", channel="letter", probability=0.86, messages_delivered=8),
            PurposePreference(purpose="transactional", channel=None, probability=None, messages_delivered=4),
        ],
        model=MODEL,
    )


def annas_insights(language: str) -> list[Insight]:
    told = [
        (
            "churn_risk",
            in_language(
                language,
                "Hat sieben Mal gebucht, und das übliche Fenster ist verstrichen.",
                "Has booked seven times, and the usual window has passed.",
            ),
            "call",
            in_language(language, "Anrufen und nach Wünschen fragen.", "Call and ask what they would like."),
        ),
        (
            "complaint",
            in_language(
                language,
                "War mit dem letzten Gespräch nicht zufrieden (2 von 5).",
                "Was not satisfied with the last conversation (2 of 5).",
            ),
            "apologise",
            in_language(
                language,
                "Nachfragen, ob die Beschwerde erledigt ist.",
                "Ask whether the complaint is settled.",
            ),
        ),
    ]
    return [
        Insight(kind=kind, text=text, action=action, suggestion=suggestion, evidence={})
        for kind, text, action, suggestion in told
    ]


def annas_pattern() -> PurchasePattern:
    return PurchasePattern(
        usual_booking_month=1,
        usual_booking_month_share=0.86,
        usual_travel_month=5,
        lead_time_days=118.0,
        party_size=2.0,
        nights=5.0,
        price_per_seat=377.5,
        price_per_night=75.5,
        usual_sales_channel="phone",
        currency="EUR",
    )


def anna(language: str) -> CustomerInsight:
    return CustomerInsight(
        customer_id=ANNA,
        person=person(ANNA, birth_date=date(1949, 3, 8), consent=True),
        as_of=NOW,
        behavior=BehaviorAggregate(
            currency="EUR",
            lifetime_revenue=5284.5,
            total_bookings=7,
            cancelled_bookings=1,
            last_booking_at=datetime(2025, 1, 18, 9, 0, tzinfo=UTC),
            average_booking_lead_time=118.0,
            median_booking_gap_days=364.0,
            usual_booking_month=1,
            usual_travel_month=5,
            favourite_family="nordsee",
            favourite_family_name="Nordsee",
            average_party_size=2.0,
            total_trips=6,
            preferred_seat_position="window-front",
            preferred_boarding_point="Hamburg ZOB",
            no_show_count=0,
            onboard_spend=84.3,
        ),
        engagement=annas_closeness(language),
        channel_preference=annas_channels(),
        segments=[
            in_language(language, "Frühbucher", "Early bookers"),
            in_language(language, "Paare", "Couples"),
        ],
        churn_risk=annas_risk(language),
        recommendations=recommended(language),
        timeline=annas_years(language)[:5],
        value=annas_value(),
        rfm=annas_rank(language),
        purchase_pattern=annas_pattern(),
        insights=annas_insights(language),
    )


def newcomer(customer_id: str, language: str) -> CustomerInsight:
    """A profile about which little is known: no behaviour, no risk, nothing to offer."""
    return CustomerInsight(
        customer_id=customer_id,
        person=person(customer_id),
        as_of=None,
        behavior=None,
        engagement=EngagementScore(nps=None, satisfaction=None, churn_risk=None),
        channel_preference=ChannelPreference(channel=None, messages_delivered=1, messages_read=0),
        segments=[],
        churn_risk=None,
        recommendations=recommended(language, tours=[]),
        timeline=[],
    )
