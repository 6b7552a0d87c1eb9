"""Keeping bytes secret at rest: AES-256-GCM under the installation's master key.

The master key never enters the database. Who holds a backup of the database without it can read no sealed byte.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activity_log.errors import BusflowError, WrongUseError
from activity_log.settings import Settings

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBrokenError(BusflowError):
    """Sealed bytes were changed, belong elsewhere, or were sealed under another key."""

    def __init__(self, context: bytes):
        super().__init__(
            f"{context.decode(errors='replace')}: the seal does not open; is BUSFLOW_MASTER_KEY the one of this log?"
        )


class Vault:
    """Seals and opens bytes under one key (32 bytes)."""

    def __init__(self, key: bytes):
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Encrypt `plain`; it opens only with the same `context`, so that no seal can be moved elsewhere."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt what `seal` gave. Raises SealBrokenError."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise SealBrokenError(context) from error


def load_vault(settings: Settings) -> Vault:
    """Return the vault of an installation.

    The master key is BUSFLOW_MASTER_KEY (32 bytes in base64) or the file BUSFLOW_MASTER_KEY_FILE names; an embedded
    installation makes itself one under its home. Raises WrongUseError for a key that is none.
    """
    if settings.master_key:
        return Vault(_decoded("BUSFLOW_MASTER_KEY", settings.master_key.get_secret_value()))
    path = settings.master_key_file or settings.keys_dir / "master.key"
    try:
        if not path.exists() and settings.master_key_file:
            raise WrongUseError(
                f"BUSFLOW_MASTER_KEY_FILE: {path} does not exist; create it or correct the name"
            )
        text = path.read_text(errors="replace") if path.exists() else _new_key_file(path)
    except OSError as error:
        raise WrongUseError(f"{path}: the master key cannot be kept here: {error.strerror}") from error
    return Vault(_decoded(str(path), text))


def _decoded(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except ValueError:  # not base64, or not even ASCII
        key = b""
    if len(key) != KEY_BYTES:
        raise WrongUseError(f"{name}: must be 32 bytes in base64; `openssl rand -base64 32` makes one")
    return key


def _new_key_file(path: Path) -> str:
    """Write a fresh key for the owner's eyes only; of two processes that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(KEY_BYTES)))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
    return path.read_text()
