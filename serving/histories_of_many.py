"""What many customers booked, as the recommender reads it: for each the same as `Recommending` reads of one."""

from collections.abc import Mapping, Sequence
from typing import cast

from activity_log.booked import Booking
from activity_log.trips_of_many import TripsOfMany
from models.recommender import History
from serving.travel_history import MOST_COMPANIONS, TravelHistory


def histories_of_many(
    log: TripsOfMany, customers: Sequence[str], family_of: Mapping[str, str], *, with_party: bool
) -> list[History]:
    """Return a history per customer, in the order asked.

    family_of: by tour_id; a tour without a catalogue is its own family. with_party: also the tours that those who
    travel along took without the customer.
    """
    trips = log.trips(customers)
    companions = log.companions(trips, MOST_COMPANIONS) if with_party else {}
    theirs = log.trips({one for some in companions.values() for one in some})
    histories = []
    for customer in customers:
        own = trips.get(customer, [])
        booked = {trip.booking_id for trip in own}
        others = (trip for one in companions.get(customer, ()) for trip in theirs.get(one, ()))
        taken = [trip.tour_id for trip in others if trip.booking_id not in booked]
        past = TravelHistory(cast(Sequence[Booking], own), taken)  # their tours are all that is asked
        histories.append(past.history(lambda ids: tuple(family_of.get(one, one) for one in ids), ()))
    return histories
