"""When people travel and book: yearly habits, when they become known, and when they think about staying."""

from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from simulator.catalogue import FAMILIES
from simulator.moments import DAY, HOUR, YEAR, midnight, new_year
from simulator.programme import AUTUMN_CATALOGUE, LAST_EARLY_MONTH, MARCH_CATALOGUE
from simulator.spec import SimulationSpec

THERE_FROM_THE_START = 0.55
COMES_WITHOUT_BOOKING = 0.10
PERIODS, PERIOD_SHARES = (1, 2), (0.96, 0.04)
HABITS, HABIT_SHARES = (1, 2, 3), (0.60, 0.27, 0.13)
JITTER_DAYS = {True: (6, 16), False: (18, 38)}
THINKS_BETWEEN = (0.35, 0.92)
"""When people decide whether to stay: this far on the way from the end of the trip to the next booking."""


class Habit(NamedTuple):
    """A yearly (period 1) or two-yearly trip: day of the year it leaves, how long before it is booked (days)."""

    travel_day: int
    lead_days: int
    period: int
    phase: int
    jitter_days: float

    @property
    def travel_month(self) -> int:
        """The month the trip leaves in."""
        return (date(2025, 1, 1) + timedelta(days=self.travel_day)).month

    def booking_mean(self, year: int) -> int:
        """Return the moment about which the trip of `year` is booked."""
        return new_year(year) + (self.travel_day - self.lead_days) * DAY + 12 * HOUR

    def first_year(self, moment: int, not_before: int) -> int:
        """Return the first year of this habit whose booking is expected after `moment`."""
        year = not_before
        while year % self.period != self.phase or self.booking_mean(year) <= moment:
            year += 1
        return year


def draw_habits(rng: Random, favourite: int, punctual: bool) -> tuple[Habit, ...]:
    """Draw one to three yearly trips, or one every other year."""
    period = rng.choices(PERIODS, PERIOD_SHARES)[0]
    count = 1 if period > 1 else rng.choices(HABITS, HABIT_SHARES)[0]
    return tuple(_habit(rng, favourite, punctual, period) for _ in range(count))


def _habit(rng: Random, favourite: int, punctual: bool, period: int) -> Habit:
    """Draw a travel date in the favourite's season, and a booking date once its catalogue is out."""
    month = rng.choice(FAMILIES[favourite].months)
    travel_day = (date(2025, month, 1) - date(2025, 1, 1)).days + rng.randrange(20)
    early = month <= LAST_EARLY_MONTH
    out = date(2024 if early else 2025, *(AUTUMN_CATALOGUE if early else MARCH_CATALOGUE))
    longest = min(270, travel_day - (out - date(2025, 1, 1)).days - 25)
    return Habit(
        travel_day=travel_day,
        lead_days=rng.randint(38, max(39, longest)),
        period=period,
        phase=rng.randrange(period),
        jitter_days=rng.uniform(*JITTER_DAYS[punctual]),
    )


def draw_joining(spec: SimulationSpec, rng: Random, habits: tuple[Habit, ...]) -> tuple[int, bool]:
    """Return when the person becomes known, and whether it is by a booking of their first habit."""
    start, until = midnight(spec.start), midnight(spec.until)
    if not habits or rng.random() < THERE_FROM_THE_START:
        return start + rng.randrange(20 * DAY), False
    if rng.random() < COMES_WITHOUT_BOOKING:
        return rng.randrange(start, until), False
    expected = rng.randrange(start + 30 * DAY, until)
    habit = habits[0]
    year = habit.first_year(expected - YEAR * habit.period // 2, spec.start.year - 1)
    moment = habit.booking_mean(year) + rng.randrange(-5 * DAY, 5 * DAY)
    if not start + 30 * DAY < moment < until - DAY:
        return rng.randrange(start, until), False
    return moment, True


def draw_decision(rng: Random, habits: tuple[Habit, ...]) -> int:
    """Return the days from the usual booking to the time the person thinks about staying, after the trip."""
    if not habits:
        return 0
    back = habits[0].lead_days + 25
    return round(back + rng.uniform(*THINKS_BETWEEN) * max(10, 330 - back))
