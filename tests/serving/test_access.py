"""Who gets in. Nordlicht's tokens are signed with a key of its own installation."""

import asyncio
import base64
import hmac
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.responses import Response

from activity_log.errors import WrongUseError
from activity_log.settings import load_settings
from serving.access import (
    ALLOWED,
    AUDIENCE,
    ROLES,
    AccessDeniedError,
    Caller,
    TokenKeys,
    bearer,
    check_customer,
    check_role,
    is_public,
)
from serving.cors import Origins
from serving.gate import AccessGate
from serving.limits import Limits


@pytest.fixture
def keys(tmp_path: Path) -> TokenKeys:
    return TokenKeys(tmp_path / "keys")


def now() -> datetime:
    return datetime.now(UTC)


def signing_key(tmp_path: Path) -> bytes:
    return (tmp_path / "keys" / "signing.pem").read_bytes()


def refused(keys: TokenKeys, token: str) -> str:
    with pytest.raises(AccessDeniedError) as denied:
        keys.verify(token)
    assert denied.value.status == 401
    assert token not in denied.value.detail
    return denied.value.detail


@pytest.mark.parametrize("role", ROLES)
def test_a_token_says_who_holds_it(keys, role):
    assert keys.verify(keys.mint("nordlicht", role, now=now())) == Caller("nordlicht", role, None)


def test_a_widget_token_names_its_customer(keys):
    token = keys.mint("nordlicht", "widget", now=now(), customer_id="c-anna")
    assert keys.verify(token) == Caller("nordlicht", "widget", "c-anna")


def test_only_a_widget_token_names_a_customer(keys):
    with pytest.raises(WrongUseError, match="role widget, not with 'crm'"):
        keys.mint("nordlicht", "crm", now=now(), customer_id="c-anna")


def test_an_expired_token_says_so(keys):
    assert "expired" in refused(keys, keys.mint("nordlicht", "crm", now=now() - timedelta(days=2)))


def test_a_tampered_token_is_refused(keys):
    head, body, signature = keys.mint("nordlicht", "widget", now=now()).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"role": "crm"}).encode()).decode().rstrip("=")
    refused(keys, f"{head}.{forged}.{signature}")


def test_a_token_of_another_installation_is_refused(keys, tmp_path):
    refused(keys, TokenKeys(tmp_path / "others").mint("nordlicht", "crm", now=now()))


CLAIMS = {"aud": AUDIENCE, "operator": "nordlicht", "role": "crm", "exp": 4_000_000_000}


def test_an_unsigned_token_is_refused(keys):
    refused(keys, jwt.encode(CLAIMS, None, algorithm="none"))


