"""What features and scores are called when a rule is put in words, in German and English, and what is missing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Language = Literal["de", "en"]


class Label(NamedTuple):
    """A name for people, without the unit."""

    de: str
    en: str

    def in_language(self, language: Language) -> str:
        """Return the name in a language."""
        return self.de if language == "de" else self.en


_CHANNELS = {
    "email": Label("E-Mail", "e-mail"),
    "whatsapp": Label("WhatsApp", "WhatsApp"),
    "sms": Label("SMS", "text message"),
    "phone": Label("Telefon", "phone"),
    "letter": Label("Brief", "letter"),
    "push": Label("Push-Nachricht", "push message"),
}

_BOOKING = {
    "total_bookings": Label("Buchungen", "bookings"),
    "bookings_90d": Label("Buchungen der letzten 90 Tage", "bookings of the last 90 days"),
    "bookings_365d": Label("Buchungen der letzten 365 Tage", "bookings of the last 365 days"),
    "bookings_730d": Label("Buchungen der letzten 730 Tage", "bookings of the last 730 days"),
    "booking_days": Label("Tage mit einer Buchung", "days with a booking"),
    "upcoming_trips": Label("gebuchte Reisen, die noch bevorstehen", "booked trips still ahead"),
    "lifetime_revenue": Label("Gesamtumsatz", "lifetime revenue"),
    "revenue_90d": Label("Umsatz der letzten 90 Tage", "revenue of the last 90 days"),
    "revenue_365d": Label("Umsatz der letzten 365 Tage", "revenue of the last 365 days"),
    "revenue_730d": Label("Umsatz der letzten 730 Tage", "revenue of the last 730 days"),
    "currency": Label("Währung", "currency"),
    "usual_sales_channel": Label("üblicher Buchungsweg", "usual sales channel"),
    "average_booking_value": Label("durchschnittlicher Buchungswert", "average booking value"),
    "highest_booking_value": Label("höchster Buchungswert", "highest booking value"),
    "average_price_per_seat": Label("durchschnittlicher Preis je Platz", "average price per seat"),
    "average_price_per_night": Label(
        "durchschnittlicher Preis je Platz und Nacht", "average price per seat and night"
    ),
    "average_party_size": Label("durchschnittliche Gruppengröße", "average party size"),
    "largest_party_size": Label("größte gebuchte Gruppe", "largest party booked"),
    "average_booking_lead_time": Label(
        "durchschnittlicher Vorlauf von Buchung bis Abfahrt", "average lead time from booking to departure"
    ),
    "shortest_booking_lead_time": Label(
        "kürzester Vorlauf von Buchung bis Abfahrt", "shortest lead time from booking to departure"
    ),
    "days_since_first_booking": Label("Zeit seit der ersten Buchung", "time since the first booking"),
    "days_since_last_booking": Label("Zeit seit der letzten Buchung", "time since the last booking"),
    "last_booking_at": Label("letzte Buchung", "last booking"),
    "days_since_last_departure": Label("Zeit seit der letzten Abfahrt", "time since the last departure"),
    "median_booking_gap_days": Label("üblicher Abstand zwischen Buchungen", "usual gap between bookings"),
    "longest_booking_gap_days": Label("längster Abstand zwischen Buchungen", "longest gap between bookings"),
    "overdue_ratio": Label(
        "Zeit seit der letzten Buchung, gemessen am üblichen Abstand",
        "time since the last booking in usual gaps",
    ),
    "usual_booking_month": Label("üblicher Buchungsmonat", "usual booking month"),
    "usual_booking_month_share": Label(
        "Anteil der Buchungen im üblichen Monat", "share of bookings in the usual month"
    ),
    "different_booking_months": Label("verschiedene Buchungsmonate", "different booking months"),
    "months_from_usual": Label(
        "Monate seit dem üblichen Buchungsmonat", "months since the usual booking month"
    ),
    "usual_travel_month": Label("üblicher Reisemonat", "usual travel month"),
    "days_to_rebooking_window": Label(
        "Zeit bis zur nächsten erwarteten Buchung", "time until the next booking is expected"
    ),
    "rebooking_window_days": Label(
        "Spielraum um die nächste erwartete Buchung", "margin around the next expected booking"
    ),
    "cancelled_bookings": Label("stornierte Buchungen", "cancelled bookings"),
    "cancellation_rate": Label("Anteil stornierter Buchungen", "share of bookings cancelled"),
    "days_since_last_cancellation": Label(
        "Zeit seit der letzten Stornierung", "time since the last cancellation"
    ),
}

_TRAVEL = {
    "total_trips": Label("Reisen", "trips"),
    "trips_as_booker": Label("selbst gebuchte Reisen", "trips booked by themselves"),
    "booker_share": Label("Anteil selbst gebuchter Reisen", "share of trips booked by themselves"),
    "trips_in_company": Label("Reisen in Begleitung", "trips in company"),
    "companions": Label("verschiedene Mitreisende", "different companions"),
    "seasons_travelled": Label("verschiedene Reise-Jahreszeiten", "different seasons travelled"),
    "preferred_seat_position": Label("bevorzugter Sitzplatz", "preferred seat"),
    "seat_position_share": Label(
        "Anteil auf dem bevorzugten Sitzplatz", "share of trips in the preferred seat"
    ),
    "preferred_boarding_point": Label("bevorzugter Zustieg", "preferred boarding point"),
    "boarding_point_share": Label(
        "Anteil am bevorzugten Zustieg", "share of trips from the preferred boarding point"
    ),
    "no_show_count": Label("nicht angetretene Reisen", "no-shows"),
    "no_show_rate": Label("nicht angetretene Reisen je Reise", "no-shows per trip"),
    "days_since_last_no_show": Label(
        "Zeit seit der letzten nicht angetretenen Reise", "time since the last no-show"
    ),
    "late_boardings_365d": Label(
        "verspätete Zustiege der letzten 365 Tage", "late boardings of the last 365 days"
    ),
    "worst_lateness_365d": Label(
        "größte Verspätung beim Zustieg in den letzten 365 Tagen",
        "worst lateness at boarding in the last 365 days",
    ),
    "onboard_spend": Label("Ausgaben an Bord", "spend on board"),
    "onboard_spend_365d": Label(
        "Ausgaben an Bord in den letzten 365 Tagen", "spend on board in the last 365 days"
    ),
    "onboard_purchases": Label("Käufe an Bord", "purchases on board"),
    "ancillary_spend": Label("Ausgaben für Zusatzleistungen", "spend on extras"),
    "ancillary_spend_365d": Label(
        "Ausgaben für Zusatzleistungen in den letzten 365 Tagen", "spend on extras in the last 365 days"
    ),
    "ancillary_purchases": Label("gekaufte Zusatzleistungen", "extras bought"),
}

_ENGAGEMENT = {
    "messages_delivered": Label("zugestellte Nachrichten", "messages delivered"),
    "messages_read": Label("gelesene Nachrichten", "messages read"),
    **{
        f"messages_delivered_{channel}": Label(
            f"zugestellte Nachrichten per {label.de}", f"messages delivered by {label.en}"
        )
        for channel, label in _CHANNELS.items()
    },
    **{
        f"messages_read_{channel}": Label(
            f"gelesene Nachrichten per {label.de}", f"messages read by {label.en}"
        )
        for channel, label in _CHANNELS.items()
    },
    **{
        f"campaigns_{what}_{channel}": Label(
            f"{german} Werbung per {label.de}", f"campaigns {what} by {label.en}"
        )
        for what, german in (("delivered", "zugestellte"), ("read", "gelesene"))
        for channel, label in _CHANNELS.items()
    },
    "messages_delivered_365d": Label(
        "zugestellte Nachrichten der letzten 365 Tage", "messages delivered in the last 365 days"
    ),
    "messages_read_365d": Label(
        "gelesene Nachrichten der letzten 365 Tage", "messages read in the last 365 days"
    ),
    "read_rate": Label("Anteil gelesener Nachrichten", "share of messages read"),
    "read_rate_365d": Label(
        "Anteil gelesener Nachrichten der letzten 365 Tage", "share of the last 365 days' messages read"
    ),
    "average_read_delay_hours": Label(
        "durchschnittliche Zeit bis zum Lesen", "average time until a message is read"
    ),
    "days_since_last_message": Label("Zeit seit der letzten Nachricht", "time since the last message"),
    "days_since_last_read": Label(
        "Zeit, seit zuletzt eine Nachricht gelesen wurde", "time since a message was last read"
    ),
    "most_read_channel": Label("meistgelesener Kanal", "channel read most"),
    "conversations": Label("Gespräche", "conversations"),
    "conversations_365d": Label("Gespräche der letzten 365 Tage", "conversations of the last 365 days"),
    "complaints": Label("Beschwerden", "complaints"),
    "complaints_365d": Label("Beschwerden der letzten 365 Tage", "complaints of the last 365 days"),
    "days_since_last_complaint": Label("Zeit seit der letzten Beschwerde", "time since the last complaint"),
    "average_satisfaction": Label("durchschnittliche Zufriedenheit", "average satisfaction"),
    "last_satisfaction": Label("letzte Zufriedenheit", "latest satisfaction"),
    "average_nps": Label("durchschnittliche Weiterempfehlung", "average willingness to recommend"),
    "last_nps": Label("letzte Weiterempfehlung", "latest willingness to recommend"),
    "abandoned_checkouts": Label("abgebrochene Buchungen", "abandoned checkouts"),
    "abandoned_checkouts_90d": Label(
        "abgebrochene Buchungen der letzten 90 Tage", "abandoned checkouts of the last 90 days"
    ),
    "abandoned_checkouts_365d": Label(
        "abgebrochene Buchungen der letzten 365 Tage", "abandoned checkouts of the last 365 days"
    ),
    "days_since_last_abandoned_checkout": Label(
        "Zeit seit der letzten abgebrochenen Buchung", "time since the last abandoned checkout"
    ),
    "marketing_consent": Label("Einwilligung in Werbung", "consent to marketing"),
}

_TASTE = {
    "family_ids": Label("gebuchte oder gereiste Reisefamilien", "tour families booked or travelled"),
    "region_ids": Label("gebuchte oder bereiste Regionen", "regions booked or travelled"),
    "theme_ids": Label("gebuchte oder gereiste Themen", "themes booked or travelled"),
    "upcoming_departure_ids": Label("bevorstehende Abfahrten", "departures ahead"),
    "favourite_family": Label("liebste Reisefamilie", "favourite tour family"),
    "favourite_family_share": Label(
        "Anteil der liebsten Reisefamilie", "share of trips to the favourite tour family"
    ),
    "favourite_region": Label("liebste Region", "favourite region"),
    "favourite_theme": Label("liebstes Thema", "favourite theme"),
    "different_families": Label("verschiedene Reisefamilien", "different tour families"),
    "repeat_share": Label("Anteil wiederholter Reisen", "share of repeated trips"),
    "repeat_propensity": Label("Neigung zur Wiederholung", "propensity to repeat"),
    "average_nights": Label("durchschnittliche Reisedauer", "average length of a trip"),
    "longest_nights": Label("längste Reise", "longest trip"),
}

_PROFILE = {
    "tenure_days": Label("bekannt seit", "known for"),
    "profile_updates": Label("Profiländerungen", "profile updates"),
    "locale": Label("Sprache und Land", "language and country"),
    "postcode_area": Label("Postleitzahlgebiet", "postcode area"),
    "consented_purposes": Label("Einwilligungen", "purposes consented to"),
}

LABELS: Mapping[str, Label] = MappingProxyType(_PROFILE | _BOOKING | _TRAVEL | _ENGAGEMENT | _TASTE)
"""Of every feature a rule may name."""

COUNTED: Mapping[str, Label] = MappingProxyType(
    {
        "family": Label("Reisen der Familie", "trips with family"),
        "region": Label("Reisen in die Region", "trips to region"),
        "theme": Label("Reisen zum Thema", "trips on theme"),
    }
)

NULLS_DE: Mapping[str, str] = MappingProxyType(
    {
        "booked on fewer than two days": "an weniger als zwei Tagen gebucht",
        "fewer than two trips": "weniger als zwei Reisen",
        "never answered": "nie beantwortet",
        "never booked": "nie gebucht",
        "never booked a departure with a date": "nie eine Abfahrt mit Datum gebucht",
        "never booked a published tour with a night": "nie eine veröffentlichte Reise mit Übernachtung gebucht",
        "never booked or travelled": "nie gebucht oder gereist",
        "never booked or travelled on a published tour": "nie auf einer veröffentlichten Reise gebucht oder gereist",
        "never cancelled": "nie storniert",
        "never complained": "nie beschwert",
        "never left one": "nie abgebrochen",
        "never missed a trip": "nie eine Reise versäumt",
        "never rated": "nie bewertet",
        "never read a message": "nie eine Nachricht gelesen",
        "never travelled": "nie gereist",
        "no boarding with a time in the last 365 days": "kein Zustieg mit Uhrzeit in den letzten 365 Tagen",
        "no departure lies behind": "noch keine Abfahrt",
        "none": "keine",
        "none was delivered": "keine wurde zugestellt",
        "none was delivered and read": "keine wurde zugestellt und gelesen",
        "none was granted": "keine wurde erteilt",
        "none was named": "keiner wurde genannt",
        "none was told": "keines wurde genannt",
        "not scored": "nicht bewertet",
    }
)
"""What the features' `null` says, in German."""
