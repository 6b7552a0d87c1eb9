"""One encryption key per person: forgetting somebody is destroying theirs.

A key is random, sealed by the vault in `person_key`, and named by a random id that every seal made with it carries.
So a seal of a destroyed key is told apart from one that was tampered with.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, select

from activity_log import schema
from activity_log.bulk import Keep, Row, insert_rows, select_by_keys
from activity_log.database import vault_of
from activity_log.errors import WrongUseError
from activity_log.vault import KEY_BYTES, SealBrokenError

_ID_BYTES, _NONCE_BYTES = 8, 12

Person = tuple[str, str]
"""operator_id, person_profile_id"""


class PersonKey(NamedTuple):
    """A person's key. `cipher` is None once it is destroyed; what happened up to `erased_us` stays forgotten."""

    key_id: bytes | None
    cipher: AESGCM | None
    erased_us: int | None

    def forgets(self, occurred_us: int) -> bool:
        """Say whether what happened at this moment is forgotten."""
        return self.erased_us is not None and occurred_us <= self.erased_us

    def seal(self, private: str, event_id: str) -> bytes:
        """Encrypt the private part of an event."""
        if self.key_id is None or self.cipher is None:
            raise LookupError("a destroyed key seals nothing")
        nonce = os.urandom(_NONCE_BYTES)
        return self.key_id + nonce + self.cipher.encrypt(nonce, private.encode(), event_id.encode())

    def open(self, sealed: bytes, event_id: str) -> str | None:
        """Decrypt a private part. None: its key is destroyed. Raises SealBrokenError for what was tampered with."""
        if self.cipher is None or sealed[:_ID_BYTES] != self.key_id:
            return None
        nonce, text = sealed[_ID_BYTES:][:_NONCE_BYTES], sealed[_ID_BYTES + _NONCE_BYTES :]
        try:
            return self.cipher.decrypt(nonce, text, event_id.encode()).decode()
        except InvalidTag as error:
            raise SealBrokenError(f"event {event_id}".encode()) from error


NO_KEY = PersonKey(None, None, None)


def known_keys(connection: Connection, people: Iterable[Person]) -> dict[Person, PersonKey]:
    """Return the keys of those people who have one, or had one that was destroyed."""
    vault = vault_of(connection)
    keys: dict[Person, PersonKey] = {}
    names = ("operator_id", "person_profile_id", "key_id", "wrapped", "erased_at")
    for operator_id, person, key_id, wrapped, erased_us in select_by_keys(
        connection, schema.person_key, list(set(people)), names
    ):
        cipher = AESGCM(vault.open(bytes(wrapped), _context(operator_id, person))) if wrapped else None
        keys[operator_id, person] = PersonKey(key_id, cipher, erased_us)
    return keys


def check_vault(connection: Connection) -> None:
    """Raise WrongUseError if the keys of this log were sealed under another master key than the vault's."""
    table = schema.person_key.c
    one = select(table.operator_id, table.person_profile_id, table.wrapped).where(table.wrapped.is_not(None))
    row = connection.execute(one.limit(1)).first()
    if row is None:
        return
    operator_id, person, wrapped = row
    try:
        vault_of(connection).open(wrapped, _context(operator_id, person))
    except SealBrokenError as error:
        raise WrongUseError(
            "BUSFLOW_MASTER_KEY: not the master key of this log; give the one it was begun with"
        ) from error


def keys_for_writing(
    connection: Connection, moments: Mapping[Person, Sequence[int]]
) -> dict[Person, PersonKey]:
    """Return a key for each person, made where there is none. Call it in a writing transaction.

    moments: when the events to be sealed happened (microseconds). Somebody who was erased gets a new key only for
    events after the erasure.
    """
    keys = known_keys(connection, moments)
    wanting = [
        person
        for person, when in moments.items()
        if (key := keys.get(person, NO_KEY)).cipher is None and not key.forgets(max(when))
    ]
    return keys | _make(connection, {person: keys.get(person, NO_KEY).erased_us for person in wanting})


def _make(connection: Connection, people: Mapping[Person, int | None]) -> dict[Person, PersonKey]:
    if not people:
        return {}
    vault = vault_of(connection)
    made: dict[Person, PersonKey] = {}
    rows: list[Row] = []
    for (operator_id, person), erased_us in people.items():
        key_id, key = os.urandom(_ID_BYTES), os.urandom(KEY_BYTES)
        made[operator_id, person] = PersonKey(key_id, AESGCM(key), erased_us)
        rows.append((operator_id, person, key_id, vault.seal(key, _context(operator_id, person)), erased_us))
    insert_rows(connection, schema.person_key, rows, Keep.REPLACE)
    return made


def _context(operator_id: str, person: str) -> bytes:
    return f"key of {person} at {operator_id}".encode()
