"""Who travels: people with tastes, habits and households, drawn once at the beginning."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

import numpy as np

from simulator.catalogue import BOARDING_POINTS, partner
from simulator.chance import arrays, dice
from simulator.habits import Habit, draw_decision, draw_habits, draw_joining
from simulator.moments import DAY, MINUTE, day_of, midnight
from simulator.names import FAMILY_NAMES, MEN, WOMEN
from simulator.programme import Programme
from simulator.spec import SimulationSpec

COMPANION_BOOKS_TOO = 0.12
PUNCTUAL = 0.76
REGULARITY = {True: (0.85, 0.96), False: (0.30, 0.70)}
NEVER_REPEATS, ALWAYS_REPEATS = 0.45, 0.25
CHANNELS = ("email", "whatsapp", "sms", "phone", "letter", "push")
CHANNEL_SHARES = (0.36, 0.22, 0.08, 0.12, 0.17, 0.05)
SEAT_POSITIONS = (
    "window-front", "window-middle", "window-rear", "aisle-front", "aisle-middle", "aisle-rear",
)  # fmt: skip
SEAT_SHARES = (0.30, 0.22, 0.08, 0.22, 0.13, 0.05)
CONSENT = 0.78
ENGLISH = 0.05
SAME_NAME = 0.85
ERASURES_FROM, TWO_ERASURES_FROM = 30, 1_500
ERASED_BEFORE_THE_END = (5 * DAY, 40 * DAY)


class Party(NamedTuple):
    """Who travels with a booker: other people by number, and so many nobody named."""

    companions: tuple[int, ...]
    unnamed: int


@dataclass(slots=True)
class Person:
    """One person, as they are. Moments in seconds UTC, budget in cents per seat, taste by family number."""

    index: int
    id: str
    given_name: str
    family_name: str
    born: date
    postcode: str
    locale: str
    consents: bool
    channel: str
    reads: float
    boarding_point: str
    seat: str
    taste: tuple[float, ...]
    favourite: int
    repeats: float
    regularity: float
    habits: tuple[Habit, ...]
    decides_days: int
    budget: int
    joined: int
    books_at_once: bool
    party: Party
    erased: int | None = None

    @property
    def books(self) -> bool:
        """Whether this person ever books for themselves."""
        return bool(self.habits)

    def forgotten(self, moment: int) -> bool:
        """Whether this person has asked to be forgotten by `moment`."""
        return self.erased is not None and moment >= self.erased

    @property
    def contact_id(self) -> str:
        """The contact the communications context knows this person by."""
        return f"c-{self.id[2:]}"


def draw_people(spec: SimulationSpec, programme: Programme) -> tuple[Person, ...]:
    """Draw everybody of the operator: bookers, each followed by the companions who have a profile."""
    rng = dice(spec, "people")
    draw = _Draw(spec, rng, programme, _traits(spec))
    people: list[Person] = []
    for head, party in _parties(spec, rng):
        booker = draw.person(head, party, books=True)
        people.append(booker)
        people.extend(draw.companion(index, booker) for index in party.companions)
    _plan_erasures(spec, rng, people)
    return tuple(people)


def _parties(spec: SimulationSpec, rng: Random) -> list[tuple[int, Party]]:
    """Return each booker's number and party; together they number everybody once."""
    parties = []
    index = 0
    while index < spec.customers:
        named, unnamed = _party_size(rng)
        companions = tuple(range(index + 1, min(index + 1 + named, spec.customers)))
        parties.append((index, Party(companions, unnamed)))
        index += 1 + len(companions)
    return parties


def _party_size(rng: Random) -> tuple[int, int]:
    """Return how many go along with a profile and how many without: alone, couples, groups of four to eight."""
    kind = rng.random()
    if kind < 0.34:
        return 0, 0
    if kind < 0.62:
        return 1, 0
    if kind < 0.93:
        return 0, 1
    size, named = rng.randint(4, 8), rng.randint(1, 3)
    return named, size - 1 - named


Traits = dict[str, list[float]]


def _traits(spec: SimulationSpec) -> Traits:
    """Draw what needs no thought for everybody at once."""
    rng, n = arrays(spec, "traits"), spec.customers
    return {
        "age": np.clip(rng.normal(67, 8, n), 30, 90).tolist(),
        "budget": rng.uniform(1.00, 1.45, n).tolist(),
        "reads": rng.beta(9, 3, n).tolist(),
        "channel": rng.choice(len(CHANNELS), n, p=CHANNEL_SHARES).tolist(),
        "seat": rng.choice(len(SEAT_POSITIONS), n, p=SEAT_SHARES).tolist(),
        "boarding": rng.integers(0, spec.boarding_points, n).tolist(),
        "postcode": rng.integers(26_000, 39_999, n).tolist(),
    }


