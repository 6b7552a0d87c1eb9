"""Why people drift away: the hidden mood of a customer, and the true chance that they book nothing.

Once a year each customer decides whether to stay. The odds of leaving rise with what happened since the last
decision. Who has left reads less, may withdraw consent and breaks off checkouts; all of it is in the log.
"""

from dataclasses import dataclass
from math import erf, exp, sqrt

from simulator.habits import Habit
from simulator.moments import DAY, YEAR, midnight
from simulator.population import Person

BASE = -3.2
GRIEVANCE, NO_SHOW, CANCELLED = 3.2, 2.2, 1.5
NEWCOMER = 0.9
PRICE_PRESSURE, MOST_PRESSURE = 9.0, 0.25
AGE, AGE_FROM = 0.14, 72.0
FORGIVING = 0.25
"""What is left of a grievance after the customer decided to stay."""

BAD_TRIP = 0.15
"""Chance that a trip leaves a grievance, as the customer may expect it."""

RETURN = 0.03
"""Chance per planned trip that somebody who left books again after all."""


@dataclass(slots=True)
class Mood:
    """The hidden state of one customer. lapsed: since when they have left; None: they are with us."""

    grievance: float = 0.0
    no_shows: int = 0
    cancelled: int = 0
    trips: int = 0
    upcoming: int = 0
    last_family: int | None = None
    lapsed: int | None = None
    decides: int = 0


def leaving(person: Person, mood: Mood, moment: int, price: int, grievance: float | None = None) -> float:
    """Return the chance to leave at a decision taken now.

    price: cents the favourite family costs per seat now; it presses when it has outgrown the budget.
    grievance: instead of the mood's own, to ask "what if".
    """
    felt = mood.grievance if grievance is None else grievance
    age = (moment - midnight(person.born)) / (365.25 * DAY)
    pressure = min(MOST_PRESSURE, max(0.0, price / person.budget - 1))
    logit = (
        BASE
        + GRIEVANCE * felt
        + NO_SHOW * min(1, mood.no_shows)
        + CANCELLED * min(1, mood.cancelled)
        + PRICE_PRESSURE * pressure
        + AGE * max(0.0, age - AGE_FROM)
        + NEWCOMER * (mood.trips <= 1)
    )
    return 1 / (1 + exp(-logit))


def decide_to_stay(mood: Mood) -> None:
    """Let bygones be nearly bygones."""
    mood.grievance *= FORGIVING
    mood.no_shows = mood.cancelled = 0


def no_booking_chance(person: Person, mood: Mood, moment: int, price: int, next_years: list[int]) -> float:
    """Return P(no booking in the 365 days from `moment`), exact but for full coaches and later moods.

    next_years: for each habit, the year of its next trip not yet thought about. With l the chance to leave at
    the next decision, b the chance that a habit leads to a booking before it, and a after it:
    p = l * prod(1 - b) + (1 - l) * prod(1 - a - b).
    """
    end = moment + YEAR
    if mood.lapsed is not None:
        return _none_of(person, next_years, moment, end, RETURN)
    decision = min(mood.decides, end) if mood.decides > moment else end
    before = _none_of(person, next_years, moment, decision, person.regularity)
    whole = _none_of(person, next_years, moment, end, person.regularity)
    leave = _expected_leaving(person, mood, decision, price) if decision < end else 0.0
    return leave * before + (1 - leave) * whole


def _expected_leaving(person: Person, mood: Mood, decision: int, price: int) -> float:
    """Return the chance to leave at the next decision; a trip still to come may go wrong."""
    now = leaving(person, mood, decision, price)
    if not mood.upcoming:
        return now
    worse = leaving(person, mood, decision, price, mood.grievance + 1)
    return (1 - BAD_TRIP) * now + BAD_TRIP * worse


def _none_of(person: Person, next_years: list[int], start: int, end: int, books: float) -> float:
    """Return the chance that no habit leads to a booking in [start, end)."""
    none = 1.0
    for habit, year in zip(person.habits, next_years, strict=True):
        none *= 1 - books * _falls_within(habit, year, start, end)
    return none


def _falls_within(habit: Habit, year: int, start: int, end: int) -> float:
    """Return the chance that the trip of `year` or the one after is booked in [start, end), not being so yet."""
    spread = habit.jitter_days * DAY
    mean = habit.booking_mean(year)
    gone = _normal((start - mean) / spread)
    still = max(1e-9, 1 - gone)
    first = max(0.0, _normal((end - mean) / spread) - gone) / still if gone < 1 - 1e-9 else 1.0
    return min(1.0, first + _normal((end - habit.booking_mean(year + habit.period)) / spread))


def _normal(z: float) -> float:
    return 0.5 * (1 + erf(z / sqrt(2)))
