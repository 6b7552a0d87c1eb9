"""What the CustomerInsight says of Anna's worth and how to reach her: with models, without, and of who is new."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from feature_repo.services import INSIGHT, SERVICES
from feature_repo.store import OnlineRow
from models.card import ModelCard
from models.channel import CHANNELS, ChannelModel, Messages
from models.insights import Scores, insights
from models.likely_range import LikelyRange
from models.purchasing import PurchaseModel, SpendModel
from models.registry import Loaded
from models.rfm import RfmScale
from models.value import HISTORY, Purchases, ValueModel
from serving.replies import ChurnRisk, ModelInfo
from serving.worth import (
    channel_preference,
    customer_insights,
    customer_value,
    engagement_score,
    purchase_pattern,
    rfm_score,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMES = SERVICES[INSIGHT].names
UNKNOWN = OnlineRow("c-new", dict.fromkeys(NAMES), None)
LETTER = CHANNELS.index("letter")


def anna(**known: Any) -> OnlineRow:
    """Books every May for two, and reads our letters."""
    features = {
        "marketing_consent": True, "currency": "EUR", "locale": "de-DE",
        "total_bookings": 5, "booking_days": 5, "lifetime_revenue": 5_000.0, "average_booking_value": 1_000.0,
        "days_since_first_booking": 1_500.0, "days_since_last_booking": 400.0, "median_booking_gap_days": 366.0,
        "usual_booking_month": 5, "usual_booking_month_share": 0.8, "average_party_size": 2.0,
        "messages_delivered": 10, "messages_read": 6, "messages_delivered_letter": 10, "messages_read_letter": 6,
        "campaigns_delivered_letter": 4, "campaigns_read_letter": 2, "most_read_channel": "letter",
        "messages_delivered_365d": 8, "read_rate_365d": 0.5, "last_nps": 9,
    }  # fmt: skip
    return OnlineRow("c-anna", dict.fromkeys(NAMES) | features | known, NOW)


def live(task: Any, model: Any) -> Loaded[Any]:
    card = ModelCard(
        operator_id="nordlicht", task=task, feature_service="f", as_of=NOW, trained_at=NOW, horizon_days=365
    )
    return Loaded(model, card, f"nordlicht-{task}", "3")


@pytest.fixture(scope="module")
def value() -> Loaded[ValueModel]:
    """A model that gives a range from half to twice the forecast; Anna's revenue is above four fifths of 100."""
    hundred = np.arange(1.0, 101.0)
    return live(
        "value",
        ValueModel(
            features=HISTORY,
            horizon_days=365,
            rung="purchases",
            purchases=Purchases(PurchaseModel(2.0, 700.0, 1.0, 9.0), SpendModel(4.0, 3.0, 1_000.0)),
            bookings_range=LikelyRange((), (0.5,), (2.0,)),
            spend_range=LikelyRange((), (0.5,), (2.0,)),
            rfm=RfmScale.fit(10 * hundred, hundred / 20, 50 * hundred),
        ),
    )


@pytest.fixture(scope="module")
def channel() -> Loaded[ChannelModel]:
    """An operator whose customers, three hundred of each, read one channel only."""
    own = np.repeat(np.arange(len(CHANNELS)), 300)
    sent = np.full((len(own), len(CHANNELS)), 4.0)
    read = np.where(np.arange(len(CHANNELS)) == own[:, None], 3.0, 0.0)
    return live("channel", ChannelModel.fit(Messages(sent, read), ["de-DE"] * len(own), sending_tells=False))


def high_risk() -> ChurnRisk:
    return ChurnRisk(
        customer_id="c-anna", probability=0.8, band="high", horizon_days=365, reasons=[], as_of=NOW,
        model=ModelInfo(name="churn", version="1", trained_at=NOW),
    )  # fmt: skip


def test_value_has_a_range_a_moment_and_a_model(value):
    told = customer_value(anna(), value, NOW, "en")
    assert told.bookings is not None
    assert told.spend is not None
    assert 0.2 < told.bookings.expected < 1.5
    assert (told.spend.low, told.spend.high) == pytest.approx(
        (told.spend.expected / 2, told.spend.expected * 2), abs=0.01
    )
    assert told.spend.expected < told.lifetime_value < told.lifetime_years * told.spend.expected
    assert (told.horizon_days, told.currency, told.as_of, told.note) == (365, "EUR", NOW, None)
    assert (told.model.name, told.model.version) == ("nordlicht-value", "3")


@pytest.mark.parametrize(
    ("row", "has_model", "language", "note"),
    [
        (anna(), False, "de", "Noch kein Modell im Einsatz."),
        (anna(), False, "en", "No model is live yet."),
        (anna(total_bookings=0), True, "de", "Noch keine eigene Buchung bekannt."),
        (anna(total_bookings=0), True, "en", "No booking of their own is known yet."),
        (UNKNOWN, True, "de", "Für diesen Gast ist noch nichts berechnet."),
        (UNKNOWN, True, "en", "Nothing has been computed for this guest yet."),
    ],
)
def test_no_value_is_made_up_and_the_note_says_why(value, row, has_model, language, note):
    told = customer_value(row, value if has_model else None, NOW, language)
    assert (told.bookings, told.spend, told.lifetime_value) == (None, None, None)
    assert told.note == note
    assert (told.model is not None) is has_model


