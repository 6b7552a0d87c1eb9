"""The address of a broker: which kind it is, how to reach it, and how to speak of it without its password."""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from activity_log.errors import WrongUseError

SCHEMES = ("amqp", "amqps", "kafka", "nats")
_DEFAULT_PORTS = {"amqp": 5672, "amqps": 5671, "kafka": 9092, "nats": 4222}


@dataclass(frozen=True)
class BrokerAddress:
    """A broker's URL, understood. `shown` may be printed; `url`, `user` and `password` may not."""

    scheme: str
    hosts: tuple[str, ...]
    shown: str
    url: str = field(repr=False)
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)

    def wrong(self, reason: object) -> WrongUseError:
        """Return the one clear message for a broker that does not answer as it should."""
        text = " ".join(str(reason).split()) or type(reason).__name__
        for secret in (self.password, self.url):
            text = text.replace(secret, "***") if secret else text
        return WrongUseError(f"BUSFLOW_BROKER_URL: {self.shown} cannot be used: {text[:300]}")


def parse_address(url: str) -> BrokerAddress:
    """Understand BUSFLOW_BROKER_URL. Raises WrongUseError for an empty one, an unknown kind, a missing host."""
    if not url:
        raise WrongUseError(
            "BUSFLOW_BROKER_URL is not set: give the broker, as in amqp://user:password@host:5672/"
        )
    parts = _split(url)
    if parts.scheme not in SCHEMES:
        raise WrongUseError(
            f"BUSFLOW_BROKER_URL: unknown kind of broker '{parts.scheme[:20]}'; known are "
            + ", ".join(f"{scheme}://" for scheme in SCHEMES)
        )
    credentials, _, places = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    hosts = tuple(_with_port(place, parts.scheme) for place in places.split(","))
    return BrokerAddress(
        scheme=parts.scheme,
        hosts=hosts,
        shown=f"{parts.scheme}://{','.join(hosts)}{parts.path}",
        url=url,
        user=unquote(user) or None,
        password=unquote(password) or None,
    )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise WrongUseError("BUSFLOW_BROKER_URL is no URL: write it as scheme://host:port/") from error


def _with_port(place: str, scheme: str) -> str:
    host, colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    host, port = (host, port) if colon else (place, str(_DEFAULT_PORTS[scheme]))
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise WrongUseError(
            f"BUSFLOW_BROKER_URL: '{place[:80]}' is no host and port: write {scheme}://host:{_DEFAULT_PORTS[scheme]}"
        )
    return f"{host}:{port}"
