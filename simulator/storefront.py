"""The operator's site: checkouts that break off, and what our own widget showed and which of it was clicked."""

from random import Random

from simulator.journal import Data, Journal
from simulator.moments import DAY, HOUR, MINUTE
from simulator.programme import Departure, Programme
from simulator.trade import Booking

STEPS = ("departure", "travellers", "extras", "payment")
ANONYMOUS_PER_BOOKING = 0.04
SHOWN_PER_BOOKING = 0.12
SHOWN = 3
CLICKED_ALTHOUGH_NOT_BOOKED = 0.08


class Storefront:
    """Writes visits: known visitors as they break off, everything else once the bookings are known."""

    def __init__(self, journal: Journal, rng: Random, programme: Programme) -> None:
        self._journal, self._rng, self._programme = journal, rng, programme
        self._sessions = self._shown = 0

    def break_off(self, profile_id: str | None, departure: Departure, moment: int) -> None:
        """Let a visitor leave the checkout of `departure`; profile_id None: nobody knows who it was."""
        self._sessions += 1
        data: Data = {
            "session_id": f"s-{self._sessions:07d}",
            "tour_id": departure.tour_id,
            "departure_id": departure.id,
            "step": self._rng.choice(STEPS),
        }
        if profile_id is not None:
            data["person_profile_id"] = profile_id
        self._journal.add(moment, "CheckoutAbandoned", data)

    def visits(self, booked: list[tuple[int, Booking]]) -> None:
        """Write anonymous checkouts and shown suggestions around the bookings (moment, booking)."""
        for moment, booking in booked:
            if self._rng.random() < ANONYMOUS_PER_BOOKING:
                self.break_off(None, booking.departure, moment + self._rng.randrange(HOUR, 5 * DAY))
            if self._rng.random() < SHOWN_PER_BOOKING:
                self._suggest(booking.departure, moment - self._rng.randrange(5 * MINUTE, 50 * MINUTE))

    def _suggest(self, booked: Departure, moment: int) -> None:
        """Show some tours, mostly with the one that is booked afterwards among them."""
        self._shown += 1
        others = [f[0].tour_id for f in self._programme.by_family if f]
        tours = self._rng.sample(others, min(SHOWN, len(others)))
        if booked.tour_id not in tours:
            tours[self._rng.randrange(len(tours))] = booked.tour_id
        for position, tour_id in enumerate(tours, start=1):
            data = {
                "recommendation_id": f"r-{self._shown:07d}",
                "tour_id": tour_id,
                "position": position,
                "propensity": round(self._rng.uniform(0.1, 0.9), 3),
            }
            self._journal.add(moment, "RecommendationShown", data)
            if tour_id == booked.tour_id or self._rng.random() < CLICKED_ALTHOUGH_NOT_BOOKED:
                self._journal.add(moment + 20 * position, "RecommendationClicked", data)
