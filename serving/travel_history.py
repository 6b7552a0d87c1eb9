"""What a customer booked and travelled on, read from the log, so that a booking made a second ago counts."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import Connection

from activity_log.catalogue import Tour
from activity_log.travels import Travels, Trip
from models.recommender import History

FamiliesOf = Callable[[Collection[str]], tuple[str, ...]]

MOST_COMPANIONS = 8
"""Whose own trips are looked at: those of the party in most trips."""


@dataclass(frozen=True)
class Habits:
    """What departures are chosen by. month: usual month of travel (1-12). price, nights: of a usual tour.

    All null where unknown; the price is the tour's, for one person.
    """

    month: int | None = None
    price: float | None = None
    nights: float | None = None


@dataclass(frozen=True)
class TravelHistory:
    """The kept bookings of a customer, as booker or traveller, in the order they were made.

    party: the tours that those who travel along took without the customer.
    """

    trips: Sequence[Trip] = ()
    party: Sequence[str] = ()

    def history(self, families_of: FamiliesOf, viewed: tuple[str, ...]) -> History:
        """Return it as the recommender reads it."""
        families = families_of([trip.tour_id for trip in self.trips])
        counts = sorted(Counter(families).items())
        moves = list(pairwise(families))
        return History(
            families=tuple(family for family, _ in counts),
            counts=tuple(times for _, times in counts),
            viewed=viewed,
            latest=families[-1] if families else None,
            again=sum(before == after for before, after in moves),
            moves=len(moves),
            party=families_of(self.party),
        )

    def taken(self, tours: Mapping[str, Tour], today: date) -> list[tuple[date, date]]:
        """Return the days of trips ahead, from the first to the last."""
        return [
            (trip.departure_date, trip.departure_date + timedelta(days=nights))
            for trip in self.trips
            for nights in [tours[trip.tour_id].nights if trip.tour_id in tours else 0]
            if trip.departure_date + timedelta(days=nights) >= today
        ]

    def habits(self, tours: Mapping[str, Tour], month: int | None) -> Habits:
        """Return the middle price and length of the tours taken, as far as the catalogue knows them."""
        taken = [tours[trip.tour_id] for trip in self.trips if trip.tour_id in tours]
        if not taken:
            return Habits(month)
        price = median(float(tour.price_from) for tour in taken)
        return Habits(month, price, median(tour.nights for tour in taken))


def travel_histories(
    connection: Connection, operator_id: str, customer_ids: Collection[str] | None, *, with_party: bool
) -> Callable[[str], TravelHistory]:
    """Read what customers, who count as nobody else, booked; None: everybody.

    with_party: also the tours that those who travel along took without them.
    """
    travels = Travels.read(connection, operator_id, customer_ids)
    if not with_party:
        return lambda customer_id: TravelHistory(travels.of(customer_id))
    theirs = travels
    if customer_ids is not None:
        companions = {one for who in customer_ids for one in travels.companions(who, MOST_COMPANIONS)}
        theirs = Travels.read(connection, operator_id, companions)
    return lambda customer_id: TravelHistory(travels.of(customer_id), _party(travels, theirs, customer_id))


def _party(travels: Travels, theirs: Travels, customer_id: str) -> list[str]:
    """Return the tours of bookings that companions made or are on, and the customer is not."""
    own = {trip.booking_id for trip in travels.of(customer_id)}
    return [
        trip.tour_id
        for companion in travels.companions(customer_id, MOST_COMPANIONS)
        for trip in theirs.of(companion)
        if trip.booking_id not in own
    ]
