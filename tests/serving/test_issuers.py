"""Tokens of the platform's own identity provider. Its key set is a file, or a server that may fail."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from serving.access import ROLES, AccessDeniedError, Caller, TokenKeys, open_token_keys
from serving.issuers import IssuerKeys, UnreadableKeySetError, from_url, read_key_set

PLATFORM = "https://id.platform.example"
EC, RSA, ED = (
    ec.generate_private_key(ec.SECP256R1()),
    rsa.generate_private_key(65537, 2048),
    ed25519.Ed25519PrivateKey.generate(),
)
WEAK = rsa.generate_private_key(65537, 1024)
SIGNERS = {"ec": (EC, "ES256"), "rsa": (RSA, "RS256"), "ed": (ED, "EdDSA")}


def public(kid: str, /, **more: Any) -> dict[str, Any]:
    algorithm = {"ec": ECAlgorithm, "rsa": RSAAlgorithm, "ed": OKPAlgorithm}[kid]
    return {**algorithm.to_jwk(SIGNERS[kid][0].public_key(), as_dict=True), "kid": kid, **more}


def key_set(*kids: str) -> bytes:
    return json.dumps({"keys": [public(kid) for kid in kids]}).encode()


def claims(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    usual = {
        "iss": PLATFORM,
        "aud": "busflow",
        "exp": now + timedelta(hours=1),
        "operator": "nordlicht",
        "role": "crm",
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


def signed(kid: str = "ec", **changed: Any) -> str:
    key, algorithm = SIGNERS[kid]
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> TokenKeys:
    issuer = IssuerKeys(PLATFORM, lambda: key_set("ec", "rsa", "ed"))
    issuer.read_once()
    return TokenKeys(tmp_path_factory.mktemp("keys"), issuer)


def refused(keys: TokenKeys, token: str) -> bool:
    try:
        keys.verify(token)
    except AccessDeniedError as denied:
        return denied.status == 401
    return False


@pytest.mark.parametrize("kid", SIGNERS)
def test_its_tokens_count_in_each_algorithm_we_take(keys, kid):
    assert keys.verify(signed(kid, role="widget", customer="c-1")) == Caller("nordlicht", "widget", "c-1")


def test_our_own_tokens_count_still(keys):
    assert keys.verify(keys.mint("nordlicht", "crm", now=datetime.now(UTC))).role == "crm"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": None}, {"iss": "busflow"}, {"iss": "https://id.elsewhere.example"},
        {"aud": "other"}, {"aud": None}, {"exp": None}, {"exp": 1}, {"exp": "soon"}, {"exp": 10**400},
        {"nbf": datetime.now(UTC) + timedelta(hours=1)}, {"iat": "x"},
        {"role": None}, {"role": "king"}, {"role": ["crm"]}, {"role": {"crm": 1}}, {"role": 1},
        {"operator": None}, {"operator": ""}, {"operator": 7}, {"operator": ["nordlicht"]}, {"operator": {}},
        {"customer": "c-1"}, {"role": "widget", "customer": 5}, {"role": "widget", "customer": ""},
        {"role": "widget", "customer": ["c-1"]},
    ],
)  # fmt: skip
def test_a_token_with_an_odd_claim_is_refused(keys, wrong):
    assert refused(keys, signed(**wrong))


def test_its_key_does_not_sign_for_us_nor_ours_for_it(keys):
    assert refused(keys, signed(iss="busflow"))
    own = keys.mint("nordlicht", "crm", now=datetime.now(UTC))
    header = jwt.get_unverified_header(own)
    assert refused(keys, jwt.encode(claims(), EC, algorithm="ES256", headers=header)), "our kid, its key"


@pytest.mark.parametrize(
    ("algorithm", "kid"),
    [("RS384", "rsa"), ("PS256", "rsa"), ("HS256", "ec"), ("none", "ec"), ("ES256", "rsa")],
)
def test_a_key_verifies_with_its_own_algorithm_only(keys, algorithm, kid):
    key = {"HS256": "x" * 32, "none": None, "ES256": EC}.get(algorithm, RSA)
    assert refused(keys, jwt.encode(claims(), key, algorithm=algorithm, headers={"kid": kid}))


@pytest.mark.parametrize("headers", [{}, {"kid": "unknown"}, {"kid": "ec", "crit": ["exp"]}])
def test_an_odd_header_is_refused(keys, headers):
    assert refused(keys, jwt.encode(claims(), EC, algorithm="ES256", headers=headers))


CLAIMS = ("operator", "role", "customer", "exp", "nbf", "iat", "iss", "aud", "sub", "jti")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(CLAIMS, JSON)))
def test_whatever_is_signed_is_a_caller_or_401(keys, odd):
    token = jwt.PyJWS().encode(
        json.dumps({**claims(exp=4_000_000_000), **odd}).encode(), EC, "ES256", {"kid": "ec"}
    )
    try:
        caller = keys.verify(token)
    except AccessDeniedError:
        return  # and 401, as `refused` asks
    assert caller.role in ROLES
    assert isinstance(caller.operator_id, str)
    assert caller.customer_id is None or caller.role == "widget"


# The key set


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"keys": 7}', b'{"keys": []}', b'{"keys": [1, null, {}]}', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_key_set_says_so(content):
    with pytest.raises(UnreadableKeySetError):
        read_key_set(content)


def test_only_keys_we_take_are_taken():
    weak = {**RSAAlgorithm.to_jwk(WEAK.public_key(), as_dict=True), "kid": "weak"}
    private = {**ECAlgorithm.to_jwk(EC, as_dict=True), "kid": "private"}
    shared = {"kty": "oct", "k": "eHh4", "kid": "shared", "alg": "HS256"}
    others = [weak, private, shared, public("rsa", kid="enc", use="enc"), public("rsa", kid="ps", alg="PS256"),
              {**public("rsa"), "kid": None}, public("ec", kid="broken", x="AA")]  # fmt: skip
    assert list(read_key_set(json.dumps({"keys": [*others, public("ed")]}).encode())) == ["ed"]


# A server


class Provider:
    """Publishes a key set, unless it is ill."""

    def __init__(self) -> None:
        self.content, self.status, self.asked = key_set("ec"), 200, 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                self.send_response(provider.status)
                self.end_headers()
                self.wfile.write(provider.content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/keys"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def issuer(provider: Provider) -> Iterator[IssuerKeys]:
    issuer = IssuerKeys(PLATFORM, from_url(provider.url), every_seconds=60, at_most_every_seconds=0.3)
    yield issuer
    issuer.close()


def comes_true(claim: Any) -> bool:
    deadline = monotonic() + 10
    while not claim():
        if monotonic() > deadline:
            return False
        sleep(0.02)
    return True


def test_keys_are_fetched_a_new_one_is_fetched_when_its_first_token_comes(provider, issuer, tmp_path):
    keys = TokenKeys(tmp_path, issuer)
    assert not keys.are_known
    issuer.start()
    assert comes_true(lambda: keys.are_known)
    assert not refused(keys, signed("ec"))
    provider.content = key_set("ec", "ed")
    assert refused(keys, signed("ed")), "nobody waits for the provider"
    assert comes_true(lambda: not refused(keys, signed("ed")))


def test_unknown_ids_do_not_make_us_ask_the_provider_each_time(provider, issuer, tmp_path):
    keys = TokenKeys(tmp_path, issuer)
    issuer.start()
    comes_true(lambda: keys.are_known)
    began, asked = monotonic(), provider.asked
    while monotonic() - began < 1.0:
        assert refused(keys, signed("rsa"))
    assert 1 <= provider.asked - asked <= 5


@pytest.mark.parametrize(
    ("status", "content"), [(500, b""), (200, b"<html>"), (302, b""), (200, b" " * 10**6)]
)
def test_an_outage_of_the_provider_locks_nobody_out(provider, issuer, tmp_path, status, content):
    issuer.read_once()
    provider.status, provider.content = status, content
    issuer.read_once()
    assert not refused(TokenKeys(tmp_path, issuer), signed("ec"))
    assert issuer.generation == 1


def test_a_key_the_provider_withdrew_counts_no_longer(provider, issuer, tmp_path):
    issuer.read_once()
    clock = [datetime.now(UTC).timestamp()]
    keys = TokenKeys(tmp_path, issuer, lambda: clock[0])
    header = f"Bearer {signed('ec')}".encode()
    assert keys.caller(header).role == "crm"
    provider.content = key_set("ed")
    issuer.read_once()
    clock[0] += 3
    with pytest.raises(AccessDeniedError):
        keys.caller(header)


def test_without_the_providers_name_nothing_starts(tmp_path):
    for extra in (
        {},
        {"token_issuer": "busflow"},
        {"token_issuer": PLATFORM, "jwks_url": "https://x.example/k"},
    ):
        with pytest.raises(WrongUseError, match="BUSFLOW_TOKEN_ISSUER"):
            open_token_keys(load_settings(home=tmp_path, jwks_file=tmp_path / "keys.json", **extra))


def test_keys_from_a_file(tmp_path):
    (tmp_path / "keys.json").write_bytes(key_set("ec"))
    given = load_settings(home=tmp_path, jwks_file=tmp_path / "keys.json", token_issuer=PLATFORM)
    keys = open_token_keys(given)
    assert comes_true(lambda: not refused(keys, signed("ec")))


@pytest.mark.parametrize("url", ["http://id.platform.example/keys", "ftp://x/y", "https://u:p@x.example/"])
def test_keys_are_not_fetched_unprotected(url):
    with pytest.raises(WrongUseError, match="BUSFLOW_JWKS_URL"):
        load_settings(jwks_url=url)
