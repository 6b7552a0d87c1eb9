"""The kept bookings of many customers at once, as `booked.booked_trips` tells those of one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select, union

from activity_log import schema
from activity_log.booked import is_cancelled, is_current
from activity_log.bulk import batches
from activity_log.merging import survivors

_BOOKING, _SEAT = schema.booking, schema.party_member
_KEYS_PER_QUERY = 500


class Trip(NamedTuple):
    """A booking somebody made, or travels on, that was not cancelled."""

    booking_id: str
    tour_id: str


class TripsOfMany:
    """Trips of an operator's customers, merged people as one, under the id they count as."""

    def __init__(self, connection: Connection, operator_id: str):
        self._connection = connection
        self._operator_id = operator_id
        self._survivor_of = survivors(connection, operator_id)
        self._merged_into = defaultdict[str, list[str]](list)
        for merged, survivor in self._survivor_of.items():
            self._merged_into[survivor].append(merged)

    def trips(self, customer_ids: Collection[str]) -> dict[str, list[Trip]]:
        """Return the trips of those who have any, by time of booking."""
        everyone = [
            one for customer in customer_ids for one in (customer, *self._merged_into.get(customer, ()))
        ]
        found = defaultdict[str, dict[tuple[object, str], Trip]](dict)
        for ids in batches(everyone, _KEYS_PER_QUERY):
            made = self._kept(_BOOKING.c.customer_id).where(_BOOKING.c.customer_id.in_(ids))
            travelled = self._kept(_SEAT.c.customer_id, seats=True).where(_SEAT.c.customer_id.in_(ids))
            for who, booking_id, tour_id, at in self._connection.execute(union(made, travelled)):
                trips = found[self._survivor_of.get(who, who)]
                trips[at, booking_id] = Trip(booking_id, tour_id)
        return {who: [trips[place] for place in sorted(trips)] for who, trips in found.items()}

    def companions(self, trips: Mapping[str, Sequence[Trip]], most: int) -> dict[str, list[str]]:
        """Return who travels along, by customer: those of most trips first, so many at most."""
        bookings = {trip.booking_id for one in trips.values() for trip in one}
        seats = defaultdict[str, set[str]](set)
        for ids in batches(sorted(bookings), _KEYS_PER_QUERY):
            query = (
                select(_SEAT.c.booking_id, _SEAT.c.customer_id)
                .select_from(_BOOKING.join(_SEAT, is_current()))
                .where(
                    _BOOKING.c.operator_id == self._operator_id,
                    _BOOKING.c.booking_id.in_(ids),
                    _SEAT.c.customer_id.is_not(None),
                )
            )
            for booking_id, who in self._connection.execute(query):
                seats[booking_id].add(self._survivor_of.get(who, who))
        return {who: _companions(who, theirs, seats)[:most] for who, theirs in trips.items()}

    def away(self, first: date, last: date, nights_of: Mapping[str, int]) -> set[str]:
        """Return who is on a trip on any of these days, as booker or traveller. nights_of: tours, by tour_id."""
        longest = timedelta(days=max(nights_of.values(), default=0))
        days = (_BOOKING.c.departure_date >= first - longest, _BOOKING.c.departure_date <= last)
        departs = _BOOKING.c.departure_date
        made = self._kept(_BOOKING.c.customer_id).add_columns(departs).where(*days)
        travelled = self._kept(_SEAT.c.customer_id, seats=True).add_columns(departs).where(*days)
        return {
            self._survivor_of.get(who, who)
            for who, _, tour_id, _, day in self._connection.execute(union(made, travelled))
            if who is not None and day + timedelta(days=nights_of.get(tour_id, 0)) >= first
        }

    def _kept(self, who: Any, *, seats: bool = False) -> Select[Any]:
        source = _BOOKING.join(_SEAT, is_current()) if seats else _BOOKING
        return (
            select(
                who.label("customer_id"), _BOOKING.c.booking_id, _BOOKING.c.tour_id, _BOOKING.c.occurred_at
            )
            .select_from(source)
            .where(_BOOKING.c.operator_id == self._operator_id, ~is_cancelled())
        )


def _companions(who: str, trips: Sequence[Trip], seats: Mapping[str, set[str]]) -> list[str]:
    counted = Counter(one for trip in trips for one in seats.get(trip.booking_id, ()) if one != who)
    return sorted(counted, key=lambda one: (-counted[one], one))
