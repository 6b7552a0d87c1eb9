"""Operations: coaches leave, people board or do not, buy things on board; some trips go wrong."""

from random import Random

from simulator.drift import Mood
from simulator.journal import Journal, euros
from simulator.moments import DAY, HOUR, MINUTE
from simulator.population import CHANNELS
from simulator.programme import LATE_MINUTES, Departure
from simulator.trade import Booking, Seat

NO_SHOW = 0.02
SPOILED = 0.09
"""Chance that a trip disappoints for a reason of its own: room, guide, food."""

LATE_HURTS, SPOILED_HURTS = 0.9, 1.0
RATES = {True: 0.85, False: 0.35}
"""Chance that a conversation about the trip follows, if it went badly and if not."""

SALES = (("drinks", 3_50), ("snack", 5_80), ("souvenir", 12_00), ("newspaper", 2_20))
BUYS = 0.3
UNNAMED_SALES = 2


class Road:
    """Drives the departures and leaves grievances where it went wrong."""

    def __init__(self, journal: Journal, rng: Random, moods: list[Mood]) -> None:
        self._journal, self._rng, self._moods = journal, rng, moods
        self._conversations = 0

    def drive(self, departure: Departure, moment: int) -> None:
        """Take everybody who booked and did not cancel; a coach nobody booked stays at home."""
        bookings = [booking for booking in departure.bookings if not booking.cancelled]
        aboard = [profile for booking in bookings for profile in self._travel(booking)]
        if not bookings:
            return
        self._legs(departure, aboard, moment)
        for _ in range(UNNAMED_SALES):
            self._sale(departure, None)

    def _travel(self, booking: Booking) -> list[str]:
        """Take one party along, remember how it went, and return the profiles on board."""
        mood = self._moods[booking.booker.index]
        mood.upcoming -= 1
        mood.trips += 1
        aboard = [s.profile_id for s in booking.seats if s.profile_id and self._board(booking, s)]
        if booking.acting_id not in aboard:
            mood.no_shows += 1
            return aboard
        late = booking.departure.minutes_late >= LATE_MINUTES[0]
        spoiled = self._rng.random() < SPOILED
        mood.grievance += LATE_HURTS * late + SPOILED_HURTS * spoiled
        if self._rng.random() < RATES[late or spoiled]:
            self._conversation(booking, late or spoiled)
        return aboard

    def _board(self, booking: Booking, seat: Seat) -> bool:
        """Write the boarding or the no-show of one named traveller; return whether they are on board."""
        departure = booking.departure
        comes_back = departure.departs + (departure.nights + 1) * DAY
        if seat.person is None or seat.person.forgotten(comes_back):
            return False
        who = {"booking_id": booking.id, "person_profile_id": seat.profile_id}
        if self._rng.random() < NO_SHOW:
            self._journal.add(departure.departs + HOUR, "BookingNoShow", who)
            return False
        minutes = departure.minutes_late + self._rng.randint(-3, 3)
        place = {"boarding_point_id": seat.boarding_point, "seat_position": seat.position}
        boards = departure.departs + minutes * MINUTE + self._rng.randrange(10 * MINUTE)
        self._journal.add(boards, "BoardingEventCreated", {**who, **place, "minutes_late": minutes})
        if self._rng.random() < BUYS:
            self._sale(departure, seat.profile_id)
        return True

    def _sale(self, departure: Departure, profile_id: str | None) -> None:
        category, cents = self._rng.choice(SALES)
        data = {
            "person_profile_id": profile_id,
            "departure_id": departure.id,
            "category": category,
            "amount": euros(cents * self._rng.randint(1, 3)),
            "currency": "EUR",
        }
        moment = departure.departs + self._rng.randrange(3 * HOUR, 12 * HOUR)
        self._journal.add(moment, "OnboardSaleRecorded", data)

    def _legs(self, departure: Departure, aboard: list[str], moment: int) -> None:
        """Write the way out and the way back."""
        for leg, after in (("out", 10 * HOUR), ("back", departure.nights * DAY + 12 * HOUR)):
            data = {
                "departure_id": departure.id,
                "leg_id": f"{departure.id}-{leg}",
                "person_profile_ids": aboard,
            }
            self._journal.add(moment + after + departure.minutes_late * MINUTE, "ServiceLegCompleted", data)

    def _conversation(self, booking: Booking, bad: bool) -> None:
        """Let the booker tell how it was; most ratings fit the trip, a few do not."""
        booker, departure = booking.booker, booking.departure
        moment = departure.departs + departure.nights * DAY + self._rng.randrange(DAY, 12 * DAY)
        if booker.forgotten(moment):
            return
        self._conversations += 1
        low = bad if self._rng.random() < 0.93 else not bad
        channel = booker.channel if self._rng.random() < 0.6 else self._rng.choice(CHANNELS)
        data = {
            "conversation_id": f"conv-{self._conversations:07d}",
            "contact_id": booker.contact_id,
            "person_profile_id": booking.acting_id,
            "channel": channel,
            "satisfaction": self._rng.randint(1, 2) if low else self._rng.randint(3, 5),
            "nps": self._rng.randint(0, 5) if low else self._rng.randint(6, 10),
        }
        if self._rng.random() < 0.3:
            del data["nps" if self._rng.random() < 0.7 else "satisfaction"]
        self._journal.add(moment, "ConversationResolved", data)
