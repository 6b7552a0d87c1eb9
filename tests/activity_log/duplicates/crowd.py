"""Crowds of people as an operator has them: common and rare names, couples, families, and some entered twice.

Who is who is known, so that what is found can be judged. The same seed gives the same crowd.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

from sqlalchemy import Connection, insert

from activity_log import schema
from simulator.names import FAMILY_NAMES, MEN, WOMEN, plain

_SYLLABLES = ("ber", "hol", "stein", "mann", "bach", "wald", "ler", "hof", "kam", "ros", "thal", "mei", "ger", "ost",
              "dorf", "kel", "win", "lau", "brun", "sel", "rich", "hau", "fel", "lin", "mar", "gold")  # fmt: skip
SHORT = {"Margarete": "Grete", "Gabriele": "Gabi", "Angelika": "Geli", "Johannes": "Hans", "Friedrich": "Fritz",
         "Elisabeth": "Lisbeth", "Manfred": "Manni", "Heinrich": "Heiner", "Josef": "Sepp"}  # fmt: skip


T = TypeVar("T")


@dataclass(frozen=True)
class Profile:
    """A profile as it is entered."""

    customer_id: str
    given_name: str
    family_name: str
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    postcode: str | None = None


Crowd = tuple[list[Profile], set[frozenset[str]]]
"""Profiles, and the pairs of customer ids that are one person."""


def save(connection: Connection, operator_id: str, *profiles: Profile) -> None:
    """Write profiles as the read model would hold them."""
    rows = [
        {
            "operator_id": operator_id,
            "person_profile_id": f"p-{profile.customer_id}",
            "locale": "de",
            "marketing_consent": False,
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "event_id": "profile",
            "search_text": "",
            **vars(profile),
        }
        for profile in profiles
    ]
    if rows:
        connection.execute(insert(schema.person_profile), rows)


def say(
    connection: Connection, operator_id: str, kind: str, surviving: str, merged: str, day: int = 1
) -> None:
    """Write what the Backoffice said of two people (MERGED, UNMERGED) on a day of January."""
    moment = datetime(2026, 1, day, tzinfo=UTC)
    row = {
        "operator_id": operator_id,
        "event_id": f"{kind}-{surviving}-{merged}-{day}",
        "kind": kind,
        "surviving_customer_id": surviving,
        "merged_customer_id": merged,
        "occurred_at": moment,
        "effective_at": moment,
    }
    connection.execute(insert(schema.identity_link), row)


def crowd(people: int, seed: int = 7, twice: float = 0.03) -> Crowd:
    """Return about so many people in households of one to four, `twice` of them entered a second time."""
    rng = Random(seed)
    names = _Names(rng)
    profiles: list[Profile] = []
    same: set[frozenset[str]] = set()
    while len(profiles) < people:
        for person in _household(rng, names, len(profiles)):
            profiles.append(person)
            if rng.random() < twice:
                again = entered_again(rng, names, person, f"c-{rng.getrandbits(40):010x}")
                profiles.append(again)
                same.add(frozenset((person.customer_id, again.customer_id)))
    rng.shuffle(profiles)
    return profiles, same


class _Names:
    """Names as they are spread: a few that many have, many that a few have (Zipf)."""

    def __init__(self, rng: Random) -> None:
        made = {"".join(rng.choices(_SYLLABLES, k=rng.choice((2, 2, 3)))).title() for _ in range(20_000)}
        self._family = (*FAMILY_NAMES, *sorted(made))
        self._given = (*WOMEN, *MEN, *SHORT, *sorted(made)[:400])
        self._family_shares = list(accumulate(1 / (rank + 30) for rank in range(len(self._family))))
        self._given_shares = list(accumulate(1 / (rank + 20) for rank in range(len(self._given))))

    def family(self, rng: Random) -> str:
        return rng.choices(self._family, cum_weights=self._family_shares)[0]

    def given(self, rng: Random) -> str:
        return rng.choices(self._given, cum_weights=self._given_shares)[0]


def _household(rng: Random, names: _Names, number: int) -> Iterator[Profile]:
    """Return people who share name, postcode, often phone and e-mail; now and then a son is called as his father."""
    size = rng.choices((1, 2, 3, 4), (60, 32, 5, 3))[0]
    family, postcode = names.family(rng), f"{20_000 + int(rng.triangular(0, 20_000, 3_000)) // 8 * 8}"
    phone, email = f"04{rng.randrange(10**8, 10**9)}", f"{plain(family).lower()}{number}@example.org"
    first = ""
    for member in range(size):
        given = first if member == 2 and rng.random() < 0.04 else names.given(rng)
        first = first or given
        own = f"{plain(given)}.{plain(family)}{number}@example.net".lower()
        generation = 28 if member > 1 else 0
        yield Profile(
            customer_id=f"c-{rng.getrandbits(40):010x}",
            given_name=given,
            family_name=family if member != 1 or rng.random() < 0.85 else names.family(rng),
            email=_perhaps(rng, 0.7, email if size > 1 and rng.random() < 0.4 else own),
            phone=_perhaps(
                rng, 0.85, phone if rng.random() < 0.7 else f"+49 17{rng.randrange(10**7, 10**8)}"
            ),
            birth_date=_perhaps(rng, 0.75, _born(rng, generation)),
            postcode=_perhaps(rng, 0.95, postcode),
        )


def _born(rng: Random, generation: int) -> date:
    return date(1952 + generation, 1, 1) + timedelta(days=round(rng.gauss(0, 8 * 365)))


def _perhaps(rng: Random, chance: float, value: T) -> T | None:
    return value if rng.random() < chance else None


def entered_again(rng: Random, names: _Names, person: Profile, customer_id: str) -> Profile:
    """Return the same person as somebody else would take them down: one to three fields otherwise."""
    again = replace(person, customer_id=customer_id)
    for change in rng.sample(_CHANGES, rng.choice((1, 1, 2, 2, 3))):
        again = change(rng, names, again)
    return again


def _initial(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, given_name=f"{one.given_name[0]}.")


def _short(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, given_name=SHORT.get(one.given_name, one.given_name))


def _without_umlauts(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, given_name=plain(one.given_name), family_name=plain(one.family_name).upper())


def _swapped(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, given_name=one.family_name, family_name=one.given_name)


def _typo(rng: Random, names: _Names, one: Profile) -> Profile:
    place = rng.randrange(1, len(one.family_name))
    letters = list(one.family_name)
    letters[place - 1 : place + 1] = reversed(letters[place - 1 : place + 1])
    return replace(one, family_name="".join(letters))


def _married(rng: Random, names: _Names, one: Profile) -> Profile:
    other = names.family(rng)
    return replace(one, family_name=rng.choice((other, f"{one.family_name}-{other}")))


def _moved(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, postcode=f"{rng.randrange(20_000, 40_000)}")


def _other_email(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, email=_perhaps(rng, 0.5, f"neu{rng.randrange(10**6)}@example.com"))


def _other_phone(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, phone=_perhaps(rng, 0.5, f"0151 {rng.randrange(10**6, 10**7)}"))


def _phone_written_otherwise(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, phone=one.phone and one.phone.replace("+49 ", "0").replace("04", "+49 (0) 4", 1))


def _no_birth_date(rng: Random, names: _Names, one: Profile) -> Profile:
    return replace(one, birth_date=None)


def _day_and_month_swapped(rng: Random, names: _Names, one: Profile) -> Profile:
    born = one.birth_date
    if born is None or born.day > 12:
        return one
    return replace(one, birth_date=date(born.year, born.day, born.month))


_CHANGES: tuple[Callable[[Random, _Names, Profile], Profile], ...] = (
    _initial, _short, _without_umlauts, _swapped, _typo, _married, _moved, _other_email, _other_phone,
    _phone_written_otherwise, _no_birth_date, _day_and_month_swapped,
)  # fmt: skip
