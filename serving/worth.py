"""What a customer is worth, how close, how to reach, and what stands out: replies from features and live models.

Every part answers without its model, and says so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from feature_repo.store import OnlineRow
from models.channel import CHANNELS, PURPOSES, ChannelModel, Messages, Purpose, cohorts_of, messages_of
from models.churn import encode
from models.engagement import engagement
from models.insights import Scores, insights
from models.registry import Loaded
from models.value import DISCOUNT, LIFETIME_YEARS, ValueModel
from serving.insight_texts import (
    PARTS,
    RFM_NAMES,
    action_text,
    insight_text,
    no_booking,
    no_clear_channel,
    no_model,
    not_computed,
    too_few_messages,
)
from serving.languages import Language
from serving.live_models import model_info
from serving.replies import (
    ChannelPreference,
    ChurnRisk,
    CustomerValue,
    EngagementScore,
    Expected,
    Insight,
    PurchasePattern,
    PurposePreference,
    RfmScore,
    ScorePart,
)

LEAST_MESSAGES = 3
"""With fewer messages delivered no channel is named."""
SURE_ENOUGH = 0.5
"""A channel is named if it is likelier to be the customer's own than all others together."""


def engagement_score(row: OnlineRow, risk: ChurnRisk | None, language: Language) -> EngagementScore:
    """Return the engagement score with its parts."""
    known = row.features
    told = engagement(known, risk.probability if risk else None)
    return EngagementScore(
        nps=known["last_nps"],
        satisfaction=known["average_satisfaction"],
        churn_risk=risk.probability if risk else None,
        score=told.score,
        known=told.known,
        parts=[
            ScorePart(
                kind=part.kind,
                label=PARTS[part.kind][language],
                share=part.share,
                weight=part.weight,
                evidence=part.evidence,
            )
            for part in told.parts
        ],
    )


def channel_preference(
    row: OnlineRow, loaded: Loaded[ChannelModel] | None, language: Language
) -> ChannelPreference:
    """Return the channel to reach the customer on; without a model, the one read most."""
    known = row.features
    sent, read = known["messages_delivered"] or 0, known["messages_read"] or 0
    if loaded is None:
        channel = known["most_read_channel"] if read >= LEAST_MESSAGES else None
        note = None if channel else _why_no_channel(sent, read, language)
        return ChannelPreference(channel=channel, messages_delivered=sent, messages_read=read, note=note)
    channel, probability = _favourite(known, loaded.model, "any")
    return ChannelPreference(
        channel=channel,
        probability=probability,
        messages_delivered=sent,
        messages_read=read,
        purposes=[_for_purpose(known, loaded.model, purpose) for purpose in PURPOSES if purpose != "any"],
        note=None if channel else _why_no_channel(sent, read, language),
        model=model_info(loaded),
    )


def customer_value(
    row: OnlineRow, loaded: Loaded[ValueModel] | None, now: datetime, language: Language
) -> CustomerValue:
    """Return what the customer is expected to bring."""
    if loaded is None:
        return _no_value(row, None, no_model(language))
    if row.as_of is None:
        return _no_value(row, loaded, not_computed(language))
    if not row.features["total_bookings"]:
        return _no_value(row, loaded, no_booking(language))
    model = loaded.model
    told = model.forecast(encode(_column(row.features, model.features), model.features), now)
    return CustomerValue(
        bookings=_expected(told.bookings[0], told.bookings_low[0], told.bookings_high[0]),
        spend=_expected(told.spend[0], told.spend_low[0], told.spend_high[0], digits=2),
        lifetime_value=round(float(told.lifetime_value[0]), 2),
        lifetime_years=LIFETIME_YEARS,
        discount=DISCOUNT,
        currency=row.features["currency"],
        horizon_days=model.horizon_days,
        as_of=row.as_of,
        model=model_info(loaded),
    )