def test_rfm_is_told_in_the_callers_language_or_not_at_all(value):
    german, english = rfm_score(anna(), value, "de"), rfm_score(anna(), value, "en")
    assert (german.recency, german.frequency, german.monetary, german.customers) == (4, 5, 5, 100)
    assert (german.name, german.label, english.label) == ("champions", "Beste Gäste", "Champions")
    assert rfm_score(anna(), None, "de") is None
    assert rfm_score(UNKNOWN, value, "de") is None


def test_the_channel_read_is_named_with_how_sure_that_is(channel):
    told = channel_preference(anna(), channel, "de")
    assert (told.channel, told.messages_delivered, told.messages_read, told.note) == ("letter", 10, 6, None)
    assert 0.5 <= told.probability <= 1
    by_purpose = {one.purpose: one for one in told.purposes}
    assert {name: one.messages_delivered for name, one in by_purpose.items()} == {
        "campaign": 4,
        "transactional": 6,
    }
    assert {one.channel for one in told.purposes} == {"letter"}


@pytest.mark.parametrize("with_model", [True, False])
@pytest.mark.parametrize(
    ("known", "de", "en"),
    [
        ({"messages_delivered": 2, "messages_read": 2, "messages_delivered_letter": 2, "messages_read_letter": 2,
          "campaigns_delivered_letter": 0, "campaigns_read_letter": 0},
         "Zu wenige Nachrichten, um einen Kanal zu nennen: bisher 2.",
         "Too few messages to name a channel: 2 so far."),
        ({"messages_delivered": 20, "messages_read": 0, "messages_delivered_letter": 20, "messages_read_letter": 0,
          "campaigns_read_letter": 0},
         "0 von 20 Nachrichten gelesen: Noch spricht das für keinen Kanal deutlich.",
         "0 of 20 messages read: no channel stands out yet."),
    ],
)  # fmt: skip
def test_where_no_channel_is_named_the_true_reason_is(channel, with_model, known, de, en):
    loaded = channel if with_model else None
    for language, note in (("de", de), ("en", en)):
        told = channel_preference(anna(**known), loaded, language)
        assert (told.channel, told.probability, told.note) == (None, None, note)
        assert {(one.channel, one.probability) for one in told.purposes} <= {(None, None)}
        assert told.messages_delivered == known["messages_delivered"]


def test_without_a_model_the_channel_read_most_stands_in_and_no_chance_is_told():
    told = channel_preference(anna(), None, "de")
    assert (told.channel, told.probability, told.model, told.purposes) == ("letter", None, None, [])


def test_engagement_names_its_parts_and_churn_is_one_of_them_only_if_a_model_spoke():
    with_risk = engagement_score(anna(), high_risk(), "de")
    assert [part.label for part in with_risk.parts] == [
        "Bleibt voraussichtlich", "Liest Nachrichten", "Empfiehlt uns weiter",
    ]  # fmt: skip
    assert with_risk.parts[0].evidence == {"churn_probability": 0.8}
    assert sum(part.weight for part in with_risk.parts) == pytest.approx(1, abs=1e-3)
    without = engagement_score(anna(), None, "en")
    assert [part.label for part in without.parts] == ["Reads messages", "Recommends us"]
    assert without.score > with_risk.score
    assert without.churn_risk is None


def test_the_purchase_pattern_is_what_the_features_say():
    told = purchase_pattern(anna())
    assert (told.usual_booking_month, told.usual_booking_month_share, told.party_size) == (5, 0.8, 2.0)
    assert (told.nights, told.usual_sales_channel) == (None, None)
    assert purchase_pattern(anna(total_bookings=0)) is None


@pytest.mark.parametrize("language", ["de", "en"])
def test_each_insight_has_a_sentence_its_evidence_and_what_to_do(value, language):
    told = customer_insights(anna(), high_risk(), value, language)
    assert [one.kind for one in told] == ["high_risk", "high_value"]
    for one in told:
        assert one.text.endswith(".")
        assert one.suggestion.endswith(".")
        assert one.action
        assert one.evidence
        assert None not in one.evidence.values()
    assert told[0].evidence["churn_probability"] == 0.8


def test_of_who_is_new_everything_is_answered_and_nothing_claimed(value, channel):
    assert engagement_score(UNKNOWN, None, "de").score is None
    assert channel_preference(UNKNOWN, channel, "de").channel is None
    assert channel_preference(UNKNOWN, None, "de").note == channel_preference(UNKNOWN, channel, "de").note
    assert purchase_pattern(UNKNOWN) is None
    assert customer_insights(UNKNOWN, None, value, "de") == []


class Asked(dict[str, Any]):
    """Features that take note of what is asked for."""

    def __init__(self, known: dict[str, Any]):
        super().__init__(known)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def test_every_feature_that_insights_ask_for_is_served():
    """A name that is not served would be silently unknown of everybody."""
    known = Asked(
        anna(
            days_to_rebooking_window=-200.0, rebooking_window_days=30.0, revenue_365d=0.0, revenue_730d=3_000.0,
            days_since_last_complaint=1.0, abandoned_checkouts_90d=1, onboard_purchases=2, total_trips=3,
            average_nights=2.0, longest_nights=7, largest_party_size=9,
        ).features
    )  # fmt: skip
    assert len(insights(known, Scores(0.8, "high", 365, None))) == 8
    assert known.names <= set(NAMES)
