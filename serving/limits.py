"""How often somebody may ask: per operator and role, per visitor of a widget, and per address that shows bad tokens.

Counted in each process by itself, so N workers let N times as much through. A limit is a pace with some room for
bursts (the generic cell rate algorithm, ITU-T I.371: a token bucket that keeps one number per key).
"""

import math
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import NamedTuple

from starlette.types import Scope

from activity_log.errors import WrongUseError
from activity_log.settings import Settings
from serving.access import ROLES, Caller

ROLE_PER_SECOND = 5_000.0
"""For roles without a limit of their own; more than one process can answer. Events are not limited."""
ROLE_BURST_SECONDS, VISITOR_BURST_SECONDS, FAILURES_BURST_SECONDS = 2.0, 10.0, 60.0
MOST_KEYS = 20_000
_IPV6_NEIGHBOURS = 64
"""Bits of an IPv6 address that a household or a server shares."""


class Rate(NamedTuple):
    """A pace: so many a second, and at once as many as come in `burst_seconds`."""

    name: str
    per_second: float
    burst_seconds: float

    @property
    def burst(self) -> int:
        """How many may come at once."""
        return max(1, int(self.per_second * self.burst_seconds))


class Refused(NamedTuple):
    """A limit that is used up, and in how many seconds it is not."""

    rate: Rate
    seconds: float

    @property
    def headers(self) -> dict[str, str]:
        """Return Retry-After, and the fields of the IETF draft "RateLimit header fields for HTTP"."""
        rate, wait = self.rate, math.ceil(self.seconds)
        return {
            "Retry-After": str(wait),
            "RateLimit-Policy": f'"{rate.name}";q={rate.burst};w={math.ceil(rate.burst_seconds)}',
            "RateLimit": f'"{rate.name}";r=0;t={wait}',
        }


class Pace:
    """One rate, kept for each of many keys."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = monotonic):
        self._rate = rate
        self._interval = 1 / rate.per_second
        self._slack = (rate.burst - 1) * self._interval
        self._clock = clock
        self._due: dict[Hashable, float] = {}
        """When each key will have used up nothing."""

    def take(self, key: Hashable) -> Refused | None:
        """Count one; say so if it is one too many, which is not counted."""
        now = self._clock()
        due = self._due.get(key, now)
        if due < now:
            due = now
        if due - now > self._slack:
            return Refused(self._rate, due - now - self._slack)
        self._due[key] = due + self._interval
        if len(self._due) > MOST_KEYS:
            self._forget(now)
        return None

    def used_up(self, key: Hashable) -> Refused | None:
        """Say whether one more would be too many, without counting it."""
        due = self._due.get(key, 0.0)
        wait = due - self._clock() - self._slack
        return Refused(self._rate, wait) if wait > 0 else None

    def _forget(self, now: float) -> None:
        """Drop who has used up nothing, and of the others the better half."""
        owing = sorted((due, key) for key, due in self._due.items() if due > now)[-MOST_KEYS // 2 :]
        self._due = {key: due for due, key in owing}


class Limits:
    """The limits of an installation."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic):
        unknown = sorted(set(settings.rate_limits) - set(ROLES))
        if unknown:
            raise WrongUseError(f"BUSFLOW_RATE_LIMITS: no role '{unknown[0]}'; there are {', '.join(ROLES)}")
        rates = {role: ROLE_PER_SECOND for role in ROLES if role != "ingest"} | settings.rate_limits
        self._roles: Mapping[str, Pace] = {
            role: Pace(Rate(role, rate, ROLE_BURST_SECONDS), clock) for role, rate in rates.items() if rate
        }
        self._visitors = _pace("visitor", settings.visitor_rate_limit, VISITOR_BURST_SECONDS, clock)
        self._failures = _pace(
            "tokens", settings.failed_tokens_per_minute / 60, FAILURES_BURST_SECONDS, clock
        )

    def of_caller(self, caller: Caller, scope: Scope) -> Refused | None:
        """Count a request of somebody known."""
        if caller.role == "widget" and self._visitors is not None:
            refused = self._of_visitor(self._visitors, caller, scope)
            if refused is not None:
                return refused
        pace = self._roles.get(caller.role)
        return None if pace is None else pace.take(caller.operator_id)

    def failures_of(self, scope: Scope) -> Refused | None:
        """Say whether so many bad tokens came from an address that none of its unknown ones is looked at now."""
        return None if self._failures is None else self._failures.used_up(address_of(scope))

    def count_failure(self, scope: Scope) -> None:
        """Count a bad token."""
        if self._failures is not None:
            self._failures.take(address_of(scope))

    @staticmethod
    def _of_visitor(pace: Pace, caller: Caller, scope: Scope) -> Refused | None:
        """Count by customer where the token names one: a page's token without one is everybody's, so by address."""
        address = address_of(scope)
        if address == "":
            return None
        return pace.take((caller.operator_id, caller.customer_id or address))


def address_of(scope: Scope) -> str:
    """Return whence a request comes: the address, of IPv6 its network; empty for this machine itself.

    Behind a proxy it is what the proxy says, if FORWARDED_ALLOW_IPS trusts it.
    """
    client = scope.get("client")
    return "" if client is None else _network(client[0])


@lru_cache(maxsize=4_096)
def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.is_loopback:
        return ""
    if isinstance(parsed, IPv6Address):
        return f"{int(parsed) >> (128 - _IPV6_NEIGHBOURS):x}::/64"
    return address


def _pace(name: str, per_second: float, burst_seconds: float, clock: Callable[[], float]) -> Pace | None:
    return Pace(Rate(name, per_second, burst_seconds), clock) if per_second else None
