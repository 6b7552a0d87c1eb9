"""How FastStream's brokers are made for each kind of address, and how a connection is opened or refused."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from activity_log.broker.address import BrokerAddress

if TYPE_CHECKING:
    from faststream.kafka import KafkaBroker
    from faststream.nats import NatsBroker
    from faststream.rabbit import RabbitBroker

CONNECT_SECONDS = 10.0
RECONNECT_SECONDS = 1
GRACE_SECONDS = 60.0
"""How long a shutdown waits for the batch under way."""

T = TypeVar("T")


def rabbit_broker(address: BrokerAddress, prefetch: int | None = None) -> "RabbitBroker":
    """Return a RabbitMQ broker that confirms what is published, and holds `prefetch` messages at most."""
    from faststream.rabbit import Channel, RabbitBroker

    return RabbitBroker(
        address.url,
        default_channel=Channel(
            prefetch_count=prefetch, publisher_confirms=True, on_return_raises=prefetch is None
        ),
        timeout=CONNECT_SECONDS,
        reconnect_interval=RECONNECT_SECONDS,
        graceful_timeout=GRACE_SECONDS,
        apply_types=False,
        logger=None,
    )


def kafka_broker(address: BrokerAddress) -> "KafkaBroker":
    """Return a Kafka broker. Credentials in the URL travel by SASL PLAIN over TLS, never in the clear."""
    from faststream.kafka import KafkaBroker
    from faststream.security import SASLPlaintext

    security = None
    if address.user is not None:
        security = SASLPlaintext(
            address.user, address.password or "", use_ssl=True, ssl_context=ssl.create_default_context()
        )
    return KafkaBroker(
        address.hosts,
        security=security,
        acks="all",
        enable_idempotence=True,
        graceful_timeout=GRACE_SECONDS,
        apply_types=False,
        logger=None,
    )


def nats_broker(address: BrokerAddress) -> "NatsBroker":
    """Return a NATS broker that comes back by itself after any interruption."""
    from faststream.nats import NatsBroker

    credentials = address.url.partition("://")[2].rpartition("@")[0]
    before = f"{credentials}@" if credentials else ""
    return NatsBroker(
        [f"nats://{before}{host}" for host in address.hosts],
        connect_timeout=int(CONNECT_SECONDS),
        reconnect_time_wait=RECONNECT_SECONDS,
        max_reconnect_attempts=-1,
        graceful_timeout=GRACE_SECONDS,
        apply_types=False,
        logger=None,
    )


@asynccontextmanager
async def opened(broker: Any, address: BrokerAddress) -> AsyncIterator[None]:
    """Keep a broker connected inside the block. Raises WrongUseError if it is not there or does not let us in."""
    await _knock(address)
    try:
        await checked(broker.connect(), address)
        yield
    finally:
        await broker.stop()


async def checked(asked: Awaitable[T], address: BrokerAddress) -> T:
    """Return the broker's answer; raise WrongUseError if it refuses, or stays silent for ten seconds."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await asked
    except TimeoutError as error:
        raise address.wrong(f"no answer within {CONNECT_SECONDS:.0f} seconds") from error
    except Exception as error:
        raise address.wrong(error) from error


async def _knock(address: BrokerAddress) -> None:
    """See that a port is open at all: a client library may try for a long time, and says less."""
    problems = []
    for place in address.hosts:
        host, _, port = place.rpartition(":")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError as error:
            problems.append(error)
        else:
            writer.close()
            return
    raise address.wrong(f"{problems[0]}; is it running?") from problems[0]
