"""Commerce: people choose departures, book, pay, add extras and cancel. No seat is sold twice."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import NamedTuple

from simulator.agenda import Agenda
from simulator.drift import Mood
from simulator.journal import Data, Journal, euros
from simulator.moments import DAY, HOUR, MINUTE, iso_day
from simulator.population import Person
from simulator.programme import Departure, Programme

SHORTEST_LEAD, LONGEST_LEAD = 21 * DAY, 290 * DAY
NEAR_THE_WISH = 50 * DAY
LOOKS_AT = 40
"""Big operators have hundreds of coaches to a place; people look at those about their wish."""

STAR_PULL, OWN_STOP_PULL = 14.0, 3.0
COMPANION_COMES = 0.9
CANCELS, CANCELS_SOON = 0.07, 0.3
LATE_PAPERWORK = 0.12
"""Share of cancelled bookings that an agency reports only after the cancellation."""

GROUP_FROM, GROUP_PERCENT = 6, 95
DEPOSIT, DEPOSIT_PERCENT = 0.4, 20
EXTRAS = (("insurance", 39_00), ("excursion", 45_00), ("single_room", 120_00), ("seat_reservation", 15_00))
EXTRA_SHARE = 0.35
SALES_CHANNELS, SALES_SHARES = ("phone", "web", "agency"), (0.45, 0.35, 0.20)
METHODS = ("bank_transfer", "direct_debit", "card", "cash")
REASONS = ("illness", "family", "weather", "other", None)
TELL_EVERY_CHANGE_UP_TO = 20_000
"""Above so many customers a departure's seats are reported at every fourth change and near the end only."""


class Seat(NamedTuple):
    """One traveller of a booking; `person` is None for a companion nobody named."""

    person: Person | None
    profile_id: str | None
    position: str | None
    boarding_point: str


@dataclass(slots=True)
class Booking:
    """A sale. acting_id: the booker's profile, now and then a duplicate of theirs."""

    id: str
    booker: Person
    acting_id: str
    departure: Departure
    seats: tuple[Seat, ...]
    total: int
    paid: int = 0
    cancelled: bool = False


