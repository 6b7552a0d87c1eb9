"""Who may ask what: signed tokens (JWT) with operator, role and, for widgets, the one customer.

Default closed: a path that is in neither table below is refused without a valid token, and does not exist with one.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from time import time
from types import MappingProxyType
from typing import Any, Literal, get_args

import jwt

from activity_log.errors import WrongUseError
from activity_log.settings import Settings
from activity_log.telemetry import logger
from serving.issuers import IssuerKeys, from_file, from_url
from serving.key_ring import FIRST, Jwk, KeyRing, SigningKey

Role = Literal["widget", "crm", "analyst", "marketing", "privacy", "ingest"]
ROLES: tuple[Role, ...] = get_args(Role)

PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/.well-known/jwks.json", "/widget.js", "/widget/", "/crm")
"""What anybody may fetch: health, public keys, files; and the CRM screen, which asks for its session itself."""

ALLOWED: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        "/recommend": frozenset({"widget", "crm", "marketing"}),
        "/also_booked": frozenset({"widget", "crm", "marketing", "analyst"}),
        "/churn_risk": frozenset({"crm", "marketing", "analyst"}),
        "/customer_insight": frozenset({"crm", "analyst"}),
        "/recommend/batch": frozenset({"crm", "marketing"}),
        "/recommendations": frozenset({"crm", "marketing", "analyst"}),
        "/invite": frozenset({"crm", "marketing"}),
        "/customers": frozenset({"crm"}),
        "/customers/*/rfm": frozenset({"crm", "marketing", "analyst"}),
        "/customers/*/clv": frozenset({"crm", "marketing", "analyst"}),
        "/customers/*/insights": frozenset({"crm", "marketing", "analyst"}),
        "/customers/*/segments": frozenset({"crm", "marketing", "analyst"}),
        "/segments": frozenset({"crm", "marketing", "analyst"}),
        "/events": frozenset({"ingest"}),
        "/feedback": frozenset({"widget", "crm"}),
        "/metrics": frozenset({"analyst"}),
        "/rules": frozenset({"marketing", "crm"}),
        "/openapi.json": frozenset(ROLES),
        "/docs.json": frozenset(ROLES),
        "/schema.json": frozenset(ROLES),
    }
)
"""Roles by how the path begins, `*` for any one segment; the longest row that fits counts."""

_LONGEST_FIRST = sorted(
    ((tuple(row.split("/")), roles) for row, roles in ALLOWED.items()), key=lambda row: -len(row[0])
)

ISSUER = AUDIENCE = "busflow"
LEEWAY_SECONDS = 30
LOOK_EVERY_SECONDS = 3.0
MISSED_SECONDS = 0.5
"""How soon the key folder is looked at again for a key that a token names and nobody knows."""
LONGEST_TOKEN = 8_192
MOST_KNOWN = 10_000
NOT_VALID = "the token is not valid"
_NOBODY: tuple[None, float] = (None, 0.0)
_LOG = logger("serving.access")


class AccessDeniedError(Exception):
    """No valid token (401), one that may not do this (403), or a path that is nobody's (404)."""

    def __init__(self, status: Literal[401, 403, 404], detail: str):
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Caller:
    """Who asks. `customer_id`: the one customer a widget token may ask for."""

    operator_id: str
    role: Role
    customer_id: str | None = None


current_caller: ContextVar[Caller] = ContextVar("current_caller")
"""Set by the gate for the time of a request."""


