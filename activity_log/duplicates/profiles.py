"""The profiles of an operator as columns of small numbers: equal numbers mean equal values, 0 means unknown."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.duplicates.spelling import folded_email, folded_name, folded_postcode, phone_number

Codes = npt.NDArray[np.int64]
ROWS_AT_ONCE = 5_000
_IDS_AT_ONCE = 500


@dataclass(frozen=True)
class Profiles:
    """One row per person, in the order of customer ids. `names`: what the codes of given and family names spell.

    birth: year * 10000 + month * 100 + day. user: an e-mail without its provider.
    """

    customer_ids: tuple[str, ...]
    names: tuple[str, ...]
    given: Codes
    family: Codes
    birth: Codes
    email: Codes
    user: Codes
    phone: Codes
    postcode: Codes

    def __len__(self) -> int:
        return len(self.customer_ids)


class Name(NamedTuple):
    """What staff calls a customer."""

    person_profile_id: str
    given_name: str
    family_name: str


def read_profiles(
    connection: Connection,
    operator_id: str,
    *,
    without: Collection[str],
    region: str,
    progress: Callable[[int], object],
) -> Profiles:
    """Read the profiles of an operator but those of the customers `without`.

    region: where phone numbers without country code are. progress is called with the number of profiles read.
    """
    names = _Names()
    ids: list[str] = []
    numbers: list[Codes] = []
    for rows in _rows(connection, operator_id):
        kept = [row for row in rows if row.customer_id not in without]
        ids.extend(row.customer_id for row in kept)
        numbers.append(
            np.array([_numbers(row, names, region) for row in kept], dtype=np.int64).reshape(-1, 7)
        )
        progress(len(ids))
    order = sorted(range(len(ids)), key=ids.__getitem__)
    table = np.concatenate([np.empty((0, 7), np.int64), *numbers])[order]
    given, family, birth, *contacts = (np.ascontiguousarray(column) for column in table.T)
    return Profiles(
        tuple(ids[place] for place in order), tuple(names.codes), given, family, birth, *map(ranks, contacts)
    )


def names_of(connection: Connection, operator_id: str, customer_ids: Sequence[str]) -> dict[str, Name]:
    """Return what to call customers, by customer id. Who has no profile (any more) is left out."""
    table = schema.person_profile
    query = select(table.c.customer_id, table.c.person_profile_id, table.c.given_name, table.c.family_name)
    query = query.where(table.c.operator_id == operator_id)
    found: dict[str, Name] = {}
    for start in range(0, len(customer_ids), _IDS_AT_ONCE):
        some = query.where(table.c.customer_id.in_(customer_ids[start : start + _IDS_AT_ONCE]))
        found |= {customer_id: Name(*name) for customer_id, *name in connection.execute(some)}
    return found


def _rows(connection: Connection, operator_id: str) -> Iterator[Sequence[Any]]:
    table = schema.person_profile
    query = select(
        table.c.customer_id,
        table.c.given_name,
        table.c.family_name,
        table.c.birth_date,
        table.c.email,
        table.c.phone,
        table.c.postcode,
    ).where(table.c.operator_id == operator_id)
    streaming = connection.execution_options(yield_per=ROWS_AT_ONCE)
    yield from streaming.execute(query).partitions()


class _Names:
    """Numbers folded names in the order they come; 0 is no name."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {"": 0}

    def code(self, name: str) -> int:
        return self.codes.setdefault(folded_name(name), len(self.codes))


def _numbers(row: Any, names: _Names, region: str) -> tuple[int, ...]:
    email = folded_email(row.email)
    return (
        names.code(row.given_name),
        names.code(row.family_name),
        _day(row.birth_date),
        _fingerprint(email.address) if email else 0,
        _fingerprint(email.user) if email else 0,
        phone_number(row.phone, region) or 0,
        _fingerprint(folded_postcode(row.postcode)),
    )


def _day(day: date | None) -> int:
    return 0 if day is None else day.year * 10_000 + day.month * 100 + day.day


def _fingerprint(text: str) -> int:
    """Return 63 bits of a text, 0 of none: texts of half a million people need not be kept to be compared."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1 if text else 0


def ranks(values: Codes) -> Codes:
    """Return values as small as can be, equal ones staying equal and 0 staying 0, to be counted and combined."""
    ranked: Codes = np.unique(np.append(values, 0), return_inverse=True)[1]
    return ranked[:-1]