class Trade:
    """The shop: takes wishes, keeps the seats and writes what commerce would report."""

    def __init__(
        self, journal: Journal, agenda: Agenda, rng: Random, programme: Programme, people: tuple[Person, ...],
        moods: list[Mood],
    ) -> None:  # fmt: skip
        self._journal, self._agenda, self._rng = journal, agenda, rng
        self._programme, self._people, self._moods = programme, people, moods
        self._dates = [[d.departs for d in family] for family in programme.by_family]
        self._tell_every = 1 if len(people) <= TELL_EVERY_CHANGE_UP_TO else 4
        self.bookings = 0

    def publish(self) -> None:
        """Write every tour and departure at the moment it is published."""
        for tour in self._programme.tours:
            self._journal.add(tour.published, "TourPublished", tour.data)
        for departure in self._programme.departures:
            self._journal.add(departure.published + 5 * MINUTE, "DepartureScheduled", departure.state())

    def choose(self, person: Person, moment: int, wish: int) -> tuple[Departure, tuple[int, ...]] | None:
        """Return the departure `person` takes, wishing to leave about `wish`, and who of the party comes along."""
        comes = tuple(c for c in person.party.companions if self._rng.random() < COMPANION_COMES)
        size = 1 + len(comes) + person.party.unnamed
        families = self._families(person)
        for reach in (NEAR_THE_WISH, LONGEST_LEAD):
            for family in families:
                found = self._open(family, moment, wish, reach, size)
                if found:
                    return self._pick(found, person, wish), comes
        return None

    def _families(self, person: Person) -> list[int]:
        """Return the families in the order this person would take them now: repeaters the last one first."""
        draw, last = self._rng.random, self._moods[person.index].last_family
        keys = {family: draw() ** (1 / weight) for family, weight in enumerate(person.taste)}
        if last is not None:
            keys[last] = 2.0 if draw() < person.repeats else -1.0
        return sorted(keys, key=lambda family: -keys[family])

    def _open(self, family: int, moment: int, wish: int, reach: int, size: int) -> list[Departure]:
        """Return the family's departures about `wish` that are published and have `size` seats left."""
        dates = self._dates[family]
        low = bisect_left(dates, max(moment + SHORTEST_LEAD, wish - reach))
        high = bisect_left(dates, min(moment + LONGEST_LEAD, wish + reach))
        if reach == NEAR_THE_WISH:
            middle = bisect_left(dates, wish)
            low, high = max(low, middle - LOOKS_AT // 2), min(high, middle + LOOKS_AT // 2)
        offered = self._programme.by_family[family][low:high]
        return [d for d in offered if d.seats_left >= size and d.published < moment - HOUR]

    def _pick(self, offered: list[Departure], person: Person, wish: int) -> Departure:
        """Pick one by nearness to the wish, popularity, and whether the coach stops where the person lives."""
        weights = [
            (STAR_PULL if d.star else 1.0)
            * (OWN_STOP_PULL if person.boarding_point in d.boarding_points else 1.0)
            / (1 + abs(d.departs - wish) / (10 * DAY))
            for d in offered
        ]
        return self._rng.choices(offered, weights)[0]

    def sell(
        self, person: Person, acting_id: str, departure: Departure, comes: tuple[int, ...], moment: int
    ) -> Booking:
        """Book, and write the sale with all that follows from it."""
        moment = max(moment, departure.changed + 2)
        self.bookings += 1
        seats = self._seats(person, acting_id, departure, comes)
        price = departure.price * len(seats) * (GROUP_PERCENT if len(seats) >= GROUP_FROM else 100) // 100
        booking = Booking(f"b-{self.bookings:07d}", person, acting_id, departure, seats, price)
        departure.bookings.append(booking)
        cancels_at = self._cancels_at(booking, moment)
        self._write_booking(booking, moment, cancels_at)
        self._change_seats(departure, -len(seats), moment)
        self._pay(booking, moment, cancels_at)
        self._extras(booking, moment)
        if cancels_at:
            self._agenda.at(cancels_at, partial(self._cancel, booking))
        return booking

    def _seats(
        self, person: Person, acting_id: str, departure: Departure, comes: tuple[int, ...]
    ) -> tuple[Seat, ...]:
        stop = person.boarding_point
        if stop not in departure.boarding_points:
            stop = self._rng.choice(departure.boarding_points)
        named = [self._people[index] for index in comes]
        return (
            self._seat(person, acting_id, stop),
            *(self._seat(companion, companion.id, stop) for companion in named),
            *(Seat(None, None, None, stop) for _ in range(person.party.unnamed)),
        )

    def _seat(self, person: Person, profile_id: str, stop: str) -> Seat:
        usual = self._rng.random() < 0.8
        return Seat(person, profile_id, person.seat if usual else None, stop)

    def _cancels_at(self, booking: Booking, moment: int) -> int | None:
        """Return when this booking will be given back, before the coach leaves; None: it will not."""
        if self._rng.random() >= CANCELS:
            return None
        latest = booking.departure.departs - 2 * DAY
        if self._rng.random() < CANCELS_SOON:
            latest = min(latest, moment + 3 * DAY)
        return self._rng.randrange(moment + HOUR, latest)

    def _write_booking(self, booking: Booking, moment: int, cancels_at: int | None) -> None:
        late = cancels_at is not None and self._rng.random() < LATE_PAPERWORK
        delay = cancels_at - moment + self._rng.randrange(DAY, 5 * DAY) if late and cancels_at else None
        travellers = [
            {
                "person_profile_id": s.profile_id,
                "seat_position": s.position,
                "boarding_point_id": s.boarding_point,
            }
            for s in booking.seats
        ]
        data: Data = {
            "booking_id": booking.id,
            "booker_profile_id": booking.acting_id,
            "tour_id": booking.departure.tour_id,
            "departure_id": booking.departure.id,
            "departure_date": iso_day(booking.departure.departs),
            "total_amount": euros(booking.total),
            "currency": "EUR",
            "sales_channel": self._rng.choices(SALES_CHANNELS, SALES_SHARES)[0],
            "travellers": travellers,
        }
        self._journal.add(moment, "BookingConfirmed", data, delay)

    def _change_seats(self, departure: Departure, by: int, moment: int) -> None:
        """Move the seats left; report at once what people notice, the rest at every n-th change."""
        sold_out_changes = departure.seats_left == 0 or departure.seats_left + by == 0
        departure.seats_left += by
        departure.changed = moment + 1
        departure.told += 1
        departure.unsaid = True
        if sold_out_changes or departure.seats_left <= 4 or departure.told % self._tell_every == 0:
            self.tell_seats(departure, moment + 1)

    def tell_seats(self, departure: Departure, moment: int) -> None:
        """Report the departure's state if anything changed since the last report."""
        if departure.unsaid:
            departure.unsaid = False
            self._journal.add(moment, "DepartureUpdated", departure.state())

    def _pay(self, booking: Booking, moment: int, cancels_at: int | None) -> None:
        """Pay in full, or a deposit now and the rest a month before the coach leaves."""
        deposit = booking.total
        if self._rng.random() < DEPOSIT:
            deposit = booking.total * DEPOSIT_PERCENT // 100
        ends = cancels_at or booking.departure.departs
        self._payment(booking, deposit, moment + self._rng.randrange(5 * MINUTE, 6 * DAY), ends)
        rest = booking.total - deposit
        if rest:
            due = max(moment + 7 * DAY, booking.departure.departs - self._rng.randrange(20, 30) * DAY)
            self._payment(booking, rest, due, ends)

    def _payment(self, booking: Booking, cents: int, moment: int, ends: int) -> None:
        if moment >= ends or booking.booker.forgotten(moment):
            return
        booking.paid += cents
        data = {
            "booking_id": booking.id,
            "payer_profile_id": booking.acting_id,
            "amount": euros(cents),
            "currency": "EUR",
            "method": self._rng.choice(METHODS),
        }
        self._journal.add(moment, "PaymentCompleted", data)

    def _extras(self, booking: Booking, moment: int) -> None:
        if self._rng.random() >= EXTRA_SHARE:
            return
        category, cents = self._rng.choice(EXTRAS)
        data = {
            "booking_id": booking.id,
            "person_profile_id": booking.acting_id,
            "category": category,
            "amount": euros(cents * len(booking.seats)),
            "currency": "EUR",
        }
        self._journal.add(moment + self._rng.randrange(5, 20 * MINUTE), "AncillaryPurchased", data)

    def _cancel(self, booking: Booking, moment: int) -> None:
        """Give the whole booking back; the nearer the coach, the less is refunded."""
        if booking.booker.forgotten(moment):
            return
        departure = booking.departure
        moment = max(moment, departure.changed + 2)
        booking.cancelled = True
        self._moods[booking.booker.index].cancelled += 1
        self._moods[booking.booker.index].upcoming -= 1
        kept = 20 if departure.departs - moment > 30 * DAY else 60
        data: Data = {
            "booking_id": booking.id,
            "booker_profile_id": booking.acting_id,
            "refund_amount": euros(booking.paid * (100 - kept) // 100),
            "currency": "EUR",
            "reason": self._rng.choice(REASONS),
        }
        self._journal.add(moment, "BookingCancelled", data)
        self._change_seats(departure, len(booking.seats), moment)