class TokenKeys:
    """Whose tokens count: those of the installation's own key ring and, where there is one, of an identity provider.

    A token that was verified is known by its Authorization header until it expires or a key comes or goes, since
    verifying one takes a tenth of a millisecond. Changes of the key folder are noticed within LOOK_EVERY_SECONDS.
    """

    def __init__(self, directory: Path, issuer: IssuerKeys | None = None, clock: Callable[[], float] = time):
        self._ring = KeyRing(directory)
        self._issuer = issuer
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()
        self._own = {key.kid: key for key in self._ring.load()}
        self._state = self._ring.state()
        self._generation = 0
        self._look_at = clock() + LOOK_EVERY_SECONDS

    def mint(
        self,
        operator_id: str,
        role: Role,
        *,
        now: datetime,
        customer_id: str | None = None,
        valid_for: timedelta = timedelta(hours=12),
    ) -> str:
        """Sign a token with the newest key. Raises WrongUseError for a customer in a token that is not a widget's."""
        if customer_id is not None and role != "widget":
            raise WrongUseError(f"--customer goes with role widget, not with '{role}'")
        claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + valid_for}
        claims |= {"operator": operator_id, "role": role}
        if customer_id is not None:
            claims["customer"] = customer_id
        key = self._ring.load()[-1]
        return jwt.encode(claims, key.private, algorithm="ES256", headers={"kid": key.kid})

    def caller(self, authorization: bytes) -> Caller:
        """Return who sends an Authorization header. Raises AccessDeniedError (401)."""
        known = self.known(authorization)
        if known is not None:
            return known
        try:
            token = bearer(authorization.decode("ascii"))
        except UnicodeDecodeError as error:
            raise AccessDeniedError(401, NOT_VALID) from error
        caller, until = self._verify(token)
        self._known[authorization] = caller, until
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return caller

    def known(self, authorization: bytes) -> Caller | None:
        """Return who sends an Authorization header that was verified before and has not expired, else None."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY_SECONDS
            self._look()
        caller, until = self._known.get(authorization, _NOBODY)
        if caller is None or now >= until:
            return None
        self._known.move_to_end(authorization)
        return caller

    def verify(self, token: str) -> Caller:
        """Return who holds the token. Raises AccessDeniedError (401) unless it is of ours, whole and in time."""
        return self._verify(token)[0]

    def jwks(self) -> dict[str, list[Jwk]]:
        """Return the public halves of the own keys, as others verify our tokens with."""
        return {"keys": [key.jwk for key in self._own.values()]}

    @property
    def are_known(self) -> bool:
        """Say whether the identity provider's keys, if there is one, have been read."""
        return self._issuer is None or self._issuer.is_known

    def _verify(self, token: str) -> tuple[Caller, float]:
        try:
            claims = self._claims(token)
            until = float(claims["exp"]) + LEEWAY_SECONDS
        except jwt.ExpiredSignatureError as error:
            raise AccessDeniedError(401, "the token has expired: get a new one") from error
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            raise AccessDeniedError(401, NOT_VALID) from error
        return _caller(claims), until

    def _claims(self, token: str) -> dict[str, Any]:
        """Check signature, issuer, audience and times. A key verifies with its own algorithm only."""
        if len(token) > LONGEST_TOKEN:
            raise jwt.DecodeError("too long")
        kid = jwt.get_unverified_header(token).get("kid")
        own, theirs = self._own_key(kid), None
        if own is None and self._issuer is not None and kid is not None:
            theirs = self._issuer.key(kid)
        if own is not None:
            key, algorithm, issuer = own.public, "ES256", ISSUER
        elif theirs is not None and self._issuer is not None:
            key, algorithm, issuer = theirs.key, theirs.algorithm_name, self._issuer.issuer
        else:
            raise jwt.InvalidKeyError("unknown key")
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[algorithm], audience=AUDIENCE, leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "aud", "operator", "role"]},
        )  # fmt: skip
        if claims.get("iss", ISSUER) != issuer:
            raise jwt.InvalidIssuerError("another issuer")
        return claims

    def _own_key(self, kid: str | None) -> SigningKey | None:
        """Return an own key; tokens from before there were several name none, and are the first one's."""
        if kid is None:
            return next((key for key in self._own.values() if key.path.name == FIRST), None)
        if kid not in self._own and self._clock() >= self._look_at - LOOK_EVERY_SECONDS + MISSED_SECONDS:
            self._look_at = self._clock() + LOOK_EVERY_SECONDS
            self._look()
        return self._own.get(kid)

    def _look(self) -> None:
        """Take up keys that came, and forget tokens of those that went."""
        if self._issuer is not None and self._issuer.generation != self._generation:
            self._generation = self._issuer.generation
            self._known.clear()
        try:
            state = self._ring.state()
            if state == self._state:
                return
            self._own = {key.kid: key for key in self._ring.load()}
        except (OSError, WrongUseError) as error:
            _LOG.error("the signing keys cannot be read; the known ones stay", reason=type(error).__name__)
            return
        self._state = state
        self._known.clear()