def test_a_token_signed_with_our_public_key_as_secret_is_refused(keys, tmp_path):
    """The known confusion of algorithms: HS256 with the public key."""
    private = serialization.load_pem_private_key(signing_key(tmp_path), password=None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    unsigned = jwt.encode(CLAIMS, "x" * 32, algorithm="HS256").rpartition(".")[0]
    signature = hmac.digest(public, unsigned.encode(), "sha256")
    refused(keys, f"{unsigned}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


@pytest.mark.parametrize("missing", ["aud", "operator", "role", "exp"])
def test_a_token_without_a_claim_is_refused(keys, tmp_path, missing):
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    refused(keys, jwt.encode(claims, signing_key(tmp_path), algorithm="ES256"))


@pytest.mark.parametrize("wrong", [{"aud": "someone else"}, {"role": "king"}])
def test_a_token_with_a_wrong_claim_is_refused(keys, tmp_path, wrong):
    refused(keys, jwt.encode(CLAIMS | wrong, signing_key(tmp_path), algorithm="ES256"))


@pytest.mark.parametrize("junk", ["", "x", "a.b.c", "ä.ö.ü", "." * 10_000])
def test_junk_is_no_token(keys, junk):
    with pytest.raises(AccessDeniedError) as denied:
        keys.verify(junk)
    assert denied.value.status == 401


def test_the_key_is_its_owners_only_and_stays(tmp_path, keys):
    path = tmp_path / "keys" / "signing.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    token = keys.mint("nordlicht", "crm", now=now())
    assert TokenKeys(tmp_path / "keys").verify(token).role == "crm"


def test_another_kind_of_key_is_named_with_its_remedy(tmp_path):
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "signing.pem").write_bytes(pem)
    with pytest.raises(WrongUseError, match=r"signing\.pem: not an elliptic-curve key of P-256; delete it"):
        TokenKeys(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no key at all"])
def test_a_broken_key_file_is_named_with_its_remedy(tmp_path, content):
    (tmp_path / "signing.pem").write_bytes(content)
    with pytest.raises(WrongUseError, match=r"signing\.pem"):
        TokenKeys(tmp_path)


def test_another_curve_is_no_key_of_ours(tmp_path):
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "signing.pem").write_bytes(pem)
    with pytest.raises(WrongUseError, match=r"signing\.pem"):
        TokenKeys(tmp_path)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_a_header_without_bearer_token_is_refused(header):
    with pytest.raises(AccessDeniedError, match="Authorization: Bearer") as denied:
        bearer(header)
    assert denied.value.status == 401


def test_bearer_is_written_in_any_case():
    assert bearer("bearer  abc ") == "abc"


WHO_MAY = {
    "/recommend": {"widget", "crm", "marketing"},
    "/also_booked": {"widget", "crm", "marketing", "analyst"},
    "/churn_risk": {"crm", "marketing", "analyst"},
    "/customer_insight": {"crm", "analyst"},
    "/customers": {"crm"},
    "/customers/c-anna/timeline": {"crm"},
    "/events": {"ingest"},
    "/feedback": {"widget", "crm"},
    "/metrics": {"analyst"},
    "/rules": {"marketing", "crm"},
    "/rules/preview": {"marketing", "crm"},
    "/recommend/batch": {"crm", "marketing"},
    "/recommendations": {"crm", "marketing", "analyst"},
    "/invite": {"crm", "marketing"},
    "/customers/*/rfm": {"crm", "marketing", "analyst"},
    "/customers/*/clv": {"crm", "marketing", "analyst"},
    "/customers/*/insights": {"crm", "marketing", "analyst"},
    "/customers/*/segments": {"crm", "marketing", "analyst"},
    "/segments": {"crm", "marketing", "analyst"},
    "/openapi.json": set(ROLES),
    "/docs.json": set(ROLES),
    "/schema.json": set(ROLES),
}


def test_who_may_what_is_stated_here_for_every_path_there_is():
    assert set(ALLOWED) <= set(WHO_MAY)


def through_the_gate(keys: TokenKeys, path: str, token: str = "") -> httpx.Response:
    """What the gate answers; 204 is what stands behind it."""
    limits, origins = Limits(load_settings()), Origins({})
    app = AccessGate(Response(status_code=204), lambda: keys, lambda: limits, lambda: origins)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})

    return asyncio.run(ask())


@pytest.mark.parametrize("path", WHO_MAY)
def test_the_gate_asks_for_a_token_and_lets_each_role_do_its_own_things_only(keys, path):
    assert through_the_gate(keys, path).status_code == 401
    assert through_the_gate(keys, path, "nonsense").status_code == 401
    answers = {
        role: through_the_gate(keys, path, keys.mint("nordlicht", role, now=now())).status_code
        for role in ROLES
    }
    assert answers == {role: 204 if role in WHO_MAY[path] else 403 for role in ROLES}


@pytest.mark.parametrize("path", WHO_MAY)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_its_own_things_only(path, role):
    caller = Caller("nordlicht", role)
    if role in WHO_MAY[path]:
        check_role(caller, path)
        return
    with pytest.raises(AccessDeniedError, match=re.escape(f"role '{role}' may not use {path}")) as denied:
        check_role(caller, path)
    assert denied.value.status == 403


@pytest.mark.parametrize("path", ["/", "", "/nowhere", "//recommend", "/Recommend", "/recommend.json"])
def test_a_path_in_no_table_does_not_exist(path):
    with pytest.raises(AccessDeniedError) as denied:
        check_role(Caller("nordlicht", "crm"), path)
    assert denied.value.status == 404


@pytest.mark.parametrize("path", ["/widget.json", "/crmx", "/livezz", "/docs.json", "/metrics", "/"])
def test_what_only_looks_public_is_not(path):
    assert not is_public(path)


def test_a_widget_asks_for_its_own_customer_only():
    own, nobody = Caller("nordlicht", "widget", "c-anna"), Caller("nordlicht", "widget")
    check_customer(own, "c-anna")
    check_customer(own, None)
    check_customer(Caller("nordlicht", "crm"), "c-bernd")
    for caller in (own, nobody):
        with pytest.raises(AccessDeniedError) as denied:
            check_customer(caller, "c-bernd")
        assert denied.value.status == 403
