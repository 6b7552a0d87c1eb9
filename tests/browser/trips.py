"""Who travels where with whom: the bookings of the story, and what was agreed to."""

from datetime import UTC, date, datetime
from decimal import Decimal

from serving.crm.records import (
    BookingRecord,
    BookingState,
    Consent,
    ConsentState,
    NamedPerson,
    TravelCompanion,
    TravelRecord,
)

from .people import ANNA, BERND, CLARA, MALLORY, full_name, in_language


def named(customer_id: str) -> NamedPerson:
    return NamedPerson(customer_id, full_name(customer_id))


def nordsee(year: int, state: BookingState, language: str, *, own: bool = True) -> BookingRecord:
    """Anna's trip of a year with Bernd; not own: as Bernd sees it."""
    return BookingRecord(
        booking_id=f"b{year}",
        tour_name=in_language(language, f"Nordsee {year}", f"North Sea {year}"),
        departs_on=date(year, 5, 8),
        nights=5,
        booked_at=datetime(year, 1, 18, 9, 0, tzinfo=UTC),
        state=state,
        amount=Decimal("754.93"),
        currency="EUR",
        is_own=own,
        booker=None if own else named(ANNA),
        boarding_point="hamburg-zob",
        companions=(named(BERND if own else ANNA),),
        party_size=2,
    )


def celle(language: str) -> BookingRecord:
    """The one trip ahead: Clara booked it, and Anna and two more come along."""
    return BookingRecord(
        booking_id="b-celle",
        tour_name=in_language(language, "Weihnachtsmarkt in Celle", "Christmas in Celle"),
        departs_on=date(2026, 12, 5),
        nights=0,
        booked_at=datetime(2026, 5, 20, 9, 0, tzinfo=UTC),
        state="confirmed",
        amount=Decimal("236.00"),
        currency="EUR",
        is_own=False,
        booker=named(CLARA),
        boarding_point="hamburg-zob",
        companions=(named(BERND), named(CLARA)),
        party_size=4,
    )


def travels(customer_id: str, language: str) -> TravelRecord:
    years = [nordsee(year, "travelled", language) for year in range(2025, 2019, -1)]
    if customer_id == ANNA:
        cancelled = nordsee(2019, "cancelled", language)
        companions = [TravelCompanion(BERND, "Bernd Hansen", 7), TravelCompanion(CLARA, "Clara Lüders", 1)]
        return TravelRecord([celle(language), *years, cancelled], companions, celle(language))
    if customer_id == BERND:
        rides = [nordsee(year, "travelled", language, own=False) for year in (2025, 2024)]
        return TravelRecord(rides, [TravelCompanion(ANNA, "Anna Petersen", 2)], None)
    if customer_id == MALLORY:
        return TravelRecord([], [TravelCompanion(MALLORY, full_name(MALLORY), 1)], None)
    return TravelRecord([], [], None)


def consent(customer_id: str) -> ConsentState:
    agreed = datetime(2019, 3, 4, 11, 0, tzinfo=UTC)
    if customer_id == ANNA:
        return ConsentState(
            [
                Consent("marketing", granted=True, said_at=agreed),
                Consent("profiling", granted=False, said_at=None),
                Consent("newsletter", granted=False, said_at=datetime(2024, 8, 1, 11, 0, tzinfo=UTC)),
            ],
            ["email", "letter", "phone"],
        )
    return ConsentState([Consent("marketing", granted=False, said_at=None)], ["email"])
