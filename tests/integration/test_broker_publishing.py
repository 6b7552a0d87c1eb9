"""What is published to a real broker is there when `publish` returns, or the caller hears that it is not."""

import asyncio

import pytest

from activity_log.broker.publisher import UndeliveredError, open_publisher
from tests.integration.broker_wires import NatsWire, RabbitWire, Wire, laid, left

CONTENT = {"content-type": "application/cloudevents+json"}


@pytest.mark.parametrize("kind", [RabbitWire, NatsWire])
def test_a_published_message_is_kept_by_the_broker(kind):
    async def publish(wire: Wire) -> None:
        async with open_publisher(wire.url, exchange=wire.topic) as publisher:
            for number in range(3):
                await publisher.publish(wire.topic, b"%d" % number, CONTENT)

    with laid(kind()) as wire:
        asyncio.run(publish(wire))
        assert left(wire) == 3


@pytest.mark.parametrize("kind", [RabbitWire, NatsWire])
def test_a_message_that_nobody_keeps_is_undelivered_and_the_next_one_is_not_hurt(kind):
    async def publish(wire: Wire) -> None:
        async with open_publisher(wire.url, exchange=f"{wire.topic}.unbound") as publisher:
            for _ in range(2):
                with pytest.raises(UndeliveredError, match=r"nobody\.listens"):
                    await publisher.publish("nobody.listens", b"{}", CONTENT)

    with laid(kind()) as wire:
        asyncio.run(publish(wire))
