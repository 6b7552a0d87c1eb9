"""The installation's own signing keys: several at once, the newest signs, all verify until they are retired.

Each key is a file of its own in the keys folder, so that processes which share the folder share the keys, and a
rotation needs no restart. `signing.pem` is the first key; later ones carry the moment they were made in their names.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from activity_log.errors import WrongUseError

FIRST = "signing.pem"
_LATER = "signing-*.pem"
_STAMP = "signing-%Y%m%dT%H%M%S.%fZ.pem"
Jwk = Mapping[str, str]


@dataclass(frozen=True)
class SigningKey:
    """One ES256 key pair. `kid`: the thumbprint of its public half (RFC 7638)."""

    kid: str
    path: Path
    made_at: datetime
    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> ec.EllipticCurvePublicKey:
        """Return the half that may be shown."""
        return self.private.public_key()

    @property
    def jwk(self) -> Jwk:
        """Return the public half as a JSON Web Key (RFC 7517)."""
        return {**_public_jwk(self.public), "kid": self.kid, "alg": "ES256", "use": "sig"}


class KeyRing:
    """The key files of one folder."""

    def __init__(self, directory: Path):
        self._directory = directory

    def load(self) -> list[SigningKey]:
        """Return all keys, oldest first; the first one is made where there is none.

        Raises WrongUseError naming a file that holds no key of ours.
        """
        return [_load(path) for path in self._paths()] or [self._make(self._directory / FIRST)]

    def state(self) -> Sequence[tuple[str, int, int]]:
        """Return what changes when a key comes or goes: names, times and sizes of the files."""
        return [
            (path.name, stat.st_mtime_ns, stat.st_size) for path in self._paths() for stat in [path.stat()]
        ]

    def rotate(self, now: datetime) -> SigningKey:
        """Make a new key, which signs from now on; the others still verify."""
        self.load()
        return self._make(self._directory / now.astimezone(UTC).strftime(_STAMP))

    def retire(self, *, before: datetime | None = None, kid: str = "") -> list[SigningKey]:
        """Destroy keys by id (or its beginning), or those made before a moment; their tokens die with them.

        Raises WrongUseError for a kid nobody or several have, and for the key that signs.
        """
        keys = self.load()
        *older, signing = keys
        if kid:
            retired = [key for key in keys if key.kid.startswith(kid)]
            if len(retired) != 1:
                raise WrongUseError(f"--kid '{kid}': {len(retired)} keys begin so; see `busflow keys list`")
        else:
            retired = [key for key in older if before is not None and key.made_at < before]
        if signing in retired:
            raise WrongUseError(f"key {signing.kid} signs: run `busflow keys rotate` first")
        for key in retired:
            key.path.unlink()
        return retired

    def _paths(self) -> list[Path]:
        """Return the key files, oldest first: their names tell, since a restored backup has new times."""
        first = self._directory / FIRST
        return [*([first] if first.exists() else []), *sorted(self._directory.glob(_LATER))]

    def _make(self, path: Path) -> SigningKey:
        """Write a new key whole or not at all; where another process was faster, its key is the one."""
        self._directory.mkdir(parents=True, exist_ok=True)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        draft = path.with_name(f".{secrets.token_hex(8)}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return _load(path)


def thumbprint(public: ec.EllipticCurvePublicKey) -> str:
    """Return the RFC 7638 thumbprint of a key: SHA-256 of its required members in order, in base64url."""
    members = ",".join(f'"{name}":"{value}"' for name, value in sorted(_public_jwk(public).items()))
    return _base64url(hashlib.sha256(f"{{{members}}}".encode()).digest())


def _public_jwk(public: ec.EllipticCurvePublicKey) -> Jwk:
    numbers, size = public.public_numbers(), (public.key_size + 7) // 8
    x, y = (_base64url(number.to_bytes(size, "big")) for number in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _load(path: Path) -> SigningKey:
    remedy = "delete it to have a new one made; all its tokens lose their validity with it"
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise WrongUseError(f"{path}: no private key without password; {remedy}") from error
    if not (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)):
        raise WrongUseError(f"{path}: not an elliptic-curve key of P-256; {remedy}")
    return SigningKey(thumbprint(key.public_key()), path, _made_at(path), key)


def _made_at(path: Path) -> datetime:
    try:
        return datetime.strptime(path.name, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
