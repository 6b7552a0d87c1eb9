"""A customer's bookings as the screen shows them: with names of tours and people, the party, and the next trip."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.booked import Booking, PartyMember, bookings_of, companions_of, parties_of
from activity_log.bulk import batches
from activity_log.errors import UnknownCustomerError
from activity_log.merging import OnePerson, one_person, survivors_among
from activity_log.reading import existing_customers
from serving.crm.records import BookingRecord, NamedPerson, TravelCompanion, TravelRecord
from serving.languages import Language, spelled_id

_IDS_PER_QUERY = 500


class _Tour(NamedTuple):
    name: str
    nights: int | None


def travel_record(
    connection: Connection, operator_id: str, customer_id: str, language: Language, today: date
) -> TravelRecord:
    """Return all bookings of a customer and who travels along. Raises UnknownCustomerError.

    today: a departure from this day on, not cancelled, is a trip ahead.
    """
    if not existing_customers(connection, operator_id, [customer_id]):
        raise UnknownCustomerError([customer_id])
    telling = _Telling(connection, operator_id, one_person(connection, operator_id, customer_id), language)
    bookings = telling.records(bookings_of(connection, operator_id, customer_id, today))
    ahead = [one for one in bookings if one.state == "confirmed"]
    return TravelRecord(bookings, telling.travel_companions(), ahead[-1] if ahead else None)


def names_of(
    connection: Connection, operator_id: str, customer_ids: Collection[str]
) -> dict[str, NamedPerson]:
    """Return those of `customer_ids` who have a profile."""
    table = schema.person_profile.c
    query = select(table.customer_id, table.given_name, table.family_name).where(
        table.operator_id == operator_id
    )
    return {
        row.customer_id: NamedPerson(row.customer_id, f"{row.given_name} {row.family_name}")
        for some in batches(set(customer_ids), _IDS_PER_QUERY)
        for row in connection.execute(query.where(table.customer_id.in_(some)))
    }


class _Telling:
    """One customer's bookings being put into words."""

    def __init__(self, connection: Connection, operator_id: str, person: OnePerson, language: Language):
        self._connection = connection
        self._operator_id = operator_id
        self._person = person
        self._language = language

    def records(self, bookings: Sequence[Booking]) -> list[BookingRecord]:
        """Return them with names, latest departure first."""
        tours = self._tours({one.tour_id for one in bookings})
        parties = parties_of(self._connection, self._operator_id, [one.booking_id for one in bookings])
        people = {seat.customer_id for seats in parties.values() for seat in seats if seat.customer_id}
        names = self._names(people | {one.customer_id for one in bookings})
        latest_first = sorted(bookings, key=lambda one: (one.departure_date, one.confirmed_at), reverse=True)
        return [
            self._record(one, tours.get(one.tour_id), parties.get(one.booking_id, ()), names)
            for one in latest_first
        ]

    def travel_companions(self) -> list[TravelCompanion]:
        """Return those who have a profile, most trips first."""
        found = companions_of(self._connection, self._operator_id, self._person.survivor)
        names = names_of(self._connection, self._operator_id, [one.customer_id for one in found])
        return [
            TravelCompanion(one.customer_id, names[one.customer_id].name, one.trips)
            for one in found
            if one.customer_id in names
        ]

    def _record(
        self,
        booking: Booking,
        tour: _Tour | None,
        party: Sequence[PartyMember],
        names: Mapping[str, NamedPerson],
    ) -> BookingRecord:
        members = self._person.members
        is_own = booking.customer_id in members
        own = [seat for seat in party if seat.customer_id in members]
        others = [seat.customer_id for seat in party if seat.customer_id and seat not in own]
        return BookingRecord(
            booking_id=booking.booking_id,
            tour_name=tour.name if tour else spelled_id(booking.tour_id),
            departs_on=booking.departure_date,
            nights=tour.nights if tour else None,
            booked_at=booking.confirmed_at,
            state=booking.state,
            amount=booking.amount,
            currency=booking.currency,
            is_own=is_own,
            booker=None if is_own else names.get(booking.customer_id),
            boarding_point=next((seat.boarding_point_id for seat in own if seat.boarding_point_id), None),
            companions=tuple(dict.fromkeys(names[one] for one in others if one in names)),
            party_size=len(party),
        )

    def _names(self, customer_ids: Collection[str]) -> dict[str, NamedPerson]:
        """Return people by each id that names them, as whom they count now."""
        survivor_of = survivors_among(self._connection, self._operator_id, customer_ids)
        counted_as = {one: survivor_of.get(one, one) for one in customer_ids}
        names = names_of(self._connection, self._operator_id, counted_as.values())
        return {one: names[who] for one, who in counted_as.items() if who in names}

    def _tours(self, tour_ids: Collection[str]) -> dict[str, _Tour]:
        table = schema.tour.c
        query = select(table.tour_id, table.name_de, table.name_en, table.nights).where(
            table.operator_id == self._operator_id
        )
        return {
            row.tour_id: _Tour((self._language == "en" and row.name_en) or row.name_de, row.nights)
            for some in batches(tour_ids, _IDS_PER_QUERY)
            for row in self._connection.execute(query.where(table.tour_id.in_(some)))
        }
