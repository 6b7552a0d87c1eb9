"""Sending messages: a publisher that returns only when the broker has the message, whichever broker it is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from activity_log.broker.address import BrokerAddress, parse_address
from activity_log.broker.connecting import checked, kafka_broker, nats_broker, opened, rabbit_broker
from activity_log.errors import BusflowError

ENRICHMENT_EXCHANGE = "busflow.enrichment"
PUBLISH_SECONDS = 10.0


class UndeliveredError(BusflowError):
    """The broker did not confirm a message. It may have it all the same: send it again with the same id."""


class Publisher(Protocol):
    """Sends messages to one broker."""

    async def publish(self, topic: str, body: bytes, headers: dict[str, str]) -> None:
        """Send one message; return once the broker has stored it.

        topic: routing key of RabbitMQ, topic of Kafka, subject of NATS. headers: a `content-type` among them
        is the message's own. Raises UndeliveredError if it is not confirmed within ten seconds, also if nobody
        would keep it: no queue is bound to the key, no stream takes the subject.
        """


@asynccontextmanager
async def open_publisher(url: str, *, exchange: str = ENRICHMENT_EXCHANGE) -> AsyncIterator[Publisher]:
    """Connect to the broker at `url` (BUSFLOW_BROKER_URL), hand out its publisher, and close.

    exchange: the durable topic exchange of RabbitMQ that messages go to; it is declared. Others have none.
    Raises WrongUseError if the URL is wrong or the broker cannot be reached.
    """
    address = parse_address(url)
    publisher = _PUBLISHERS[address.scheme](address, exchange)
    async with opened(publisher.broker, address):
        await checked(publisher.prepare(), address)
        yield publisher


class _Preparing(Publisher, Protocol):
    broker: Any

    async def prepare(self) -> None: ...


class _RabbitPublisher:
    def __init__(self, address: BrokerAddress, exchange: str):
        from faststream.rabbit import ExchangeType, RabbitExchange

        self.broker = rabbit_broker(address)
        self._exchange = RabbitExchange(exchange, type=ExchangeType.TOPIC, durable=True)

    async def prepare(self) -> None:
        await self.broker.declare_exchange(self._exchange)

    async def publish(self, topic: str, body: bytes, headers: dict[str, str]) -> None:
        from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self.broker.publish(
                    body,
                    exchange=self._exchange,
                    routing_key=topic,
                    headers=dict(headers),
                    content_type=headers.get("content-type"),
                    persist=True,
                    mandatory=True,
                )
        except (AMQPError, ChannelInvalidStateError, OSError) as error:
            raise _undelivered(topic, error) from error


class _KafkaPublisher:
    def __init__(self, address: BrokerAddress, _exchange: str):
        self.broker = kafka_broker(address)

    async def prepare(self) -> None:
        """Have nothing to prepare: the producer asks for the topic at the first message."""

    async def publish(self, topic: str, body: bytes, headers: dict[str, str]) -> None:
        from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self.broker.publish(body, topic=topic, headers=headers)
        except (KafkaError, OSError) as error:
            raise _undelivered(topic, error) from error


class _NatsPublisher:
    def __init__(self, address: BrokerAddress, _exchange: str):
        self.broker = nats_broker(address)

    async def prepare(self) -> None:
        self._stream = (
            await self.broker.connect()
        ).jetstream()  # FastStream confirms only by a stream's name

    async def publish(self, topic: str, body: bytes, headers: dict[str, str]) -> None:
        from nats.errors import Error

        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._stream.publish(topic, body, timeout=PUBLISH_SECONDS, headers=headers)
        except (Error, OSError) as error:
            raise _undelivered(topic, error) from error


_PUBLISHERS: Mapping[str, Callable[[BrokerAddress, str], _Preparing]] = {
    "amqp": _RabbitPublisher,
    "amqps": _RabbitPublisher,
    "kafka": _KafkaPublisher,
    "nats": _NatsPublisher,
}


def _undelivered(topic: str, error: Exception) -> UndeliveredError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return UndeliveredError(f"{topic}: the broker did not confirm the message: {reason[:200]}")
