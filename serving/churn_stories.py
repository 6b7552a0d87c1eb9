"""The stories that churn reasons tell, each with the customer's own figures, in German and English."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from serving.languages import MONTHS, Language, spelled_money, spelled_months, spelled_number

Features = Mapping[str, Any]
Texts = dict[Language, str]


class Story(NamedTuple):
    """Inputs of the model that tell one thing; `tell` returns None where there is nothing true to say.

    features: those of the feature store, which are the evidence. derived: what the season clock and BG/NBD made of
    them (`models.churn_inputs`).

    sounds_good: whether the sentence speaks for loyalty (True), against it (False), or neither (None).
    also_told: figures in the sentence that belong to another story.
    """

    kind: str
    features: tuple[str, ...]
    tell: Callable[[Features], Texts | None]
    sounds_good: Callable[[Features], bool | None] = lambda _: None
    also_told: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """What of the model tells this story."""
        return self.features + self.derived


def _habit(known: Features) -> Texts | None:
    total, first, since = (
        known["total_bookings"], known["days_since_first_booking"], known["days_since_last_booking"]
    )  # fmt: skip
    if not total or first is None or since is None:
        return None
    if total == 1:
        return {
            "de": f"Hat einmal gebucht, vor {spelled_months(since, 'de')}.",
            "en": f"Has booked once, {spelled_months(since, 'en')} ago.",
        }
    return {
        "de": f"{total} Buchungen in {spelled_months(first, 'de')}, die letzte vor {spelled_months(since, 'de')}.",
        "en": f"{total} bookings in {spelled_months(first, 'en')}, the last {spelled_months(since, 'en')} ago.",
    }


def _tenure(known: Features) -> Texts | None:
    days = known["days_since_first_booking"]
    if days is None:
        return None
    return {
        "de": f"Die erste Buchung war vor {spelled_months(days, 'de')}.",
        "en": f"The first booking was {spelled_months(days, 'en')} ago.",
    }


def _calendar(known: Features) -> Texts | None:
    month = known["usual_booking_month"]
    if month is None:
        return None
    return {
        "de": f"Bucht meist im {MONTHS['de'][month - 1]}.",
        "en": f"Usually books in {MONTHS['en'][month - 1]}.",
    }


def _party(known: Features) -> Texts | None:
    size = known["average_party_size"]
    if size is None:
        return None
    return {
        "de": f"Plätze je Buchung im Schnitt: {spelled_number(size, 'de', 1)}.",
        "en": f"Seats per booking on average: {spelled_number(size, 'en', 1)}.",
    }


def _lead(known: Features) -> Texts | None:
    days = known["average_booking_lead_time"]
    if days is None:
        return None
    return {
        "de": f"Bucht im Schnitt mit {spelled_months(days, 'de')} Vorlauf.",
        "en": f"Books {spelled_months(days, 'en')} ahead on average.",
    }


def _trips(known: Features) -> Texts | None:
    trips = known["total_trips"]
    if not trips:
        return None
    return {
        "de": f"Ist {trips}-mal mitgereist.",
        "en": f"Has travelled with us {trips} time{'s' if trips > 1 else ''}.",
    }


def _talks(known: Features) -> Texts | None:
    count = known["conversations_365d"]
    if not count:
        return None
    return {
        "de": f"{count} Gespräch{'e' if count > 1 else ''} in den letzten zwölf Monaten.",
        "en": f"{count} conversation{'s' if count > 1 else ''} in the last twelve months.",
    }


def _recency(known: Features) -> Texts | None:
    days = known["days_since_last_booking"]
    if days is None:
        return None
    return {
        "de": f"Die letzte Buchung war vor {spelled_months(days, 'de')}.",
        "en": f"The last booking was {spelled_months(days, 'en')} ago.",
    }


def _rhythm(known: Features) -> Texts | None:
    gap, since, ratio = (
        known["median_booking_gap_days"], known["days_since_last_booking"], known["overdue_ratio"]
    )  # fmt: skip
    if not gap or since is None or ratio is None:
        return None
    usual = {"de": spelled_months(gap, "de"), "en": spelled_months(gap, "en")}
    if ratio > 1:
        return {
            "de": f"Bucht sonst im Abstand von etwa {usual['de']}, zuletzt aber vor {spelled_months(since, 'de')}.",
            "en": f"Usually books about every {usual['en']}, but last did {spelled_months(since, 'en')} ago.",
        }
    return {
        "de": f"Liegt im eigenen Rhythmus: bucht im Abstand von etwa {usual['de']}.",
        "en": f"Within the usual rhythm: books about every {usual['en']}.",
    }


def _frequency(known: Features) -> Texts | None:
    total, recent = known["total_bookings"], known["bookings_365d"]
    counted = {"de": "Buchung" if total == 1 else "Buchungen", "en": "booking" if total == 1 else "bookings"}
    return {
        "de": f"{total} {counted['de']} insgesamt, davon {recent} in den letzten zwölf Monaten.",
        "en": f"{total} {counted['en']} in all, {recent} of them in the last twelve months.",
    }


def _upcoming(known: Features) -> Texts | None:
    trips = known["upcoming_trips"]
    if not trips:
        return {"de": "Keine Reise ist gebucht.", "en": "No trip is booked ahead."}
    return {
        "de": "Eine Reise ist gebucht." if trips == 1 else f"{trips} Reisen sind gebucht.",
        "en": "One trip is booked ahead." if trips == 1 else f"{trips} trips are booked ahead.",
    }


def _spend(known: Features) -> Texts | None:
    amount, year, currency = known["lifetime_revenue"], known["revenue_365d"], known.get("currency")
    return {
        "de": f"Umsatz bisher {spelled_money(amount, currency, 'de')}, davon "
        f"{spelled_money(year, currency, 'de')} in den letzten zwölf Monaten.",
        "en": f"Revenue so far {spelled_money(amount, currency, 'en')}, "
        f"{spelled_money(year, currency, 'en')} of it in the last twelve months.",
    }


def _cancelled(known: Features) -> Texts | None:
    count = known["cancelled_bookings"]
    if not count:
        return {"de": "Hat noch nie storniert.", "en": "Has never cancelled."}
    since = known["days_since_last_cancellation"]
    return {
        "de": f"Hat {count}-mal storniert, zuletzt vor {spelled_months(since, 'de')}.",
        "en": f"Has cancelled {count} time{'s' if count > 1 else ''}, last {spelled_months(since, 'en')} ago.",
    }


def _no_show(known: Features) -> Texts | None:
    count = known["no_show_count"]
    if not count:
        return None
    return {
        "de": f"Ist {count}-mal nicht zur Abfahrt erschienen.",
        "en": f"Did not turn up for {count} trip{'s' if count > 1 else ''}.",
    }


def _late_coach(known: Features) -> Texts | None:
    late, worst = known["late_boardings_365d"], known["worst_lateness_365d"]
    if not late:
        return None
    return {
        "de": f"Unser Bus war {late}-mal verspätet, bis zu {worst} Minuten.",
        "en": f"Our coach was late {late} time{'s' if late > 1 else ''}, by up to {worst} minutes.",
    }


def _rating(known: Features) -> Texts | None:
    rating, nps = known["last_satisfaction"], known["last_nps"]
    if rating is not None:
        return {"de": f"Letzte Bewertung: {rating} von 5.", "en": f"Latest rating: {rating} of 5."}
    if nps is not None:
        return {"de": f"Würde uns mit {nps} von 10 empfehlen.", "en": f"Would recommend us {nps} out of 10."}
    return None


def _messages(known: Features) -> Texts | None:
    sent, read = known["messages_delivered_365d"], known["messages_read_365d"]
    if not sent:
        return {
            "de": "Hat in den letzten zwölf Monaten keine Nachricht bekommen.",
            "en": "Received no message in the last twelve months.",
        }
    return {
        "de": f"Hat {read} von {sent} Nachrichten der letzten zwölf Monate gelesen.",
        "en": f"Read {read} of {sent} messages of the last twelve months.",
    }


def _consent(known: Features) -> Texts | None:
    if known["marketing_consent"]:
        return {"de": "Hat der Werbung zugestimmt.", "en": "Has agreed to marketing."}
    return {"de": "Hat der Werbung nicht zugestimmt.", "en": "Has not agreed to marketing."}


def _checkout(known: Features) -> Texts | None:
    count = known["abandoned_checkouts_90d"]
    if not count:
        return None
    return {
        "de": f"Hat in den letzten 90 Tagen {count}-mal eine Buchung abgebrochen.",
        "en": f"Left the checkout {count} time{'s' if count > 1 else ''} in the last 90 days.",
    }


def _rated_well(known: Features) -> bool | None:
    rating, nps = known["last_satisfaction"], known["last_nps"]
    if rating is not None:
        return None if rating == 3 else bool(rating > 3)
    return None if nps is None or 7 <= nps <= 8 else bool(nps > 8)


def _never(_known: Features) -> bool:
    return False


STORIES = (
    Story(
        "habit",
        (),
        _habit,
        also_told=("total_bookings", "days_since_first_booking", "days_since_last_booking"),
        derived=("silence_odds", "alive_odds", "expected_bookings", "recency_share"),
    ),
    Story(
        "recency",
        ("days_since_last_booking", "days_since_last_departure"),
        _recency,
        derived=("season_recency",),
    ),
    Story("tenure", ("days_since_first_booking",), _tenure, derived=("season_age", "days_after_start")),
    Story("calendar", ("usual_booking_month", "months_from_usual"), _calendar),
    Story(
        "rhythm",
        (
            "overdue_ratio",
            "median_booking_gap_days",
            "longest_booking_gap_days",
            "days_to_rebooking_window",
            "rebooking_window_days",
        ),
        _rhythm,
        lambda known: bool(known["overdue_ratio"] <= 1),
        ("days_since_last_booking",),
        ("season_overdue",),
    ),
    Story(
        "frequency",
        ("total_bookings", "bookings_365d", "bookings_90d", "bookings_730d", "booking_days"),
        _frequency,
        derived=("repeat_bookings", "booking_rate"),
    ),
    Story("party", ("average_party_size",), _party),
    Story("lead_time", ("average_booking_lead_time",), _lead),
    Story("trips", ("total_trips",), _trips),
    Story("conversations", ("conversations_365d",), _talks),
    Story("upcoming_trips", ("upcoming_trips",), _upcoming, lambda known: bool(known["upcoming_trips"])),
    Story("spend", ("lifetime_revenue", "revenue_365d", "average_booking_value", "onboard_spend"), _spend),
    Story(
        "cancellations",
        ("cancelled_bookings", "days_since_last_cancellation"),
        _cancelled,
        lambda known: not known["cancelled_bookings"],
    ),
    Story("no_shows", ("no_show_count", "days_since_last_no_show"), _no_show, _never),
    Story("late_coaches", ("late_boardings_365d", "worst_lateness_365d"), _late_coach, _never),
    Story(
        "ratings",
        ("last_satisfaction", "last_nps", "average_satisfaction", "complaints_365d"),
        _rating,
        _rated_well,
    ),
    Story(
        "messages",
        ("messages_delivered_365d", "messages_read_365d", "read_rate_365d", "days_since_last_read"),
        _messages,
    ),
    Story("consent", ("marketing_consent",), _consent, lambda known: bool(known["marketing_consent"])),
    Story("abandoned_checkouts", ("abandoned_checkouts_90d",), _checkout),
)
"""Every story. Each input of the model is in one, but `season_ahead`: the season is the same for all customers."""
