"""What stands out about a customer, and what to do, in sentences a dispatcher can say aloud."""

from collections.abc import Callable, Mapping
from typing import Any

from models.engagement import Part
from models.insights import Action, Insight, Kind
from models.rfm import Name
from serving.languages import NBSP, Language, spelled_money, spelled_months, spelled_number

Evidence = Mapping[str, Any]
Texts = dict[Language, str]

RFM_NAMES: Mapping[Name, Texts] = {
    "champions": {"de": "Beste Gäste", "en": "Champions"},
    "loyal": {"de": "Treue Gäste", "en": "Loyal"},
    "promising": {"de": "Vielversprechend", "en": "Promising"},
    "new": {"de": "Neue Gäste", "en": "New"},
    "needs_attention": {"de": "Braucht Aufmerksamkeit", "en": "Needs attention"},
    "at_risk": {"de": "Gefährdet", "en": "At risk"},
    "cannot_lose": {"de": "Nicht verlieren", "en": "Cannot lose them"},
    "dormant": {"de": "Schläft", "en": "Dormant"},
}

PARTS: Mapping[Part, Texts] = {
    "staying": {"de": "Bleibt voraussichtlich", "en": "Likely to stay"},
    "response": {"de": "Liest Nachrichten", "en": "Reads messages"},
    "satisfaction": {"de": "Zufriedenheit", "en": "Satisfaction"},
    "nps": {"de": "Empfiehlt uns weiter", "en": "Recommends us"},
}

ACTIONS: Mapping[Action, Texts] = {
    "call": {"de": "Anrufen und nach Wünschen fragen.", "en": "Call and ask what they would like."},
    "write": {"de": "Passende Reisen anbieten.", "en": "Offer trips that suit."},
    "apologise": {
        "de": "Nachfragen, ob die Beschwerde erledigt ist.",
        "en": "Ask whether the complaint is settled.",
    },
    "thank": {"de": "Beim nächsten Kontakt für die Treue danken.", "en": "Thank them at the next contact."},
    "ask": {"de": "Nachfragen, was sich geändert hat.", "en": "Ask what has changed."},
    "offer_extras": {"de": "Extras gleich mit der Buchung anbieten.", "en": "Offer extras with the booking."},
    "offer_longer_trip": {"de": "Eine längere Reise vorschlagen.", "en": "Suggest a longer trip."},
    "offer_seats": {"de": "Fragen, wer noch mitfahren möchte.", "en": "Ask who would like to come along."},
    "when_they_call": {
        "de": "Keine Werbung ohne Einwilligung: ansprechen, wenn der Gast sich meldet.",
        "en": "No advertising without consent: mention it when they get in touch.",
    },
}


def insight_text(insight: Insight, language: Language) -> str:
    """Say what stands out."""
    return _TELL[insight.kind](insight.evidence)[language]


def action_text(action: Action, language: Language) -> str:
    """Say what to do about it."""
    return ACTIONS[action][language]


def too_few_messages(sent: int, language: Language) -> str:
    """Say why no channel is named: hardly anything was sent."""
    if language == "de":
        return f"Zu wenige Nachrichten, um einen Kanal zu nennen: bisher {sent}."
    return f"Too few messages to name a channel: {sent} so far."


def no_clear_channel(sent: int, read: int, language: Language) -> str:
    """Say why no channel is named: what was sent and read tells of none."""
    if language == "de":
        return f"{read} von {sent} Nachrichten gelesen: Noch spricht das für keinen Kanal deutlich."
    return f"{read} of {sent} messages read: no channel stands out yet."


def no_model(language: Language) -> str:
    """Say why there is no forecast: no model."""
    return "Noch kein Modell im Einsatz." if language == "de" else "No model is live yet."


def no_booking(language: Language) -> str:
    """Say why there is no forecast: nothing booked."""
    return (
        "Noch keine eigene Buchung bekannt." if language == "de" else "No booking of their own is known yet."
    )


def not_computed(language: Language) -> str:
    """Say why there is no forecast: the features are not there yet."""
    return (
        "Für diesen Gast ist noch nichts berechnet."
        if language == "de"
        else "Nothing has been computed for this guest yet."
    )


def _high_risk(told: Evidence) -> Texts:
    chance, days = told["churn_probability"], told["horizon_days"]
    return {
        "de": f"Bucht mit {100 * chance:.0f}{NBSP}% Wahrscheinlichkeit in {spelled_months(days, 'de')} nicht wieder.",
        "en": f"With a probability of {chance:.0%} does not book again within {spelled_months(days, 'en')}.",
    }


