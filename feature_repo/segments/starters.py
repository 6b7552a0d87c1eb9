"""Segments that most operators want first. They are ordinary rules: define them, and change them as you like."""

from typing import NamedTuple


class Starter(NamedTuple):
    """A segment to begin with."""

    segment_id: str
    name_de: str
    name_en: str
    rule: str


STARTERS = (
    Starter(
        "frequent-nordsee-travellers",
        "Häufige Nordsee-Reisende",
        "Frequent Nordsee travellers",
        "trips with family 'nordsee' >= 3",
    ),
    Starter(
        "high-value-dormant",
        "Wertvolle, aber ruhende Kunden",
        "High-value dormant",
        "lifetime_revenue in the top 10 % among (total_bookings > 0) and days_since_last_booking > 540 days",
    ),
    Starter("repeat-no-shows", "Wiederholt nicht angetreten", "Repeat no-shows", "no_show_count >= 2"),
    Starter(
        "loyal-yearly-travellers",
        "Treue Jahresreisende",
        "Loyal yearly travellers",
        "total_bookings >= 3 and median_booking_gap_days between 270 days and 460 days and overdue_ratio <= 1.5",
    ),
    Starter(
        "new-customers",
        "Neue Kunden",
        "New customers",
        "total_bookings > 0 and days_since_first_booking <= 180 days",
    ),
    Starter(
        "group-organisers",
        "Gruppenbucher",
        "Group organisers",
        "average_party_size >= 4 and total_bookings >= 2",
    ),
    Starter(
        "unhappy-lately",
        "Zuletzt unzufrieden",
        "Unhappy lately",
        "conversations_365d >= 1 and (complaints_365d >= 1 or last_satisfaction <= 2 or last_nps <= 6)",
    ),
    Starter(
        "almost-booked",
        "Fast gebucht",
        "Almost booked",
        "days_since_last_abandoned_checkout <= 30 days and not days_since_last_booking <= 30 days",
    ),
    Starter(
        "known-never-booked",
        "Bekannt, nie gebucht",
        "Known, never booked",
        "total_bookings = 0 and total_trips = 0",
    ),
    Starter(
        "fellow-travellers",
        "Reist mit, bucht nie",
        "Travels along, never books",
        "total_trips >= 2 and total_bookings = 0",
    ),
)
