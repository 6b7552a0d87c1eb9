"""Enrichment events through a real RabbitMQ: confirmed, in order, dead where nobody listens."""

import asyncio
import gc
import json
import uuid
from collections.abc import Iterator
from contextlib import aclosing, closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import aio_pika
import pytest

from activity_log.broker.publisher import open_publisher
from activity_log.clock import utc_now
from activity_log.database import Database, open_database
from activity_log.outbox import Message
from activity_log.outbox.addressing import subscribe_broker
from activity_log.outbox.backoff import BackOff
from activity_log.outbox.delivering import Deliverer, Terms
from activity_log.outbox.sending import BrokerSender, web_client
from tests.activity_log.fresh_logs import STORES, VAULT, fresh_log
from tests.activity_log.outbox.telling import SetClock, deliver, outbox, states, trigger, write_down
from tests.activity_log.stories import NOW
from tests.integration.broker_wires import RABBITMQ, Cuttable, url_of


class Listener(NamedTuple):
    """Somebody's queue at an exchange of the test's own."""

    url: str
    exchange: str
    queue: str

    async def create(self) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            exchange = await channel.declare_exchange(self.exchange, "topic", durable=True)
            queue = await channel.declare_queue(self.queue, durable=True)
            await queue.bind(exchange, "busflow.enrichment.EngagementTrigger")

    async def take(self) -> list[aio_pika.abc.AbstractIncomingMessage]:
        """Take all messages that wait."""
        taken = []
        async with await aio_pika.connect(self.url) as connection:
            queue = await (await connection.channel()).get_queue(self.queue)
            while message := await queue.get(no_ack=True, fail=False):
                taken.append(message)
        return taken

    async def drop(self) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            await channel.queue_delete(self.queue)
            await channel.exchange_delete(self.exchange)

    def sender(self, url: str | None = None) -> BrokerSender:
        return BrokerSender(url or self.url, partial(open_publisher, exchange=self.exchange))


@pytest.fixture
def listener() -> Iterator[Listener]:
    name = f"busflow.test.{uuid.uuid4().hex[:8]}"
    one = Listener(url_of(RABBITMQ), name, f"{name}.communications")
    asyncio.run(one.create())
    yield one
    asyncio.run(one.drop())


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A log whose broker is a destination."""
    with fresh_log(request.param, tmp_path) as url, closing(open_database(url, VAULT)) as database:
        with database.writing() as connection:
            subscribe_broker(connection, NOW)
        yield database


def test_a_message_arrives_as_it_was_written(database: Database, listener: Listener):
    write_down(database, trigger("anna", "e1"), trigger("anna", "e2"), trigger("bernd", "e3"))
    assert deliver(database, SetClock(), broker=listener.sender()).delivered == 3
    taken = asyncio.run(listener.take())
    told = outbox(database)
    assert sorted(json.loads(message.body)["sequence"] for message in taken) == [
        event["sequence"] for event in told
    ]
    assert [json.loads(message.body) for message in taken if message.headers["partitionkey"] == "c-anna"] == (
        told[:2]
    )
    assert {message.content_type for message in taken} == {"application/cloudevents+json"}
    assert {message.headers["message-id"] for message in taken} == {event["id"] for event in told}


def test_a_broker_that_is_not_there_is_tried_again(database: Database, listener: Listener):
    write_down(database, trigger("anna", "e1"), trigger("bernd", "e2"))
    clock = SetClock()
    assert deliver(database, clock, broker=listener.sender("amqp://guest:guest@127.0.0.1:1/")).failed == 2
    clock.now = NOW + BackOff().first
    assert deliver(database, clock, broker=listener.sender()).delivered == 2
    assert len(asyncio.run(listener.take())) == 2


@pytest.mark.slow
# aio_pika forgets to await the closing of a connection that broke before it was open
@pytest.mark.filterwarnings("ignore:coroutine 'RobustConnection.close' was never awaited")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_that_breaks_while_messages_are_on_their_way_loses_none(
    database: Database, listener: Listener
):
    terms = Terms(back_off=BackOff(first=timedelta(milliseconds=50), factor=1, attempts=1_000))

    async def story(wire: Cuttable) -> None:
        async with web_client() as client, aclosing(listener.sender(wire.url)) as broker:
            deliverer = Deliverer(database, client, broker, utc_now, terms)
            running = asyncio.create_task(deliverer.run())
            for cut in (False, True):
                if cut:
                    wire.cut()
                said = [trigger(f"{cut}{name}", f"{len(told)}{name}") for name in range(20)]
                told.extend(said)
                await asyncio.to_thread(write_down, database, *said)
                while "pending" in (now := states(database)["broker"])[-20:]:
                    await asyncio.sleep(0.05)
                    if cut and deliverer.tally.failed:
                        wire.mend()
            deliverer.stopping.set()
            await running
            assert set(now) == {"delivered"}
            assert deliverer.tally.failed > 0

    told: list[Message] = []
    with closing(Cuttable(listener.url)) as wire:
        asyncio.run(story(wire))
        gc.collect()
    taken = asyncio.run(listener.take())
    assert {message.headers["message-id"] for message in taken} == {message.message_id for message in told}


def test_what_no_queue_would_keep_counts_as_not_delivered(database: Database, listener: Listener):
    asyncio.run(listener.drop())
    write_down(database, trigger("anna", "e1"))
    terms = Terms(back_off=BackOff(attempts=1))
    assert deliver(database, SetClock(), broker=listener.sender(), terms=terms).dead == 1
    assert states(database) == {"broker": ["dead"]}
