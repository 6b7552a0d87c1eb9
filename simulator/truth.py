"""What only the simulator knows: tastes, habits, who left when and the true chances. Tests read it, models never."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from simulator.catalogue import FAMILIES, partner
from simulator.drift import Mood
from simulator.moments import day_of
from simulator.population import Person
from simulator.spec import SimulationSpec


@dataclass(frozen=True)
class PersonTruth:
    """One person as planted.

    taste: weight per family id, sums to 1. travel_months: one per habit, empty for who never books.
    repeat_propensity: chance to take the last family again. lapsed_on: null while they are still customers.
    """

    person_profile_id: str
    taste: dict[str, float]
    favourite_family: str
    travel_months: tuple[int, ...]
    preferred_channel: str
    repeat_propensity: float
    books: bool
    lapsed_on: date | None


class HazardRow(NamedTuple):
    """The true chance that a person known at 00:00 UTC of `as_of` books nothing in the 365 days from then."""

    person_profile_id: str
    as_of: date
    p_no_booking_365d: float


@dataclass(frozen=True)
class Truth:
    """Everything planted in one simulated world.

    partners: the pairs of families whose friends are the same. merged: duplicate profile to surviving profile.
    """

    spec: SimulationSpec
    partners: tuple[tuple[str, str], ...]
    people: tuple[PersonTruth, ...]
    hazards: tuple[HazardRow, ...]
    merged: dict[str, str]

    def partner_of(self, family_id: str) -> str | None:
        """Return the planted partner of a family; None: it has none."""
        both = {**dict(self.partners), **{right: left for left, right in self.partners}}
        return both.get(family_id)


def partner_pairs(families: int) -> tuple[tuple[str, str], ...]:
    """Return the planted pairs among the first `families` families."""
    pairs = [(first, partner(first, families)) for first in range(0, families, 2)]
    return tuple((FAMILIES[a].id, FAMILIES[b].id) for a, b in pairs if b is not None)


def person_truth(person: Person, mood: Mood) -> PersonTruth:
    """Return what was planted in `person`, and whether and when they left."""
    return PersonTruth(
        person_profile_id=person.id,
        taste={FAMILIES[family].id: round(weight, 6) for family, weight in enumerate(person.taste)},
        favourite_family=FAMILIES[person.favourite].id,
        travel_months=tuple(habit.travel_month for habit in person.habits),
        preferred_channel=person.channel,
        repeat_propensity=round(person.repeats, 6),
        books=person.books,
        lapsed_on=None if mood.lapsed is None else day_of(mood.lapsed),
    )
