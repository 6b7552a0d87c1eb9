"""Who may ask what: signed tokens (JWT, ES256) with operator, role and, for widgets, the one customer.

Default closed: a path that is in neither table below is refused without a valid token, and does not exist with one.
"""

import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from activity_log.errors import WrongUseError

Role = Literal["widget", "crm", "analyst", "marketing", "privacy", "ingest"]
ROLES: tuple[Role, ...] = get_args(Role)

PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/widget.js", "/widget/", "/crm")
"""What anybody may fetch: health, static files, and the CRM screen, which asks for its session itself."""

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
        "/openapi.json": frozenset(ROLES),
        "/docs.json": frozenset(ROLES),
        "/schema.json": frozenset(ROLES),
    }
)
"""Roles by how the path begins, `*` for any one segment; the longest row that fits counts."""

_LONGEST_FIRST = sorted(
    ((tuple(row.split("/")), roles) for row, roles in ALLOWED.items()), key=lambda row: -len(row[0])
)

AUDIENCE = "busflow"
_ALGORITHM = "ES256"
_LEEWAY = timedelta(seconds=30)


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
    """The key pair of an embedded installation, made at its first use and readable by its owner only."""

    def __init__(self, directory: Path):
        self._path = directory / "signing.pem"
        self._private = self._load() if self._path.exists() else self._create()
        self._public = self._private.public_key()

    def mint(
        self,
        operator_id: str,
        role: Role,
        *,
        now: datetime,
        customer_id: str | None = None,
        valid_for: timedelta = timedelta(hours=12),
    ) -> str:
        """Sign a token. Raises WrongUseError for a customer in a token that is not a widget's."""
        if customer_id is not None and role != "widget":
            raise WrongUseError(f"--customer goes with role widget, not with '{role}'")
        claims = {"aud": AUDIENCE, "iat": now, "exp": now + valid_for, "operator": operator_id, "role": role}
        if customer_id is not None:
            claims["customer"] = customer_id
        return jwt.encode(claims, self._private, algorithm=_ALGORITHM)

    def verify(self, token: str) -> Caller:
        """Return who holds the token. Raises AccessDeniedError (401) unless it is ours, whole and in time."""
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                leeway=_LEEWAY,
                options={"require": ["exp", "aud", "operator", "role"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise AccessDeniedError(401, "the token has expired: get a new one") from error
        except jwt.InvalidTokenError as error:
            raise AccessDeniedError(401, "the token is not valid") from error
        if claims["role"] not in ROLES:
            raise AccessDeniedError(401, "the token names no known role")
        return Caller(claims["operator"], claims["role"], claims.get("customer"))

    def _load(self) -> ec.EllipticCurvePrivateKey:
        remedy = "delete it to have a new one made; all tokens lose their validity with it"
        try:
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise WrongUseError(f"{self._path}: no private key without password; {remedy}") from error
        if not (isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)):
            raise WrongUseError(f"{self._path}: not an elliptic-curve key of P-256; {remedy}")
        return key

    def _create(self) -> ec.EllipticCurvePrivateKey:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        return key


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
