"""The consumer: connected, subscribed, and at work until it is stopped."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from datetime import datetime

from activity_log.broker.address import BrokerAddress, parse_address
from activity_log.broker.connecting import checked, kafka_broker, nats_broker, opened, rabbit_broker
from activity_log.broker.intake import Intake, IntakeStats
from activity_log.broker.subscribing import (
    Subscription,
    jetstream_of,
    subscribe_kafka,
    subscribe_nats,
    subscribe_rabbit,
)
from activity_log.database import Database
from activity_log.gate import Rejected
from activity_log.ingestion import Receipt, ingest, ingest_events
from activity_log.json_texts import parse_json
from activity_log.settings import Settings

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger("busflow.broker")


class LogStorage:
    """The activity log as the intake's storage. only_operator: whose events these must be."""

    def __init__(self, database: Database, clock: Callable[[], datetime], only_operator: str | None = None):
        self._database = database
        self._clock = clock
        self._only_operator = only_operator

    def ingest(self, raws: Sequence[bytes]) -> Receipt:
        """Take events in through the gate, in one transaction."""
        return ingest_events(
            self._database, raws, way="broker", now=self._clock(), only_operator=self._only_operator
        )

    def put_aside(self, raw: bytes, reason: str) -> None:
        """Put bytes into quarantine, under the names that they give themselves if they can be read."""
        operator_id, event_id = _names(raw)
        ingest(self._database, [Rejected(operator_id, event_id, reason, raw)], self._clock(), way="broker")


async def consume(
    settings: Settings, database: Database, *, only_operator: str | None, clock: Callable[[], datetime]
) -> IntakeStats:
    """Take events from the broker into the log until SIGTERM or SIGINT; return what was done.

    A message is acknowledged once its events are committed, so that neither a kill nor a lost connection loses
    one. While the database is away it waits; while the broker is away it reconnects.
    Raises WrongUseError if BUSFLOW_BROKER_URL is wrong or the broker cannot be reached at the start.
    """
    address = parse_address(settings.broker_url)
    intake = Intake(LogStorage(database, clock, only_operator), clock)
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, intake.stop)
    async with subscribed(address, settings, intake):
        logger.info("taking events from %s, %s", address.shown, settings.broker_queue)
        await intake.ended.wait()
        logger.info("stopping: the batch under way is finished")
    logger.info("stopped: %s", asdict(intake.stats))
    if intake.failure is not None:
        raise intake.failure
    return intake.stats


def subscribed(
    address: BrokerAddress, settings: Settings, intake: Intake
) -> AbstractAsyncContextManager[None]:
    """Let the intake have the messages of the broker inside the block; what it has begun is finished at the end."""
    subscription = Subscription(settings.broker_topic, settings.broker_queue, settings.broker_batch)
    if address.scheme == "kafka":
        return _subscribed_kafka(address, subscription, intake)
    if address.scheme == "nats":
        return _subscribed_nats(address, subscription, intake)
    return _subscribed_rabbit(address, subscription, settings.broker_prefetch, intake)


@asynccontextmanager
async def _subscribed_rabbit(
    address: BrokerAddress, subscription: Subscription, prefetch: int, intake: Intake
) -> AsyncIterator[None]:
    broker = rabbit_broker(address, prefetch)
    batching = asyncio.create_task(subscribe_rabbit(broker, subscription, intake).run())
    try:
        async with opened(broker, address):
            await checked(broker.start(), address)
            yield
    finally:
        batching.cancel()
        await asyncio.gather(batching, return_exceptions=True)


@asynccontextmanager
async def _subscribed_kafka(
    address: BrokerAddress, subscription: Subscription, intake: Intake
) -> AsyncIterator[None]:
    broker = kafka_broker(address)
    subscribe_kafka(broker, subscription, intake)
    async with opened(broker, address):
        await checked(broker.start(), address)
        yield


@asynccontextmanager
async def _subscribed_nats(
    address: BrokerAddress, subscription: Subscription, intake: Intake
) -> AsyncIterator[None]:
    broker = nats_broker(address)
    async with opened(broker, address):
        stream = await checked(jetstream_of(broker, subscription), address)
        subscribe_nats(broker, subscription, stream, intake)
        await checked(broker.start(), address)
        yield


def _names(raw: bytes) -> tuple[str | None, str | None]:
    try:
        document = parse_json(raw)
    except ValueError:
        return None, None
    named = document if isinstance(document, dict) else {}
    operator_id, event_id = (
        str(named[name])[:200] if name in named else None for name in ("operatorid", "id")
    )
    return operator_id, event_id