def _taste(rng: Random, shares: tuple[float, ...]) -> tuple[int, tuple[float, ...]]:
    """Draw a favourite family and the weights: the favourite, its partner, perhaps a third, a little of all."""
    families = range(len(shares))
    favourite = rng.choices(families, shares)[0]
    weights = [0.10 * share for share in shares]
    weights[favourite] += rng.uniform(0.45, 0.60)
    other = partner(favourite, len(shares))
    if other is not None:
        weights[other] += rng.uniform(0.25, 0.35)
    if rng.random() < 0.3:
        weights[rng.choices(families, shares)[0]] += rng.uniform(0.08, 0.18)
    total = sum(weights)
    return favourite, tuple(weight / total for weight in weights)


def _repeats(rng: Random) -> float:
    """Draw the chance to take the last family again: never, nearly always, or something between."""
    kind = rng.random()
    if kind < NEVER_REPEATS:
        return 0.0
    if kind < NEVER_REPEATS + ALWAYS_REPEATS:
        return rng.uniform(0.85, 0.97)
    return rng.uniform(0.2, 0.6)


@dataclass(frozen=True)
class _Draw:
    """Draws one person after the other."""

    spec: SimulationSpec
    rng: Random
    programme: Programme
    traits: Traits

    def person(self, index: int, party: Party, books: bool) -> Person:
        """Draw one person; `books` is False for companions who leave booking to others."""
        rng, traits = self.rng, self.traits
        favourite, taste = _taste(rng, self.programme.popularity)
        punctual = rng.random() < PUNCTUAL
        habits = draw_habits(rng, favourite, punctual) if books else ()
        joined, at_once = draw_joining(self.spec, rng, habits)
        return Person(
            index=index,
            id=f"p-{index + 1:06d}",
            given_name=rng.choice(WOMEN if rng.random() < 0.6 else MEN),
            family_name=rng.choice(FAMILY_NAMES),
            born=self.spec.until - timedelta(days=round(traits["age"][index] * 365.25)),
            postcode=f"{int(traits['postcode'][index]):05d}",
            locale="en" if rng.random() < ENGLISH else "de",
            consents=rng.random() < CONSENT,
            channel=CHANNELS[int(traits["channel"][index])],
            reads=traits["reads"][index],
            boarding_point=BOARDING_POINTS[int(traits["boarding"][index])],
            seat=SEAT_POSITIONS[int(traits["seat"][index])],
            taste=taste,
            favourite=favourite,
            repeats=_repeats(rng),
            regularity=rng.uniform(*REGULARITY[punctual]),
            habits=habits,
            decides_days=draw_decision(rng, habits),
            budget=round(self._price(favourite, joined) * traits["budget"][index]),
            joined=joined,
            books_at_once=at_once,
            party=party,
        )

    def _price(self, favourite: int, joined: int) -> int:
        """Return what the favourite family costs when the person comes."""
        return self.programme.price(favourite, max(self.spec.start.year, day_of(joined).year))

    def companion(self, index: int, booker: Person) -> Person:
        """Draw somebody who goes along with `booker`; couples share name and town."""
        books = self.rng.random() < COMPANION_BOOKS_TOO
        alone = self.person(index, Party((), self.rng.randrange(2)), books)
        couple = len(booker.party.companions) == 1 and self.rng.random() < SAME_NAME
        return replace(
            alone,
            joined=booker.joined + self.rng.randrange(MINUTE, 15 * MINUTE),
            books_at_once=False,
            boarding_point=booker.boarding_point,
            postcode=booker.postcode,
            family_name=booker.family_name if couple else alone.family_name,
        )


def _plan_erasures(spec: SimulationSpec, rng: Random, people: list[Person]) -> None:
    """Choose one or two who travel with nobody known, to be forgotten in the last weeks."""
    until = midnight(spec.until)
    go_along = {index for person in people for index in person.party.companions}
    eligible = [
        person
        for person in people
        if person.books
        and not person.party.companions
        and person.index not in go_along
        and person.joined < until - 120 * DAY
    ]
    for person in rng.sample(eligible, min(_erasures(spec), len(eligible))):
        person.erased = until - rng.randrange(*ERASED_BEFORE_THE_END)


def _erasures(spec: SimulationSpec) -> int:
    return sum(spec.customers >= size for size in (ERASURES_FROM, TWO_ERASURES_FROM))
