"""The master key: where it comes from, and what it protects."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from activity_log.vault import KEY_BYTES, SealBrokenError, Vault, load_vault

VAULT = Vault(bytes(32))
KEY = base64.b64encode(bytes(range(32))).decode()


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_what_is_sealed_can_be_opened_and_not_be_read(plain: bytes, context: bytes):
    sealed = VAULT.seal(plain, context)
    assert VAULT.open(sealed, context) == plain
    assert len(plain) < 4 or plain not in sealed
    assert VAULT.seal(plain, context) != sealed, "no two seals are alike"


@given(st.binary(max_size=50), st.data())
def test_whoever_changes_a_byte_is_noticed(plain: bytes, data: st.DataObject):
    sealed = bytearray(VAULT.seal(plain, b"a letter"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBrokenError):
        VAULT.open(bytes(sealed), b"a letter")


@pytest.mark.parametrize(
    ("vault", "context", "length"),
    [(VAULT, b"another", 99), (Vault(b"k" * 32), b"a letter", 99), (VAULT, b"a letter", 20), (VAULT, b"", 0)],
    ids=["moved elsewhere", "another key", "cut off", "empty"],
)
def test_a_seal_opens_only_where_it_belongs(vault: Vault, context: bytes, length: int):
    sealed = VAULT.seal(b"Anna", b"a letter")[:length]
    with pytest.raises(SealBrokenError, match="does not open; is BUSFLOW_MASTER_KEY the one of this log"):
        vault.open(sealed, context)


def opens_the_other(one: Vault, other: Vault) -> bool:
    return one.open(other.seal(b"Anna", b"x"), b"x") == b"Anna"


def test_an_embedded_installation_makes_itself_a_key_once(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    assert opens_the_other(load_vault(settings), load_vault(settings))
    [file] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(base64.b64decode(file.read_bytes())) == KEY_BYTES


def test_of_many_who_start_at_once_one_makes_the_key(tmp_path: Path):
    settings = load_settings(home=tmp_path)
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: load_vault(settings), range(16)))
    assert all(opens_the_other(vaults[0], vault) for vault in vaults)
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["master.key"]


def test_the_key_of_the_environment_goes_before_any_file(tmp_path: Path):
    by_environment = load_vault(load_settings(home=tmp_path, master_key=KEY))
    assert not (tmp_path / "keys").exists()
    file = tmp_path / "of-the-safe.key"
    file.write_text(f"{KEY}\n")
    by_file = load_vault(load_settings(home=tmp_path, master_key_file=file))
    assert opens_the_other(by_environment, by_file)


@pytest.mark.parametrize("key", ["short", "Schlüssel", "A" * 44, base64.b64encode(bytes(31)).decode()])
def test_a_key_that_is_none_is_wrong_use_and_not_shown(tmp_path: Path, key: str):
    with pytest.raises(WrongUseError) as by_environment:
        load_vault(load_settings(home=tmp_path, master_key=key))
    file = tmp_path / "a.key"
    file.write_text(key)
    with pytest.raises(WrongUseError) as by_file:
        load_vault(load_settings(home=tmp_path, master_key_file=file))
    for name, refused in (("BUSFLOW_MASTER_KEY", by_environment), (str(file), by_file)):
        assert (
            str(refused.value) == f"{name}: must be 32 bytes in base64; `openssl rand -base64 32` makes one"
        )


def test_bytes_are_no_key(tmp_path: Path):
    file = tmp_path / "a.key"
    file.write_bytes(os.urandom(31) + b"\xff")
    with pytest.raises(WrongUseError, match="must be 32 bytes in base64"):
        load_vault(load_settings(home=tmp_path, master_key_file=file))


def test_a_key_file_that_is_not_there_is_not_made_up(tmp_path: Path):
    with pytest.raises(WrongUseError, match=r"BUSFLOW_MASTER_KEY_FILE: .*lost\.key does not exist"):
        load_vault(load_settings(home=tmp_path, master_key_file=tmp_path / "lost.key"))


def test_where_nothing_can_be_written_is_wrong_use(tmp_path: Path):
    (tmp_path / "keys").write_text("a file, where a folder should be")
    with pytest.raises(WrongUseError, match=r"master\.key: the master key cannot be kept here"):
        load_vault(load_settings(home=tmp_path))
