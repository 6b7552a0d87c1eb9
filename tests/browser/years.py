"""Anna's timeline."""

from datetime import UTC, datetime

from serving.replies import TimelineEntry

from .people import NOW, in_language


def annas_years(language: str) -> list[TimelineEntry]:
    """Two touchpoints a year of each of the years 2025 to 2020, newest first, and one message on top."""
    read = in_language(language, "Hat den Brief „Frühling“ gelesen.", "Read the letter “Spring”.")
    top = entry("m", "MessageRead", "communications", NOW, "contact", read)
    years = [one for year in range(2025, 2019, -1) for one in annas_year(year, language)]
    return [top, *years]


def annas_year(year: int, language: str) -> list[TimelineEntry]:
    travelled = in_language(
        language, f"Stieg in Hamburg ZOB ein ({year}).", f"Boarded at Hamburg ZOB ({year})."
    )
    booked = in_language(
        language, f"Buchte Nordsee {year} für zwei, 754,93 €.", f"Booked Nordsee {year} for two, €754.93."
    )
    may, january = datetime(year, 5, 10, 5, 40, tzinfo=UTC), datetime(year, 1, 18, 9, 0, tzinfo=UTC)
    return [
        entry(f"t{year}", "BoardingEventCreated", "operations", may, "traveller", travelled),
        entry(f"b{year}", "BookingConfirmed", "commerce", january, "booker", booked),
    ]


def entry(
    event_id: str, event_type: str, source: str, occurred_at: datetime, role: str, text: str
) -> TimelineEntry:
    return TimelineEntry(
        event_id=event_id, type=event_type, source=source, occurred_at=occurred_at, role=role, text=text
    )
