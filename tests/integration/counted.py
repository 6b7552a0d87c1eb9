"""The log counted once more by hand, in plain Python: who booked what, by the rules of the domain."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from activity_log.contracts.backoffice import PersonProfilesMerged, PersonProfileUpdated
from activity_log.contracts.commerce import BookingCancelled, BookingConfirmed, TourPublished
from activity_log.ledger import LoggedEvent, read
from tests.conftest import SimulatedOperator

Trips = dict[str, set[str]]
"""Booking ids by family."""


@dataclass(frozen=True)
class Counted:
    """trips: of each customer, as booker or traveller. bookings: those kept, by id. tours: published, by family."""

    trips: dict[str, Trips]
    bookings: dict[str, BookingConfirmed]
    tours: dict[str, list[TourPublished]]

    def bookings_of(self, customer_id: str) -> list[BookingConfirmed]:
        """What the customer booked or travels on."""
        return [self.bookings[one] for ids in self.trips.get(customer_id, {}).values() for one in ids]

    def customers_of(self, *families: str, month: int | None = None) -> int:
        """How many customers booked all these families, for travel in `month` if given."""
        return sum(
            all(
                any(month in (None, self._month(one)) for one in trips.get(family, ())) for family in families
            )
            for trips in self.trips.values()
        )

    def _month(self, booking_id: str) -> int:
        return self.bookings[booking_id].departure_date.month


def count(operator: SimulatedOperator) -> Counted:
    """Count what was known at the operator's `now`."""
    with operator.database.reading() as connection:
        events = [event for chunk in read(connection, operator.operator.operator_id) for event in chunk]
    known = sorted(
        (e for e in events if max(e.occurred_at, e.recorded_at) < operator.now),
        key=lambda e: (e.occurred_at, e.event_id),
    )
    told = [event.payload for event in known]
    people = {profile.person_profile_id for profile in told if isinstance(profile, PersonProfileUpdated)}
    survivor = _survivors(known)
    family = {tour.tour_id: tour.family_id for tour in told if isinstance(tour, TourPublished)}
    cancelled = {payload.booking_id for payload in told if isinstance(payload, BookingCancelled)}
    trips: dict[str, Trips] = defaultdict(lambda: defaultdict(set))
    bookings = {
        b.booking_id: b for b in told if isinstance(b, BookingConfirmed) and b.booking_id not in cancelled
    }
    for booking in bookings.values():
        named = {
            booking.booker_profile_id,
            *(traveller.person_profile_id for traveller in booking.travellers),
        }
        for person in {survivor.get(one, one) for one in named if one} & people:
            trips[operator.operator.pseudonym(person)][family[booking.tour_id]].add(booking.booking_id)
    tours: dict[str, list[TourPublished]] = defaultdict(list)
    for tour in told:
        if isinstance(tour, TourPublished):
            tours[tour.family_id].append(tour)
    return Counted(trips, bookings, tours)


def _survivors(events: list[LoggedEvent]) -> dict[str, str]:
    """Who counts as whom by now; a later merge of a survivor takes along those merged into them."""
    survivor: dict[str, str] = {}
    merges = [event for event in events if isinstance(event.payload, PersonProfilesMerged)]
    for event in sorted(merges, key=_known_from):
        stays, goes = (
            survivor.get(one, one) for one in (event.payload.surviving_id, event.payload.merged_id)
        )
        survivor |= {one: stays for one, other in survivor.items() if other == goes} | {goes: stays}
    return survivor


def _known_from(event: LoggedEvent) -> datetime:
    return max(event.occurred_at, event.recorded_at)
