"""Keys of an identity provider, whose tokens count beside our own: read from a file or fetched from its JWKS URL.

Only public keys of ES256, RS256 and EdDSA are taken; whatever else a set holds is passed over. Keys once known stay
known while the set cannot be read: an outage of the provider locks nobody out.
"""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from activity_log.telemetry import logger

ALGORITHMS = frozenset({"ES256", "RS256", "EdDSA"})
WEAKEST_RSA_BITS = 2048
LARGEST_SET = 256 * 1024
MOST_KEYS = 100
FETCH_TIMEOUT_SECONDS = 5.0
_LOG = logger("serving.issuers")

Keys = Mapping[str, PyJWK]
NO_KEYS: Keys = MappingProxyType({})


class UnreadableKeySetError(ValueError):
    """What was read is no key set with a usable key."""


def read_key_set(content: bytes) -> Keys:
    """Return the usable keys of a JWKS document by their ids. Raises UnreadableKeySetError if there is none."""
    try:
        listed = json.loads(content)["keys"]
        usable = {key.key_id: key for key in map(_usable, listed[:MOST_KEYS]) if key is not None}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnreadableKeySetError("no JSON Web Key Set") from error
    if not usable:
        raise UnreadableKeySetError(f"no public key of {', '.join(sorted(ALGORITHMS))} with a kid")
    return MappingProxyType({str(kid): key for kid, key in usable.items()})


def _usable(listed: Any) -> PyJWK | None:
    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    if not isinstance(listed.get("kid"), str) or "d" in listed or listed.get("kty") == "oct":
        return None
    try:
        key = PyJWK(listed)
    except (PyJWTError, ValueError, TypeError):
        return None
    weak = isinstance(key.key, RSAPublicKey) and key.key.key_size < WEAKEST_RSA_BITS
    return None if weak or key.algorithm_name not in ALGORITHMS else key


def from_file(path: Path) -> Callable[[], bytes]:
    """Return how to read a key set from a file."""
    return path.read_bytes


def from_url(url: str) -> Callable[[], bytes]:
    """Return how to fetch a key set; redirects are not followed, and no more than LARGEST_SET bytes are read."""

    def fetch() -> bytes:
        with httpx.stream("GET", url, timeout=FETCH_TIMEOUT_SECONDS) as reply:
            if reply.status_code != httpx.codes.OK:
                raise UnreadableKeySetError(f"answered {reply.status_code}")
            content = bytearray()
            for part in reply.iter_bytes():
                content += part
                if len(content) > LARGEST_SET:
                    raise UnreadableKeySetError(f"larger than {LARGEST_SET} bytes")
            return bytes(content)

    return fetch


class IssuerKeys:
    """The keys of one identity provider, read again in a thread of its own: regularly, and when one is missing."""

    def __init__(
        self,
        issuer: str,
        read: Callable[[], bytes],
        *,
        every_seconds: float = 300.0,
        at_most_every_seconds: float = 10.0,
    ):
        self.issuer = issuer
        self.generation = 0
        """Grows whenever the keys change."""
        self._read = read
        self._every = every_seconds
        self._pause = at_most_every_seconds
        self._keys = NO_KEYS
        self._content = b""
        self._wanted = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_level, name="issuer-keys", daemon=True)

    def start(self) -> None:
        """Begin to read; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()
        self._wanted.set()

    @property
    def is_known(self) -> bool:
        """Say whether the keys have been read once."""
        return bool(self._keys)

    def key(self, kid: str) -> PyJWK | None:
        """Return a key; for one that is not known, the set is read again soon, and the next token may find it."""
        found = self._keys.get(kid)
        if found is None:
            self._wanted.set()
        return found

    def read_once(self) -> None:
        """Read the set now; where that fails, what is known stays."""
        try:
            content = self._read()
            if content == self._content:
                return
            self._keys = read_key_set(content)
        except (OSError, httpx.HTTPError, UnreadableKeySetError) as error:
            _LOG.warning("the issuer's keys cannot be read", issuer=self.issuer, reason=type(error).__name__)
        else:
            self._content = content
            self.generation += 1

    def _keep_level(self) -> None:
        while not self._closed.is_set():
            self.read_once()
            self._closed.wait(self._pause)  # however often one is missed
            self._wanted.wait(self._every if self._keys else 0)
            self._wanted.clear()
