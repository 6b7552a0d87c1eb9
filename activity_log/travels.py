"""Who was booked on which trips, of a few people or of everybody at once, by the same queries."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from activity_log import schema
from activity_log.booked import bookings_with, is_cancelled, is_current, is_named
from activity_log.bulk import batches
from activity_log.merging import one_person, survivors, survivors_among

_BOOKING, _SEAT = schema.booking, schema.party_member
_PEOPLE_PER_QUERY = 400


class Trip(NamedTuple):
    """A booking that was not cancelled, as last confirmed."""

    booking_id: str
    tour_id: str
    departure_date: date


@dataclass(frozen=True)
class Travels:
    """The trips of people, in the order they were booked; merged people under whom they count as.

    trips: by person, as booker or traveller. seats: by booking, who travels on it, as far as they are named.
    """

    trips: Mapping[str, Sequence[Trip]]
    seats: Mapping[str, Collection[str]]

    @classmethod
    def read(
        cls, connection: Connection, operator_id: str, customer_ids: Collection[str] | None = None
    ) -> "Travels":
        """Read the trips of these customers, and of all who count as one with them. None: of everybody."""
        asked = None if customer_ids is None else _ids_of(connection, operator_id, customer_ids)
        made = list(_of(connection, _made(operator_id), operator_id, asked))
        seated = list(_of(connection, _seated(operator_id), operator_id, asked))
        if asked is None:
            survivor_of = survivors(connection, operator_id)
        else:
            named = {*(row[1] for row in made), *(row[1] for row in seated)}
            survivor_of = survivors_among(connection, operator_id, named)
        seats = defaultdict[str, set[str]](set)
        for booking_id, who in seated:
            seats[booking_id].add(survivor_of.get(who, who))
        trips = defaultdict[str, list[Trip]](list)
        for booking_id, booker, tour_id, departure_date, *_ in sorted(made, key=lambda row: (row[4], row[0])):
            trip = Trip(booking_id, tour_id, departure_date)
            for who in {survivor_of.get(booker, booker), *seats[booking_id]}:
                trips[who].append(trip)
        return cls(trips, seats)

    def of(self, customer_id: str) -> Sequence[Trip]:
        """Return a person's trips."""
        return self.trips.get(customer_id, ())

    def companions(self, customer_id: str, most: int) -> list[str]:
        """Return who shares most trips with a person, most first."""
        shared = Counter(who for trip in self.of(customer_id) for who in self.seats.get(trip.booking_id, ()))
        del shared[customer_id]
        return sorted(shared, key=lambda who: (-shared[who], who))[:most]


def _ids_of(connection: Connection, operator_id: str, customer_ids: Iterable[str]) -> set[str]:
    return {
        one
        for customer_id in customer_ids
        for one in one_person(connection, operator_id, customer_id).members
    }


def _made(operator_id: str) -> Select[Any]:
    return (
        select(
            _BOOKING.c.booking_id,
            _BOOKING.c.customer_id,
            _BOOKING.c.tour_id,
            _BOOKING.c.departure_date,
            _BOOKING.c.occurred_at,
        )
        .where(_BOOKING.c.operator_id == operator_id, ~is_cancelled())
        .order_by(_BOOKING.c.occurred_at, _BOOKING.c.booking_id)
    )


def _seated(operator_id: str) -> Select[Any]:
    return (
        select(_SEAT.c.booking_id, _SEAT.c.customer_id)
        .select_from(_BOOKING.join(_SEAT, is_current()))
        .where(_BOOKING.c.operator_id == operator_id, is_named(), ~is_cancelled())
    )


def _of(
    connection: Connection, query: Select[Any], operator_id: str, people: Collection[str] | None
) -> Iterable[Sequence[Any]]:
    """Return the rows of bookings with any of these people, each once; None: of all bookings."""
    if people is None:
        return connection.execute(query).all()
    found = dict[Sequence[Any], None]()
    for some in batches(people, _PEOPLE_PER_QUERY):
        theirs = query.where(_BOOKING.c.booking_id.in_(bookings_with(operator_id, some)))
        found.update((tuple(row), None) for row in connection.execute(theirs))
    return found


def travelling(
    connection: Connection, operator_id: str, first: date, last: date, nights_of: Mapping[str, int]
) -> set[str]:
    """Return who is on a trip on any of these days, as booker or traveller. nights_of: by tour_id."""
    longest = timedelta(days=max(nights_of.values(), default=0))
    departs = _BOOKING.c.departure_date
    days = (departs >= first - longest, departs <= last)
    made = list(connection.execute(_made(operator_id).where(*days)))
    over = {row[0] for row in made if row[3] + timedelta(days=nights_of.get(row[2], 0)) < first}
    seated = connection.execute(_seated(operator_id).where(*days))
    there = [(booking_id, who) for booking_id, who, *_ in (*made, *seated) if booking_id not in over]
    survivor_of = survivors(connection, operator_id)
    return {survivor_of.get(who, who) for _, who in there}
