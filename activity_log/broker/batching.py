"""Batches for a broker that delivers one by one: many deliveries wait for one commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from activity_log.broker.intake import StoppedError
from activity_log.broker.messages import Message

Waiting = tuple[Message, asyncio.Future[None]]


class Batcher:
    """Gathers up to `size` messages, or those of `linger` seconds, and hands them to `take` together."""

    def __init__(self, take: Callable[[Sequence[Message]], Awaitable[None]], size: int, linger: float):
        self._take = take
        self._size = size
        self._linger = linger
        self._waiting: asyncio.Queue[Waiting] = asyncio.Queue()
        self._closed = False

    async def add(self, message: Message) -> None:
        """Return once the batch of this message is taken. Raises what `take` raised, StoppedError after it."""
        if self._closed:
            raise StoppedError("stopped before this message was taken")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((message, done))
        await done

    async def run(self) -> None:
        """Take batch after batch until `take` fails; then nothing is waited for in vain."""
        try:
            while True:
                await self._take_one()
        finally:
            self._closed = True
            while not self._waiting.empty():
                _, done = self._waiting.get_nowait()
                _settle(done, StoppedError("stopped before this message was taken"))

    async def _take_one(self) -> None:
        # a delivery whose connection broke is cancelled; the broker delivers the message again
        batch = [(message, done) for message, done in await self._gather() if not done.cancelled()]
        error: BaseException | None = None
        try:
            await self._take([message for message, _ in batch])
        except BaseException as raised:
            error = raised
            raise
        finally:
            for _, done in batch:
                _settle(done, error)

    async def _gather(self) -> list[Waiting]:
        batch = [await self._waiting.get()]
        try:
            async with asyncio.timeout(self._linger):
                while len(batch) < self._size:
                    batch.append(await self._waiting.get())
        except TimeoutError:
            pass
        return batch


def _settle(done: asyncio.Future[None], error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(StoppedError(str(error)))
