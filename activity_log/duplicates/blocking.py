"""Who is compared with whom: people who share something, so that half a million profiles need no all-pairs.

A shared value makes a block. Too many people share some values (info@..., Anna Müller, 1 January): a block of more
than `MOST_IN_A_BLOCK` is divided by name, and what is still too large is left out and said to be (`TooCommon`).
Blocks of contacts and of name and postcode, and of day of birth and initial, overlap: who is left out of one for a
common name is found by the others as soon as anything else agrees.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from activity_log.duplicates.profiles import Codes, Profiles, ranks
from activity_log.duplicates.short_forms import full_form
from activity_log.duplicates.spelling import sound

MOST_IN_A_BLOCK = 50
PAIRS_AT_ONCE = 200_000
_BASE = 1 << 24
"""More than there are sounds, postcodes or letters."""


class Shared(NamedTuple):
    """What people may share: the row of somebody and the code of a value they have, 0 for none; many of both."""

    what: str
    rows: Codes
    values: Codes


class TooCommon(NamedTuple):
    """So many `people` share one value, even by name, that they were not compared for it alone."""

    what: str
    people: int


class Pairs(NamedTuple):
    """Rows to compare, pair by pair; `left` is the lesser row. A pair comes once for each thing it shares."""

    left: Codes
    right: Codes


class Blocks(NamedTuple):
    """People sorted by what they share. `rows` with equal `values` stand together, none 0, none too common."""

    rows: Codes
    values: Codes
    too_common: tuple[TooCommon, ...]

    @property
    def pairs(self) -> int:
        """How many pairs `candidates` will give."""
        sizes = np.unique(self.values, return_counts=True)[1]
        return int((sizes * (sizes - 1) // 2).sum())


def all_blocks(profiles: Profiles) -> list[Blocks]:
    """Return the blocks of everything that profiles may share."""
    traits = _traits(profiles)
    by_name = ranks(_combined(traits.given_first, traits.family_first))
    return [_blocks(shared, by_name) for shared in _all_shared(profiles, traits)]


def candidates(blocks: Blocks) -> Iterator[Pairs]:
    """Return all pairs within the blocks, a bounded number at a time."""
    places = np.arange(len(blocks.rows) - 1)
    for distance in range(1, MOST_IN_A_BLOCK):
        places = places[: np.searchsorted(places, len(blocks.rows) - distance)]
        places = places[blocks.values[places] == blocks.values[places + distance]]
        for start in range(0, len(places), PAIRS_AT_ONCE):
            some = places[start : start + PAIRS_AT_ONCE]
            one, other = blocks.rows[some], blocks.rows[some + distance]
            yield Pairs(np.minimum(one, other), np.maximum(one, other))


class _Traits(NamedTuple):
    """Per person: codes of how the first and last part of each name sounds, and of the initials."""

    given_first: Codes
    given_last: Codes
    family_first: Codes
    family_last: Codes
    given_initial: Codes
    family_initial: Codes


def _traits(profiles: Profiles) -> _Traits:
    sounds: dict[str, int] = {"": 0}

    def code(part: str) -> int:
        return sounds.setdefault(sound(full_form(part)) or part, len(sounds))

    parts = [name.split() or [""] for name in profiles.names]
    first = np.array([code(those[0]) for those in parts])
    last = np.array([code(those[-1]) for those in parts])
    initial = np.array([ord(those[0][0]) if those[0] else 0 for those in parts])
    given, family = profiles.given, profiles.family
    return _Traits(first[given], last[given], first[family], last[family], initial[given], initial[family])


def _all_shared(profiles: Profiles, traits: _Traits) -> Iterator[Shared]:
    rows = np.arange(len(profiles))
    yield Shared("email", rows, profiles.email)
    yield Shared("email user", rows, profiles.user)
    yield Shared("phone", rows, profiles.phone)
    born = _whichever_way_round(profiles.birth)
    yield _either("birth date", _combined(born, traits.given_initial), _combined(born, traits.family_initial))
    yield _either(
        "family name and postcode",
        _combined(traits.family_first, profiles.postcode),
        _combined(traits.family_last, profiles.postcode),
    )
    yield _either(
        "name",
        *(
            _combined(np.minimum(given, family), np.maximum(given, family))
            for given in (traits.given_first, traits.given_last)
            for family in (traits.family_first, traits.family_last)
        ),
    )


def _whichever_way_round(birth: Codes) -> Codes:
    """Return a code of each birth date that stays the same when day and month change places."""
    year, month, day = birth // 10_000, birth // 100 % 100, birth % 100
    code: Codes = year * 10_000 + np.minimum(month, day) * 100 + np.maximum(month, day)
    return code


def _combined(one: Codes, other: Codes) -> Codes:
    """Return a code of both, the same for the same two wherever it is made; 0 where one of them is unknown."""
    return np.where((one == 0) | (other == 0), 0, one * _BASE + other)


def _either(what: str, *values: Codes) -> Shared:
    """Let people share any of several values; one that somebody has twice counts once."""
    people = max(1, len(values[0]))
    rows = np.tile(np.arange(len(values[0])), len(values))
    had = np.unique(ranks(np.concatenate(values)) * people + rows)
    return Shared(what, had % people, had // people)


def _blocks(shared: Shared, by_name: Codes) -> Blocks:
    known = shared.values != 0
    rows, values = shared.rows[known], shared.values[known]
    too_large = _sizes(values) > MOST_IN_A_BLOCK
    values = 2 * values
    values[too_large] = _with_name(values[too_large], by_name[rows[too_large]])
    sizes = _sizes(values)
    kept = (sizes > 1) & (sizes <= MOST_IN_A_BLOCK)
    common = np.unique(values[sizes > MOST_IN_A_BLOCK], return_counts=True)[1]
    order = np.argsort(values[kept], kind="stable")
    said = tuple(TooCommon(shared.what, int(people)) for people in sorted(common.tolist(), reverse=True))
    return Blocks(rows[kept][order], values[kept][order], said)


def _sizes(values: Codes) -> npt.NDArray[np.intp]:
    """Return for each value how many there are of it."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    sizes: npt.NDArray[np.intp] = counts[place]
    return sizes


def _with_name(values: Codes, names: Codes) -> Codes:
    """Return odd codes of value and name together, which no even code of a value alone equals."""
    return 2 * (ranks(values) * _BASE + names) + 1
