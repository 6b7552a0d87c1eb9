"""How far two profiles agree, field by field; symmetric, and knowing nothing of weights."""

from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from activity_log.duplicates.profiles import Codes, Profiles
from activity_log.duplicates.short_forms import TWO_NAMES, is_short_form
from activity_log.duplicates.spelling import sound

_ENDINGS = ("a", "e", "s", "ne", "in", "ine")
"""What tells Martina from Martin, Andreas from Andrea, Christiane from Christian: two people, not a slip."""

_LETTERS_FOR_ONE_SLIP, _LETTERS_FOR_TWO_SLIPS = 4, 8


class Agreement(IntEnum):
    """How far one field of two profiles agrees."""

    UNKNOWN = 0
    """One of the two does not have it: says nothing."""
    SAME = 1
    SWAPPED = 2
    """Day and month changed places; or given and family name, one of them the same, the other nearly."""
    PART = 3
    """One name is part of the other: Müller and Müller-Lüdenscheidt. Of an e-mail: the same before the @."""
    SHORT_FORM = 4
    """Hans and Johannes."""
    INITIAL = 5
    """H. and Hannelore."""
    SIMILAR = 6
    """A slip of the keyboard, or another spelling of the same sound."""
    OTHER_INITIAL = 7
    DIFFERENT = 8


Agreements = npt.NDArray[np.int8]


class Compared(NamedTuple):
    """The agreement of many pairs, one array per field."""

    given_name: Agreements
    family_name: Agreements
    birth_date: Agreements
    email: Agreements
    phone: Agreements
    postcode: Agreements


def compare(profiles: Profiles, left: Codes, right: Codes) -> Compared:
    """Compare the profiles of rows `left` with those of rows `right`, pair by pair."""
    given_name, family_name = _compare_names(profiles, left, right)
    email = _judge(profiles.email[left], profiles.email[right])
    same_user = profiles.user[left] == profiles.user[right]
    email[(email == Agreement.DIFFERENT) & same_user] = Agreement.PART
    return Compared(
        given_name,
        family_name,
        _judge(profiles.birth[left], profiles.birth[right], birth_dates),
        email,
        _judge(profiles.phone[left], profiles.phone[right]),
        _judge(profiles.postcode[left], profiles.postcode[right]),
    )


def _compare_names(profiles: Profiles, left: Codes, right: Codes) -> tuple[Agreements, Agreements]:
    names, given, family = profiles.names, profiles.given, profiles.family

    def by_family(ones: Codes, others: Codes) -> Agreements:
        return _judge(ones, others, lambda one, other: family_names(names[one], names[other]))

    given_name = _judge(given[left], given[right], lambda one, other: given_names(names[one], names[other]))
    family_name = by_family(family[left], family[right])
    crossed = np.flatnonzero((given[left] == family[right]) | (family[left] == given[right]))
    crossed = crossed[_differ(given_name[crossed]) & _differ(family_name[crossed])]
    differ = _differ(by_family(given[left[crossed]], family[right[crossed]]))
    differ |= _differ(by_family(family[left[crossed]], given[right[crossed]]))
    given_name[crossed[~differ]] = family_name[crossed[~differ]] = Agreement.SWAPPED
    return given_name, family_name


def _differ(agreements: Agreements) -> npt.NDArray[np.bool_]:
    return np.isin(agreements, (Agreement.UNKNOWN, Agreement.OTHER_INITIAL, Agreement.DIFFERENT))


Judge = Callable[[int, int], Agreement]


def _judge(ones: Codes, others: Codes, judge: Judge | None = None) -> Agreements:
    """Compare codes; of two that differ, `judge` says how much they do, asked once for each two."""
    agreements = np.where(ones == others, Agreement.SAME, Agreement.DIFFERENT).astype(np.int8)
    agreements[(ones == 0) | (others == 0)] = Agreement.UNKNOWN
    unsure = np.flatnonzero(agreements == Agreement.DIFFERENT)
    if judge is not None and len(unsure):
        low, high = np.minimum(ones[unsure], others[unsure]), np.maximum(ones[unsure], others[unsure])
        both, place = np.unique((low << 32) | high, return_inverse=True)
        judged = [judge(code >> 32, code & 0xFFFFFFFF) for code in both.tolist()]
        agreements[unsure] = np.array(judged, dtype=np.int8)[place]
    return agreements


def given_names(one: str, other: str) -> Agreement:
    """Compare two folded given names that differ."""
    agreement = family_names(one, other)
    if agreement in (Agreement.DIFFERENT, Agreement.SIMILAR):
        if is_short_form(one.replace(" ", ""), other.replace(" ", "")):
            return Agreement.SHORT_FORM
        if frozenset((one, other)) in TWO_NAMES or _one_ends_otherwise(one, other):
            return Agreement.DIFFERENT
    return agreement


def family_names(one: str, other: str) -> Agreement:
    """Compare two folded family names that differ."""
    if len(one) == 1 or len(other) == 1:
        return Agreement.INITIAL if one[0] == other[0] else Agreement.OTHER_INITIAL
    if _is_part(one, other) or _is_part(other, one) or one.replace(" ", "") == other.replace(" ", ""):
        return Agreement.PART
    return Agreement.SIMILAR if _is_slip(one, other) else Agreement.DIFFERENT


def birth_dates(one: int, other: int) -> Agreement:
    """Compare two days that differ, each year * 10000 + month * 100 + day."""
    if one // 10_000 == other // 10_000 and divmod(one % 10_000, 100) == divmod(other % 10_000, 100)[::-1]:
        return Agreement.SWAPPED
    slips = OSA.distance(f"{one:08d}", f"{other:08d}", score_cutoff=1)
    return Agreement.SIMILAR if slips == 1 else Agreement.DIFFERENT


def _is_part(one: str, other: str) -> bool:
    """Whether each part of one name is a part of the other, or the initial of one; at least one is a full part."""
    parts, among = one.split(), other.split()
    full = [part for part in parts if len(part) > 1]
    initials = [part for part in parts if len(part) == 1]
    return (
        bool(full)
        and all(part in among for part in full)
        and all(any(its.startswith(initial) for its in among) for initial in initials)
    )


@lru_cache(maxsize=1 << 16)
def _sounds(name: str) -> str:
    return sound(name.replace(" ", ""))


def _is_slip(one: str, other: str) -> bool:
    """Whether two names differ by one slip, or by two in a long name or in one that sounds the same."""
    longer = max(len(one), len(other))
    if longer < _LETTERS_FOR_ONE_SLIP:
        return False
    slips = OSA.distance(one, other, score_cutoff=2)
    if slips < 2:
        return True
    alike = longer >= _LETTERS_FOR_TWO_SLIPS or (
        longer > _LETTERS_FOR_ONE_SLIP and _sounds(one) == _sounds(other)
    )
    return slips == 2 and alike


def _one_ends_otherwise(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return any(long == short + ending for ending in _ENDINGS) or (
        len(one) == len(other) and one[:-1] == other[:-1] and {one[-1], other[-1]} <= {"a", "e", "s", "o"}
    )
