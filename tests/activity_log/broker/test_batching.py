"""Deliveries that come one by one are committed together, and each hears of its own commit."""

import asyncio
from collections.abc import Sequence

import pytest

from activity_log.broker.batching import Batcher
from activity_log.broker.intake import StoppedError
from activity_log.broker.messages import Message


class Taker:
    """Takes batches; `open` lets it, `failure` is what it raises."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def __call__(self, messages: Sequence[Message]) -> None:
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.batches.append([message.body for message in messages])


def add(batcher: Batcher, *bodies: bytes) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(batcher.add(Message(body, {}))) for body in bodies]


def test_messages_are_gathered_up_to_the_size():
    async def run() -> list[list[bytes]]:
        taker = Taker()
        batcher = Batcher(taker, size=2, linger=0.01)
        adding = add(batcher, b"a", b"b", b"c")
        running = asyncio.create_task(batcher.run())
        await asyncio.gather(*adding)
        running.cancel()
        return taker.batches

    assert asyncio.run(run()) == [[b"a", b"b"], [b"c"]]


def test_nobody_hears_of_a_commit_before_it():
    async def run() -> None:
        taker = Taker()
        taker.open.clear()
        batcher = Batcher(taker, size=2, linger=0.01)
        running = asyncio.create_task(batcher.run())
        adding = add(batcher, b"a", b"b")
        await asyncio.sleep(0.02)
        assert not any(task.done() for task in adding)
        taker.open.set()
        await asyncio.gather(*adding)
        running.cancel()

    asyncio.run(run())


def test_a_delivery_whose_connection_broke_is_left_out():
    async def run() -> list[list[bytes]]:
        taker = Taker()
        batcher = Batcher(taker, size=5, linger=0.01)
        broken, kept = add(batcher, b"broken", b"kept")
        await asyncio.sleep(0)
        broken.cancel()
        running = asyncio.create_task(batcher.run())
        await kept
        running.cancel()
        return taker.batches

    assert asyncio.run(run()) == [[b"kept"]]


def test_after_a_failure_nobody_waits_in_vain():
    async def run() -> list[object]:
        taker = Taker()
        taker.failure = StoppedError("the database was away")
        batcher = Batcher(taker, size=1, linger=0.01)
        adding = add(batcher, b"a", b"b")
        await asyncio.gather(asyncio.create_task(batcher.run()), return_exceptions=True)
        told = await asyncio.gather(*adding, return_exceptions=True)
        with pytest.raises(StoppedError):
            await batcher.add(Message(b"too late", {}))
        return told

    assert [type(error) for error in asyncio.run(run())] == [StoppedError, StoppedError]
