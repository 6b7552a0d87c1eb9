"""Recommendation ids that tell the server, when feedback comes, what it had shown, to whom, and how likely that was.

An id is a sealed note of ours, so that nothing needs to be kept until somebody clicks, any process of the service can
read it, and nobody else can write it: what a browser says of propensities is never asked for. A note holds no name
and no tour, only digests; it is not secret, but with one bit changed it is no id of ours.
"""

import base64
import binascii
import hashlib
import hmac
import os
import random
import secrets
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_VERSION = 1
_HEAD = struct.Struct(">BB9s10sIB")
_CHANCE = struct.Struct(">dBB")
_NONCE_BYTES, _CUSTOMER_BYTES, _FAMILY_BYTES, _SEAL_BYTES = 9, 10, 5, 10
_TIME_BYTES = 5
_KEY_BYTES = 32
_CUSTOMER = "c-"


@dataclass(frozen=True)
class Ticket:
    """What was shown.

    customer_id: to whom; null: an anonymous visitor. version: of the model that ranked it; null: none did. places:
    how many tours. propensity: of the last place, 1 unless it was drawn; then alternatives are the digests of the
    families that might have stood there, and drawn is the index of the one that did.
    """

    customer_id: str | None
    version: int | None
    places: int
    propensity: float = 1.0
    alternatives: tuple[bytes, ...] = ()
    drawn: int = 0


class Tickets:
    """Writes and reads the recommendation ids of an installation."""

    def __init__(self, key: bytes):
        self._key = key

    @classmethod
    def open(cls, directory: Path) -> "Tickets":
        """Read the key kept in a folder; it is made at its first use, readable by its owner only."""
        path = directory / "feedback.key"
        directory.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
        except FileExistsError:
            pass
        return cls(path.read_bytes())

    @classmethod
    def of_this_process(cls) -> "Tickets":
        """Return tickets that nobody can read later."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    def write(self, operator_id: str, ticket: Ticket) -> str:
        """Return the recommendation id, another one each time."""
        body = _body(ticket, _nonce())
        return base64.urlsafe_b64encode(body + self._seal(operator_id, body)).rstrip(b"=").decode()

    def read(self, operator_id: str, recommendation_id: str) -> Ticket | None:
        """Return what an id of this operator says, None if it is not one of ours."""
        try:
            note = base64.urlsafe_b64decode(recommendation_id + "=" * (-len(recommendation_id) % 4))
        except (binascii.Error, ValueError):
            return None
        body, seal = note[:-_SEAL_BYTES], note[-_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(operator_id, body)):
            return None
        return _ticket(body)

    def _seal(self, operator_id: str, body: bytes) -> bytes:
        name = operator_id.encode() + b"\0"
        return hashlib.blake2b(name + body, key=self._key, digest_size=_SEAL_BYTES).digest()


def family_digest(family: str) -> bytes:
    """Return the short name of a family in an id: 40 bits, of which 2,000 families share one in 500,000 cases."""
    return hashlib.blake2b(family.encode(), digest_size=_FAMILY_BYTES).digest()


def _nonce() -> bytes:
    """Return bytes that come once: the millisecond, so that neighbours lie together in the log, and chance.

    It need not be secret, and the system's randomness would hand the interpreter to another thread.
    """
    millisecond = time.time_ns() // 1_000_000
    return millisecond.to_bytes(8, "big")[-_TIME_BYTES:] + random.randbytes(_NONCE_BYTES - _TIME_BYTES)  # noqa: S311


def _body(ticket: Ticket, nonce: bytes) -> bytes:
    customer = (
        b"" if ticket.customer_id is None else bytes.fromhex(ticket.customer_id.removeprefix(_CUSTOMER))
    )
    version = 0 if ticket.version is None else ticket.version
    head = _HEAD.pack(_VERSION, ticket.customer_id is not None, nonce, customer, version, ticket.places)
    if not ticket.alternatives:
        return head
    chance = _CHANCE.pack(ticket.propensity, ticket.drawn, len(ticket.alternatives))
    return head + chance + b"".join(ticket.alternatives)


def _ticket(body: bytes) -> Ticket:
    _, signed_in, _, customer, version, places = _HEAD.unpack_from(body)
    known = (f"{_CUSTOMER}{customer.hex()}" if signed_in else None, version or None, places)
    if len(body) == _HEAD.size:
        return Ticket(*known)
    propensity, drawn, _ = _CHANCE.unpack_from(body, _HEAD.size)
    return Ticket(*known, propensity, tuple(_digests(body[_HEAD.size + _CHANCE.size :])), drawn)


def _digests(rest: bytes) -> Iterator[bytes]:
    return (rest[at : at + _FAMILY_BYTES] for at in range(0, len(rest), _FAMILY_BYTES))
