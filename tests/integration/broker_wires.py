"""Real brokers for tests: queues of one's own to send to, and a wire that can be cut."""

import asyncio
import contextlib
import os
import socket
import threading
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import aio_pika
import nats
import pytest
from nats.js.api import ConsumerConfig, RetentionPolicy, StreamConfig

RABBITMQ = ("RabbitMQ", "BUSFLOW_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672/")
NATS = ("NATS JetStream", "BUSFLOW_TEST_NATS_URL", "nats://127.0.0.1:4222")


class Wire(Protocol):
    """A topic and a queue of one's own on a broker. `left`: how many messages are not acknowledged yet."""

    url: str
    topic: str
    queue: str

    async def create(self) -> None: ...

    async def send(self, bodies: Iterable[bytes]) -> None: ...

    async def left(self) -> int: ...

    async def drop(self) -> None: ...


def url_of(server: tuple[str, str, str]) -> str:
    """Return where a server is; without it skip the test, or fail in CI."""
    name, variable, standard = server
    url = os.environ.get(variable, standard)
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), timeout=2).close()
    except OSError:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{name} must be there in CI: {variable}")
        pytest.skip(f"no {name} at {place.hostname}:{place.port}; name one in {variable}")
    return url


class RabbitWire:
    def __init__(self) -> None:
        self.url = url_of(RABBITMQ)
        self.topic = f"busflow.test.{uuid.uuid4().hex[:8]}"
        self.queue = f"{self.topic}.ingest"

    async def create(self) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(self.topic, "topic", durable=True)
            await (await channel.declare_queue(self.queue, durable=True)).bind(exchange, "#")

    async def send(self, bodies: Iterable[bytes]) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel(publisher_confirms=False)
            exchange = await channel.get_exchange(self.topic)
            for body in bodies:
                message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await exchange.publish(message, "any.key")

    async def left(self) -> int:
        """Count what waits to be delivered; what a consumer holds counts once it is gone."""
        async with await aio_pika.connect(self.url) as connection:
            queue = await (await connection.channel()).declare_queue(self.queue, passive=True)
            return queue.declaration_result.message_count or 0

    async def drop(self) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            await channel.queue_delete(self.queue)
            for exchange in (self.topic, f"{self.topic}.unbound"):
                await channel.exchange_delete(exchange)


class NatsWire:
    def __init__(self) -> None:
        self.url = url_of(NATS)
        self.topic = f"busflow.test.{uuid.uuid4().hex[:8]}"
        self.queue = f"{self.topic}.ingest"
        self._stream = self.topic.replace(".", "-")
        self._durable = self.queue.replace(".", "-")

    async def create(self) -> None:
        """Make the stream, and a consumer that is sent again what a killed one held after a second."""
        async with await nats.connect(self.url) as client:
            streams = client.jetstream()
            config = StreamConfig(self._stream, subjects=[self.topic], retention=RetentionPolicy.WORK_QUEUE)
            await streams.add_stream(config)
            consumer = ConsumerConfig(durable_name=self._durable, filter_subject=self.topic, ack_wait=1)
            await streams.add_consumer(self._stream, consumer)

    async def send(self, bodies: Iterable[bytes]) -> None:
        async with await nats.connect(self.url) as client:
            streams = client.jetstream()
            for body in bodies:
                await streams.publish(self.topic, body)

    async def left(self) -> int:
        async with await nats.connect(self.url) as client:
            about = await client.jetstream().consumer_info(self._stream, self._durable)
            return (about.num_pending or 0) + (about.num_ack_pending or 0)

    async def drop(self) -> None:
        async with await nats.connect(self.url) as client:
            await client.jetstream().delete_stream(self._stream)


class Cuttable:
    """A TCP proxy in front of a broker: `cut` breaks what runs through it and lets nobody in until `mend`."""

    def __init__(self, url: str):
        place = urlsplit(url)
        self._behind = (place.hostname or "", place.port or 0)
        self._door = socket.create_server(("127.0.0.1", 0))
        port = self._door.getsockname()[1]
        self.url = place._replace(netloc=place.netloc.rpartition("@")[0] + f"@127.0.0.1:{port}").geturl()
        self.url = self.url.replace("//@", "//")
        self._open = True
        self._sockets: list[socket.socket] = []
        self.breaks = 0
        threading.Thread(target=self._let_in, daemon=True).start()

    def cut(self) -> None:
        self._open = False
        self.breaks += len(self._sockets) // 2
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._sockets.clear()

    def mend(self) -> None:
        self._open = True

    def close(self) -> None:
        self.cut()
        with contextlib.suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    def _let_in(self) -> None:
        while True:
            try:
                inner, _ = self._door.accept()
            except OSError:
                return
            if not self._open:
                inner.close()
                continue
            outer = socket.create_connection(self._behind)
            self._sockets += [inner, outer]
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with source, contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def laid(wire: Wire) -> Iterator[Wire]:
    """Create a wire for a test and drop it after."""
    asyncio.run(wire.create())
    try:
        yield wire
    finally:
        asyncio.run(wire.drop())


def left(wire: Wire) -> Any:
    return asyncio.run(wire.left())