def _caller(claims: Mapping[str, Any]) -> Caller:
    """Read whom the claims name; each has its type, and only a widget's names a customer."""
    operator, role, customer = claims["operator"], claims["role"], claims.get("customer")
    if not isinstance(role, str) or role not in ROLES:
        raise AccessDeniedError(401, "the token names no known role")
    if not isinstance(operator, str) or not operator:
        raise AccessDeniedError(401, "the token names no operator")
    if customer is not None and (role != "widget" or not isinstance(customer, str) or not customer):
        raise AccessDeniedError(401, "the token names a customer as it may not")
    return Caller(operator, role, customer)


def open_token_keys(settings: Settings) -> TokenKeys:
    """Open the keys of an installation. Raises WrongUseError for an identity provider without its name."""
    reads = [from_url(settings.jwks_url)] if settings.jwks_url else []
    reads += [from_file(settings.jwks_file)] if settings.jwks_file else []
    if not reads:
        return TokenKeys(settings.keys_dir)
    if len(reads) > 1 or settings.token_issuer in {"", ISSUER}:
        raise WrongUseError(
            "set one of BUSFLOW_JWKS_URL and BUSFLOW_JWKS_FILE, and BUSFLOW_TOKEN_ISSUER to the provider's `iss`"
        )
    issuer = IssuerKeys(settings.token_issuer, reads[0])
    issuer.start()
    return TokenKeys(settings.keys_dir, issuer)


def is_public(path: str) -> bool:
    """Say whether a path needs no token."""
    return any(path == public or path.startswith(public.rstrip("/") + "/") for public in PUBLIC_PATHS)


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header. Raises AccessDeniedError (401)."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AccessDeniedError(401, "send a token: Authorization: Bearer <token>")
    return token.strip()


def no_such_path(path: str) -> str:
    """Say that nothing is there, and what is."""
    return f"there is no {path}; there are {', '.join(sorted(ALLOWED))}"


@lru_cache(maxsize=4_096)
def roles_of(path: str) -> frozenset[Role]:
    """Return the roles that may use a path; none: there is no such path."""
    asked = path.split("/")
    return next((roles for row, roles in _LONGEST_FIRST if _begins(asked, row)), frozenset())


def _begins(asked: Sequence[str], row: Sequence[str]) -> bool:
    return len(asked) >= len(row) and all(
        wanted in ("*", part) for part, wanted in zip(asked, row, strict=False)
    )


def check_role(caller: Caller, path: str) -> None:
    """Raise AccessDeniedError unless the caller's role may use the path (403), or if no role may (404)."""
    allowed = roles_of(path)
    if not allowed:
        raise AccessDeniedError(404, no_such_path(path))
    if caller.role not in allowed:
        raise AccessDeniedError(
            403, f"role '{caller.role}' may not use {path}; {', '.join(sorted(allowed))} may"
        )


def check_customer(caller: Caller, customer_id: str | None) -> None:
    """Raise AccessDeniedError (403) if a widget asks for a customer its token does not name."""
    if caller.role == "widget" and customer_id is not None and customer_id != caller.customer_id:
        raise AccessDeniedError(403, "this widget token does not name that customer")
