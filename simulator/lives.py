"""The years of the customers: each habit comes round, is kept, skipped or given up; each year they decide to stay."""

from functools import partial
from random import Random

from simulator.agenda import Agenda
from simulator.drift import RETURN, Mood, decide_to_stay, leaving, no_booking_chance
from simulator.identity import Registry
from simulator.moments import DAY, HOUR, MINUTE, YEAR, day_of, midnight, new_year
from simulator.population import Person
from simulator.programme import Programme
from simulator.spec import SimulationSpec
from simulator.storefront import Storefront
from simulator.trade import Booking, Trade
from simulator.truth import HazardRow

MOST_JITTER = 2.5
BREAKS_OFF_FIRST = 0.04
BREAKS_OFF_SKIPPING = 0.10
BREAKS_OFF_LEFT = 0.30
TRIPS_BEFORE_THE_WORLD = 3


def first_moods(spec: SimulationSpec, people: tuple[Person, ...]) -> list[Mood]:
    """Return everybody's mood as the world begins; its first customers have travelled before."""
    settled = midnight(spec.start) + 30 * DAY
    return [Mood(trips=TRIPS_BEFORE_THE_WORLD if person.joined < settled else 0) for person in people]


class Lives:
    """Puts people's habits and decisions on the agenda and plays them."""

    def __init__(
        self, spec: SimulationSpec, agenda: Agenda, rng: Random, programme: Programme, people: tuple[Person, ...],
        moods: list[Mood], trade: Trade, storefront: Storefront, registry: Registry,
    ) -> None:  # fmt: skip
        self._spec, self._agenda, self._rng = spec, agenda, rng
        self._programme, self._people, self._moods = programme, people, moods
        self._trade, self._storefront, self._registry = trade, storefront, registry
        self._next_years: list[list[int]] = [[] for _ in people]
        self.booked: list[tuple[int, Booking]] = []
        self.hazards: list[HazardRow] = []

    def begin(self) -> None:
        """Put everybody's first trips and decisions on the agenda."""
        for person in self._people:
            if person.books:
                self._begin(person)

    def _begin(self, person: Person) -> None:
        first = self._spec.start.year
        for number, habit in enumerate(person.habits):
            if number == 0 and person.books_at_once:
                year = habit.first_year(person.joined - YEAR * habit.period // 2, first - 1)
                self._next_years[person.index].append(year)
                self._agenda.at(person.joined + 40 * MINUTE, partial(self._comes_round, person, number, True))
            else:
                self._next_years[person.index].append(habit.first_year(person.joined, first))
                self._plan(person, number)
        self._next_decision(person, person.joined + DAY)

    def _plan(self, person: Person, number: int) -> None:
        """Put the next trip of a habit on the agenda: about its usual day, in office hours."""
        habit = person.habits[number]
        mean = habit.booking_mean(self._next_years[person.index][number])
        off = min(MOST_JITTER, max(-MOST_JITTER, self._rng.gauss(0, 1))) * habit.jitter_days
        moment = mean + round(off) * DAY + self._rng.randrange(-5 * HOUR, 7 * HOUR)
        self._agenda.at(max(moment, person.joined + HOUR), partial(self._comes_round, person, number, False))

    def _comes_round(self, person: Person, number: int, surely: bool, moment: int) -> None:
        """Let a habit come round: think of the trip, and of the next one after it."""
        year = self._next_years[person.index][number]
        self._next_years[person.index][number] += person.habits[number].period
        self._plan(person, number)
        if person.forgotten(moment + DAY):
            return
        wish = new_year(year) + person.habits[number].travel_day * DAY
        if surely or self._keeps(person):
            self._book(person, moment, wish)
        else:
            left = self._moods[person.index].lapsed is not None
            self._perhaps_break_off(person, moment, wish, BREAKS_OFF_LEFT if left else BREAKS_OFF_SKIPPING)

    def _keeps(self, person: Person) -> bool:
        """Whether the habit is kept this time; somebody who left returns rarely."""
        mood = self._moods[person.index]
        if mood.lapsed is None:
            return self._rng.random() < person.regularity
        if self._rng.random() >= RETURN:
            return False
        mood.lapsed = None
        return True

    def _book(self, person: Person, moment: int, wish: int) -> None:
        choice = self._trade.choose(person, moment, wish)
        if choice is None:
            return
        departure, comes = choice
        self._perhaps_break_off(person, moment - self._rng.randrange(HOUR, 3 * DAY), wish, BREAKS_OFF_FIRST)
        acting_id = self._registry.acting_id(person, self._trade.bookings, moment)
        self.booked.append((moment, self._trade.sell(person, acting_id, departure, comes, moment)))
        mood = self._moods[person.index]
        mood.last_family = departure.family
        mood.upcoming += 1

    def _perhaps_break_off(self, person: Person, moment: int, wish: int, chance: float) -> None:
        if self._rng.random() >= chance or moment <= person.joined:
            return
        choice = self._trade.choose(person, moment, wish)
        if choice is not None:
            self._storefront.break_off(person.id, choice[0], moment)

    def _next_decision(self, person: Person, after: int) -> None:
        """Put the next yearly decision on the agenda."""
        year = day_of(after).year - 1
        habit = person.habits[0]
        while habit.booking_mean(year) + person.decides_days * DAY <= after:
            year += 1
        moment = habit.booking_mean(year) + person.decides_days * DAY
        self._moods[person.index].decides = moment
        self._agenda.at(moment, partial(self._decides, person))

    def _decides(self, person: Person, moment: int) -> None:
        """Stay or leave, for what happened since the last decision."""
        self._next_decision(person, moment)
        mood = self._moods[person.index]
        if mood.lapsed is not None:
            return
        if self._rng.random() < leaving(person, mood, moment, self._price(person, moment)):
            mood.lapsed = moment
            self._registry.left(person, moment)
            if self._rng.random() < BREAKS_OFF_LEFT:
                later = moment + self._rng.randrange(5 * DAY, 60 * DAY)
                self._agenda.at(later, partial(self._looks_once_more, person))
        decide_to_stay(mood)

    def _looks_once_more(self, person: Person, moment: int) -> None:
        if not person.forgotten(moment):
            self._perhaps_break_off(person, moment, moment + 120 * DAY, 1.0)

    def _price(self, person: Person, moment: int) -> int:
        return self._programme.price(person.favourite, day_of(moment).year)

    def take_stock(self, moment: int) -> None:
        """Note everybody's true chance to book nothing in the year from `moment`."""
        as_of = day_of(moment)
        for person in self._people:
            if person.joined < moment:
                self.hazards.append(HazardRow(person.id, as_of, round(self._chance(person, moment), 6)))

    def _chance(self, person: Person, moment: int) -> float:
        if not person.books or person.forgotten(moment):
            return 1.0
        mood, years = self._moods[person.index], self._next_years[person.index]
        return no_booking_chance(person, mood, moment, self._price(person, moment), years)
