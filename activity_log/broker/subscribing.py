"""Subscriptions: how each kind of broker hands messages to the intake, and when it hears that they are safe.

Nowhere does FastStream acknowledge by itself (AckPolicy.MANUAL). RabbitMQ delivers one by one, so that many
deliveries wait for one commit; Kafka and NATS deliver batches, and the next is asked for once one is done.
"""

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from activity_log.broker.batching import Batcher
from activity_log.broker.intake import Intake, StoppedError
from activity_log.broker.messages import Message

if TYPE_CHECKING:
    from faststream.kafka import KafkaBroker
    from faststream.message import StreamMessage
    from faststream.nats import NatsBroker
    from faststream.rabbit import RabbitBroker

LINGER_SECONDS = 0.05
"""How long a message waits for others to be committed with it."""

POLL_SECONDS = 0.25
"""The same where we ask for messages instead of being sent them: often enough, and idle calls stay few."""

NATS_ACK_SECONDS = 30
"""After how long NATS delivers again what was not acknowledged."""

logger = logging.getLogger("busflow.broker")


@dataclass(frozen=True)
class Subscription:
    """topic: where events come from. queue: who takes them. batch: how many messages are committed together."""

    topic: str
    queue: str
    batch: int


def subscribe_rabbit(broker: "RabbitBroker", subscription: Subscription, intake: Intake) -> Batcher:
    """Take from a durable queue, bound to a durable topic exchange by `#`. Returns the batcher, to be run."""
    from faststream import AckPolicy
    from faststream.rabbit import ExchangeType, RabbitExchange, RabbitQueue

    batcher = Batcher(intake.take, subscription.batch, LINGER_SECONDS)
    subscriber = broker.subscriber(
        RabbitQueue(subscription.queue, durable=True, routing_key="#"),
        RabbitExchange(subscription.topic, type=ExchangeType.TOPIC, durable=True),
        ack_policy=AckPolicy.MANUAL,
        decoder=_undecoded,
        no_reply=True,
    )

    async def take_one(delivered: Any) -> None:
        intake.stats.received += 1
        headers = {**delivered.headers, "content-type": delivered.content_type or ""}
        try:
            await batcher.add(Message(delivered.body, headers))
        except StoppedError:
            await delivered.nack(requeue=True)
            return
        await _acknowledge(delivered, 1, intake)

    subscriber(take_one)
    return batcher


def subscribe_kafka(broker: "KafkaBroker", subscription: Subscription, intake: Intake) -> None:
    """Take from a topic as a consumer group, from its beginning at first; offsets are committed after us."""
    from faststream import AckPolicy

    subscriber = broker.subscriber(
        subscription.topic,
        group_id=subscription.queue,
        batch=True,
        max_records=subscription.batch,
        batch_timeout_ms=int(POLL_SECONDS * 1000),
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        parser=_readable_headers,
        decoder=_undecoded,
        no_reply=True,
    )
    subscriber(_batch_handler(intake))


def subscribe_nats(broker: "NatsBroker", subscription: Subscription, stream: str, intake: Intake) -> None:
    """Take from a JetStream stream as a durable consumer, batch by batch."""
    from faststream import AckPolicy
    from faststream.nats import JStream, PullSub
    from nats.js.api import ConsumerConfig

    subscriber = broker.subscriber(
        subscription.topic,
        stream=JStream(stream, declare=False),
        durable=subscription.queue.replace(".", "-"),
        config=ConsumerConfig(ack_wait=NATS_ACK_SECONDS, max_ack_pending=2 * subscription.batch),
        pull_sub=PullSub(batch=True, batch_size=subscription.batch, timeout=POLL_SECONDS),
        ack_policy=AckPolicy.MANUAL,
        decoder=_undecoded,
        no_reply=True,
    )
    subscriber(_batch_handler(intake))


async def jetstream_of(broker: "NatsBroker", subscription: Subscription) -> str:
    """Return the stream that keeps the topic; where none does, make one that holds messages until they are taken."""
    from nats.js.api import RetentionPolicy, StreamConfig
    from nats.js.errors import NotFoundError

    streams = (await broker.connect()).jetstream()
    try:
        return await streams.find_stream_name_by_subject(subscription.topic)
    except NotFoundError:
        name = subscription.topic.replace(".", "-")
        await streams.add_stream(
            StreamConfig(name, subjects=[subscription.topic], retention=RetentionPolicy.WORK_QUEUE)
        )
        return name


def _batch_handler(intake: Intake) -> Any:
    async def take_batch(delivered: Any) -> None:
        intake.stats.received += len(delivered.body)
        try:
            await intake.take(
                [
                    Message(body, headers)
                    for body, headers in zip(delivered.body, delivered.batch_headers, strict=True)
                ]
            )
        except StoppedError:
            await delivered.nack()
            return
        await _acknowledge(delivered, len(delivered.body), intake)

    return take_batch


async def _acknowledge(delivered: "StreamMessage[Any]", count: int, intake: Intake) -> None:
    """Tell the broker. If it cannot be told, it delivers again, and the ids are known."""
    await delivered.ack()
    intake.stats.acknowledged += count


async def _undecoded(delivered: "StreamMessage[Any]") -> "StreamMessage[Any]":
    """Hand on the message itself: decoding is the gate's, so that nothing fails before it."""
    return delivered


async def _readable_headers(records: tuple[Any, ...], parse: Any) -> Any:
    """Mend headers that are no UTF-8, which FastStream would fail at, and so lose the whole batch."""
    return await parse(tuple(replace(record, headers=_readable(record.headers)) for record in records))


def _readable(headers: Any) -> list[tuple[str, bytes]]:
    return [(name, (value or b"").decode(errors="replace").encode()) for name, value in headers]