def _inactive(told: Evidence) -> Texts:
    since, usual = told["days_since_last_booking"], told["median_booking_gap_days"]
    de = f"Seit {spelled_months(since, 'de')} keine Buchung"
    en = f"No booking for {spelled_months(since, 'en')}"
    if usual is None:
        return {"de": f"{de}.", "en": f"{en}."}
    return {
        "de": f"{de}, sonst im Abstand von etwa {spelled_months(usual, 'de')}.",
        "en": f"{en}, usually about every {spelled_months(usual, 'en')}.",
    }


def _due_again(told: Evidence) -> Texts:
    usual, since = told["median_booking_gap_days"], told["days_since_last_booking"]
    return {
        "de": f"Bucht etwa alle {_every(usual)['de']}; die letzte Buchung war {_ago(since)['de']}.",
        "en": f"Books about every {_every(usual)['en']}; the last booking was {_ago(since)['en']}.",
    }


def _high_value(told: Evidence) -> Texts:
    amount, currency = told["lifetime_revenue"], told["currency"]
    return {
        "de": f"Gehört mit {spelled_money(amount, currency, 'de')} zum umsatzstärksten Fünftel der Gäste.",
        "en": f"With {spelled_money(amount, currency, 'en')}, among the fifth of customers who bring most.",
    }


def _unusual_change(told: Evidence) -> Texts:
    year, before, currency = told["revenue_365d"], told["revenue_year_before"], told["currency"]
    return {
        "de": f"Umsatz der letzten zwölf Monate {spelled_money(year, currency, 'de')}, "
        f"im Jahr davor {spelled_money(before, currency, 'de')}.",
        "en": f"{spelled_money(year, currency, 'en')} in the last twelve months, "
        f"{spelled_money(before, currency, 'en')} in the year before.",
    }


def _complaint(told: Evidence) -> Texts:
    since = _ago(told["days_since_last_complaint"])
    return {"de": f"Hat sich {since['de']} beschwert.", "en": f"Complained {since['en']}."}


def _abandoned(told: Evidence) -> Texts:
    count, since = told["abandoned_checkouts_90d"], _ago(told["days_since_last_abandoned_checkout"])
    times = "" if count == 1 else f"{count}-mal "
    en = "a booking" if count == 1 else f"{count} bookings"
    return {
        "de": f"Hat in den letzten 90 Tagen {times}eine Buchung abgebrochen, zuletzt {since['de']}.",
        "en": f"Left {en} unfinished in the last 90 days, last {since['en']}.",
    }


def _extras(told: Evidence) -> Texts:
    count, spent, currency = told["onboard_purchases"], told["onboard_spend"], told["currency"]
    return {
        "de": f"Hat an Bord {count}-mal gekauft ({spelled_money(spent, currency, 'de', 2)}), "
        "aber noch kein Extra mitgebucht.",
        "en": f"Bought on board {count} {'time' if count == 1 else 'times'} "
        f"({spelled_money(spent, currency, 'en', 2)}), but never an extra with the booking.",
    }


def _longer_trip(told: Evidence) -> Texts:
    usual, longest = told["average_nights"], told["longest_nights"]
    return {
        "de": f"Reist im Mittel {spelled_number(usual, 'de', 1)} Nächte, war aber schon {longest} Nächte unterwegs.",
        "en": f"Travels for {spelled_number(usual, 'en', 1)} nights on average, but has been away for {longest}.",
    }


def _party(told: Evidence) -> Texts:
    usual, largest = told["average_party_size"], told["largest_party_size"]
    return {
        "de": f"Bucht im Mittel {spelled_number(usual, 'de', 1)} Plätze, hatte aber schon {largest} gebucht.",
        "en": f"Books {spelled_number(usual, 'en', 1)} seats on average, but has booked {largest} before.",
    }


def _ago(days: float) -> Texts:
    """Return how long something is past, as in "14 months ago"."""
    if days < 1:
        return {"de": "in den letzten 24 Stunden", "en": "within the last 24 hours"}
    return {"de": f"vor {spelled_months(days, 'de')}", "en": f"{spelled_months(days, 'en')} ago"}


def _every(days: float) -> Texts:
    """Return a span as in "every 14 months": accusative in German, which differs from the dative in -n."""
    return {"de": spelled_months(days, "de").removesuffix("n"), "en": spelled_months(days, "en")}


_TELL: Mapping[Kind, Callable[[Evidence], Texts]] = {
    "high_risk": _high_risk,
    "inactive": _inactive,
    "due_again": _due_again,
    "high_value": _high_value,
    "unusual_change": _unusual_change,
    "complaint": _complaint,
    "abandoned_checkout": _abandoned,
    "upsell_extras": _extras,
    "upsell_longer_trip": _longer_trip,
    "upsell_party": _party,
}
