"""Each kind of broker, in FastStream's memory: what it delivers is committed first and acknowledged then."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from faststream.kafka import TestKafkaBroker
from faststream.nats import TestNatsBroker
from faststream.rabbit import RabbitBroker, TestRabbitBroker

from activity_log.broker import intake as module
from activity_log.broker.address import parse_address
from activity_log.broker.connecting import kafka_broker, nats_broker, rabbit_broker
from activity_log.broker.intake import Intake
from activity_log.broker.subscribing import (
    Subscription,
    subscribe_kafka,
    subscribe_nats,
    subscribe_rabbit,
)
from tests.activity_log.broker.fakes import NOW, FakeStorage

HERE = Subscription(topic="busflow.events", queue="busflow.ingest", batch=10)
POISON = (b"\xff\xfe", b"{", b"[" * 5_000, b"")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)


def clock() -> datetime:
    return NOW


def through_rabbit(storage: FakeStorage, send: Callable[[RabbitBroker], Any]) -> Intake:
    async def run() -> Intake:
        intake = Intake(storage, clock)
        broker = rabbit_broker(parse_address("amqp://localhost"), prefetch=10)
        batching = asyncio.create_task(subscribe_rabbit(broker, HERE, intake).run())
        async with TestRabbitBroker(broker):
            await send(broker)
        batching.cancel()
        return intake

    return asyncio.run(run())


def test_rabbitmq_delivers_and_hears_of_the_commit():
    async def send(broker: RabbitBroker) -> None:
        await asyncio.gather(
            *(broker.publish(b"%d" % n, exchange="busflow.events", routing_key="any.key") for n in range(5))
        )

    storage = FakeStorage()
    intake = through_rabbit(storage, send)
    assert sorted(storage.committed) == [b"0", b"1", b"2", b"3", b"4"]
    assert (intake.stats.received, intake.stats.acknowledged) == (5, 5)


def test_poison_reaches_the_gate_with_its_bytes_and_is_acknowledged():
    async def send(broker: RabbitBroker) -> None:
        for body in POISON:
            await broker.publish(
                body, exchange="busflow.events", routing_key="x", content_type="application/json"
            )

    storage = FakeStorage()
    intake = through_rabbit(storage, send)
    assert storage.committed == list(POISON)
    assert intake.stats.acknowledged == len(POISON)


def test_a_binary_mode_event_is_known_by_its_headers():
    async def send(broker: RabbitBroker) -> None:
        headers: Any = {"cloudEvents:specversion": "1.0", "cloudEvents:id": "e-1"}
        await broker.publish(b'{"a":1}', exchange="busflow.events", routing_key="x", headers=headers)

    storage = FakeStorage()
    through_rabbit(storage, send)
    assert storage.committed == [b'{"data":{"a":1},"specversion": "1.0", "id": "e-1"}']


def test_what_is_not_committed_is_not_acknowledged():
    storage = FakeStorage()
    storage.away = 10**9

    async def run() -> Intake:
        intake = Intake(storage, clock)
        broker = rabbit_broker(parse_address("amqp://localhost"), prefetch=10)
        batching = asyncio.create_task(subscribe_rabbit(broker, HERE, intake).run())
        async with TestRabbitBroker(broker):
            sending = asyncio.create_task(broker.publish(b"a", exchange="busflow.events", routing_key="x"))
            await asyncio.sleep(0.1)
            intake.stop()
            await sending
        await asyncio.gather(batching, return_exceptions=True)
        return intake

    intake = asyncio.run(run())
    assert (intake.stats.received, intake.stats.acknowledged, storage.committed) == (1, 0, [])


def test_a_kafka_header_that_is_no_text_costs_no_batch():
    def record(offset: int, value: bytes, *headers: tuple[str, bytes]) -> ConsumerRecord[bytes, bytes]:
        size = len(value)
        return ConsumerRecord("busflow.events", 0, offset, 0, 0, None, value, None, 0, size, headers)

    async def run() -> Intake:
        intake = Intake(storage, clock)
        broker = kafka_broker(parse_address("kafka://localhost"))
        subscribe_kafka(broker, HERE, intake)
        async with TestKafkaBroker(broker):
            await broker.subscribers[0].consume((record(0, b"a", ("trace", b"\xff\xfe")), record(1, b"b")))
        return intake

    storage = FakeStorage()
    assert asyncio.run(run()).stats.acknowledged == 2
    assert storage.committed == [b"a", b"b"]


def test_kafka_delivers_a_batch_and_hears_of_the_commit():
    async def run() -> Intake:
        intake = Intake(storage, clock)
        broker = kafka_broker(parse_address("kafka://localhost"))
        subscribe_kafka(broker, HERE, intake)
        async with TestKafkaBroker(broker):
            await broker.publish_batch(*POISON, b"[1,2]", topic="busflow.events")
            await broker.publish(b'{"a":1}', topic="busflow.events", headers={"ce_specversion": "1.0"})
        return intake

    storage = FakeStorage()
    intake = asyncio.run(run())
    assert storage.committed == [*POISON, b"1", b"2", b'{"data":{"a":1},"specversion": "1.0"}']
    assert (intake.stats.received, intake.stats.acknowledged) == (6, 6)


def test_nats_delivers_a_batch_and_hears_of_the_commit():
    async def run() -> Intake:
        intake = Intake(storage, clock)
        broker = nats_broker(parse_address("nats://localhost"))
        subscribe_nats(broker, HERE, "busflow-events", intake)
        async with TestNatsBroker(broker):
            for body in (*POISON, b"[1,2]"):
                await broker.publish(body, "busflow.events", stream="busflow-events")
        return intake

    storage = FakeStorage()
    intake = asyncio.run(run())
    assert storage.committed == [*POISON, b"1", b"2"]
    assert (intake.stats.received, intake.stats.acknowledged) == (5, 5)
