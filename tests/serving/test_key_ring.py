"""Keys come and go while the service runs: tokens of the old ones stay good until these are retired."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from activity_log.errors import WrongUseError
from serving.access import LOOK_EVERY_SECONDS, AccessDeniedError, Caller, TokenKeys
from serving.key_ring import FIRST, KeyRing, SigningKey, thumbprint

MAY, JUNE = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


class Clock:
    """Seconds that pass when told so; from the real now on, as tokens are judged by it."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path)


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> TokenKeys:
    """What a running service holds."""
    return TokenKeys(tmp_path, clock=clock)


def now() -> datetime:
    return datetime.now(UTC)


def kids(keys: list[SigningKey]) -> list[str]:
    return [key.kid for key in keys]


def header(token: str) -> bytes:
    return f"Bearer {token}".encode()


def refused(keys: TokenKeys, token: str) -> bool:
    try:
        keys.caller(header(token))
    except AccessDeniedError as denied:
        return denied.status == 401
    return False


def test_the_thumbprint_is_that_of_the_rfc():
    """The P-256 key of RFC 7515, appendix A.3, whose thumbprint is widely quoted."""
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    public = jwt.PyJWK(jwk | {"alg": "ES256"}).key
    assert thumbprint(public) == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"


def test_the_newest_signs_and_the_older_ones_verify(ring, tmp_path):
    before = TokenKeys(tmp_path).mint("nordlicht", "crm", now=now())
    new = ring.rotate(MAY)
    keys = TokenKeys(tmp_path)
    after = keys.mint("nordlicht", "crm", now=now())
    assert jwt.get_unverified_header(after)["kid"] == new.kid != jwt.get_unverified_header(before)["kid"]
    assert keys.verify(before) == keys.verify(after) == Caller("nordlicht", "crm")


def test_a_token_from_before_keys_had_ids_is_the_first_keys(ring, tmp_path):
    [first] = ring.load()
    ring.rotate(MAY)
    claims = {"aud": "busflow", "operator": "nordlicht", "role": "crm", "exp": 4_000_000_000}
    old = jwt.encode(claims, first.private, algorithm="ES256")
    assert TokenKeys(tmp_path).verify(old).role == "crm"
    ring.retire(kid=first.kid)
    assert refused(TokenKeys(tmp_path), old)


def test_a_running_service_takes_up_a_rotation_at_its_first_token(keys, ring, clock):
    clock.now += 1
    ring.rotate(now())
    assert not refused(keys, keys.mint("nordlicht", "crm", now=now()))


def test_a_running_service_refuses_tokens_of_a_retired_key_within_seconds(keys, ring, clock):
    token = keys.mint("nordlicht", "crm", now=now())
    assert not refused(keys, token)
    assert not refused(keys, token), "known by now"
    [first] = ring.load()
    ring.rotate(now())
    ring.retire(kid=first.kid[:10])
    clock.now += LOOK_EVERY_SECONDS
    assert refused(keys, token)


def test_what_no_key_signed_does_not_make_us_look_at_the_folder_each_time(keys, tmp_path, clock, monkeypatch):
    looks = []
    monkeypatch.setattr(KeyRing, "state", lambda self: looks.append(1) or [])
    alien = TokenKeys(tmp_path / "others").mint("nordlicht", "crm", now=now())
    looks.clear()
    clock.now += 1
    for _ in range(50):
        assert refused(keys, alien)
    assert len(looks) == 1


def test_a_known_token_still_expires(keys, clock):
    token = keys.mint("nordlicht", "crm", now=now(), valid_for=timedelta(seconds=60))
    assert not refused(keys, token)
    clock.now += 89
    assert keys.known(header(token)) == Caller("nordlicht", "crm")
    clock.now += 2
    assert keys.known(header(token)) is None


def test_only_verified_tokens_are_known_and_not_endlessly_many(keys, monkeypatch):
    monkeypatch.setattr("serving.access.MOST_KNOWN", 3)
    tokens = [keys.mint("nordlicht", "widget", now=now(), customer_id=f"c-{n}") for n in range(4)]
    assert refused(keys, tokens[0][:-4] + "AAAA")
    for token in [*tokens[:3], tokens[0], tokens[3]]:
        keys.caller(header(token))
    known = [keys.known(header(token)) is not None for token in tokens]
    assert known == [True, False, True, True], "the one not used for longest went"


def test_a_broken_key_file_stops_no_running_service(keys, tmp_path, clock):
    token = keys.mint("nordlicht", "crm", now=now())
    (tmp_path / "signing-20270101T000000.000000Z.pem").write_bytes(b"half a ke")
    clock.now += LOOK_EVERY_SECONDS
    assert not refused(keys, token)
    with pytest.raises(WrongUseError, match=r"20270101.*no private key"):
        TokenKeys(tmp_path)


def test_the_key_that_signs_cannot_be_retired(ring):
    [first] = ring.load()
    with pytest.raises(WrongUseError, match="busflow keys rotate"):
        ring.retire(kid=first.kid)
    may, june = ring.rotate(MAY), ring.rotate(JUNE)
    assert kids(ring.retire(before=MAY + timedelta(days=1))) == [may.kid], "the first one's file is of today"
    assert kids(ring.retire(before=datetime(2999, 1, 1, tzinfo=UTC))) == [first.kid]
    assert kids(ring.load()) == [june.kid]


@pytest.mark.parametrize("kid", ["nobody's", "-"])
def test_a_kid_nobody_has_retires_nothing(ring, kid):
    ring.rotate(MAY)
    with pytest.raises(WrongUseError, match="0 keys begin so"):
        ring.retire(kid=kid)
    assert len(ring.load()) == 2


def test_two_processes_that_start_at_once_agree_on_one_key(tmp_path):
    code = (
        "from pathlib import Path; from serving.key_ring import KeyRing; "
        f"print(KeyRing(Path({str(tmp_path)!r})).load()[0].kid)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    found = {process.communicate(timeout=60)[0].strip() for process in started}
    assert len(found) == 1
    assert "" not in found
    assert [path.name for path in tmp_path.iterdir()] == [FIRST], "no draft is left"
    assert (tmp_path / FIRST).stat().st_mode & 0o777 == 0o600


def test_what_is_published_verifies_and_holds_no_secret(ring, tmp_path):
    ring.rotate(MAY)
    keys = TokenKeys(tmp_path)
    published = json.loads(json.dumps(keys.jwks()))
    assert {name for key in published["keys"] for name in key} == {
        "kty",
        "crv",
        "x",
        "y",
        "kid",
        "alg",
        "use",
    }
    token = keys.mint("nordlicht", "crm", now=now())
    key = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="busflow")["iss"] == "busflow"
    secret = KeyRing(tmp_path).load()[0].path.read_bytes()
    assert serialization.load_pem_private_key(secret, None)