def rfm_score(row: OnlineRow, loaded: Loaded[ValueModel] | None, language: Language) -> RfmScore | None:
    """Return the fifths; None without a model, with too few customers for fifths, or for who has never booked."""
    scale = loaded.model.rfm if loaded else None
    scored = scale.of(row.features) if scale else None
    if scale is None or scored is None:
        return None
    label = RFM_NAMES[scored.name][language]
    return RfmScore(**scored._asdict(), label=label, customers=scale.customers)


def purchase_pattern(row: OnlineRow) -> PurchasePattern | None:
    """Return how the customer usually buys; None for who has never booked."""
    known = row.features
    if not known["total_bookings"]:
        return None
    return PurchasePattern(
        usual_booking_month=known["usual_booking_month"],
        usual_booking_month_share=known["usual_booking_month_share"],
        usual_travel_month=known["usual_travel_month"],
        lead_time_days=known["average_booking_lead_time"],
        party_size=known["average_party_size"],
        nights=known["average_nights"],
        price_per_seat=known["average_price_per_seat"],
        price_per_night=known["average_price_per_night"],
        usual_sales_channel=known["usual_sales_channel"],
        currency=known["currency"],
    )


def customer_insights(
    row: OnlineRow, risk: ChurnRisk | None, loaded: Loaded[ValueModel] | None, language: Language
) -> list[Insight]:
    """Return what stands out, the weightiest first."""
    scale = loaded.model.rfm if loaded else None
    scores = Scores(
        churn_probability=risk.probability if risk else None,
        churn_band=risk.band if risk else None,
        horizon_days=risk.horizon_days if risk else None,
        rfm=scale.of(row.features) if scale else None,
    )
    return [
        Insight(
            kind=found.kind,
            text=insight_text(found, language),
            action=found.action,
            suggestion=action_text(found.action, language),
            evidence=found.evidence,
        )
        for found in insights(row.features, scores)
    ]


def _why_no_channel(sent: int, read: int, language: Language) -> str:
    few = sent < LEAST_MESSAGES
    return too_few_messages(sent, language) if few else no_clear_channel(sent, read, language)


def _for_purpose(known: Mapping[str, Any], model: ChannelModel, purpose: Purpose) -> PurposePreference:
    campaigns = sum(known[f"campaigns_delivered_{channel}"] or 0 for channel in CHANNELS)
    everything = known["messages_delivered"] or 0
    channel, probability = _favourite(known, model, purpose)
    return PurposePreference(
        purpose=purpose,
        channel=channel,
        probability=probability,
        messages_delivered=campaigns if purpose == "campaign" else everything - campaigns,
    )


def _favourite(
    known: Mapping[str, Any], model: ChannelModel, purpose: Purpose
) -> tuple[str | None, float | None]:
    """Return the likeliest channel and its chance; neither where it is not sure enough."""
    columns = _column(known, known.keys())
    messages: Messages = messages_of(columns, purpose)
    chances = model.preference(messages, cohorts_of(columns)).favourite[0]
    best = int(chances.argmax())
    if messages_of(columns).sent.sum() < LEAST_MESSAGES or chances[best] < SURE_ENOUGH:
        return None, None
    return CHANNELS[best], round(float(chances[best]), 4)


def _column(known: Mapping[str, Any], names: Any) -> dict[str, list[Any]]:
    """Return one customer's features as columns of one row."""
    return {name: [known[name]] for name in names}


def _expected(value: float, low: float, high: float, digits: int = 4) -> Expected:
    return Expected(
        expected=round(float(value), digits), low=round(float(low), 2), high=round(float(high), 2)
    )


def _no_value(row: OnlineRow, loaded: Loaded[ValueModel] | None, note: str) -> CustomerValue:
    return CustomerValue(
        bookings=None,
        spend=None,
        lifetime_value=None,
        lifetime_years=LIFETIME_YEARS,
        discount=DISCOUNT,
        currency=row.features["currency"],
        horizon_days=loaded.model.horizon_days if loaded else None,
        as_of=row.as_of,
        model=model_info(loaded) if loaded else None,
        note=note,
    )
