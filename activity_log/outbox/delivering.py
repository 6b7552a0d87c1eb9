"""The deliverer: brings what is due to every destination, each at its own pace, until it is told to stop."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import NamedTuple, TypeVar

import httpx
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from activity_log.clock import Clock
from activity_log.database import Database
from activity_log.errors import BusflowError
from activity_log.outbox import queue
from activity_log.outbox.addressing import subscribe_broker
from activity_log.outbox.backoff import BackOff
from activity_log.outbox.destinations import BROKER, Destination, destinations, webhook_secret
from activity_log.outbox.queue import Claimed
from activity_log.outbox.sending import BrokerSender, Sender, WebhookSender, web_client
from activity_log.tracing import span

POLL_SECONDS = 1.0
PRUNE_EVERY = timedelta(hours=1)

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Terms:
    """How messages are delivered. lease: longer than any attempt. keep: how long delivered messages stay."""

    back_off: BackOff = field(default_factory=BackOff)
    lease: timedelta = timedelta(seconds=60)
    keep: timedelta = timedelta(days=30)
    at_once: int = 10


@dataclass
class Tally:
    """What became of the attempts so far."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0


class Outcome(NamedTuple):
    """One attempt; `problem` is None where the destination has the message."""

    message: Claimed
    problem: str | None


@dataclass
class Deliverer:
    """Delivers for one database. Any number of them may run at once, in as many processes.

    broker: None where this deliverer knows no broker; what is due there then waits for one that does.
    tell: gets a line for people on whatever happens.
    """

    database: Database
    client: httpx.AsyncClient
    broker: Sender | None
    clock: Clock
    terms: Terms = field(default_factory=Terms)
    tell: Callable[[str], object] = lambda _: None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    tally: Tally = field(default_factory=Tally)
    chance: random.Random = field(default_factory=random.SystemRandom)

    async def run(self) -> None:
        """Deliver until `stopping` is set; what is under way then is finished and noted first."""
        under_way: dict[str, asyncio.Task[None]] = {}
        prune_at = self.clock()
        async with asyncio.TaskGroup() as group:
            while not self.stopping.is_set():
                try:
                    for one in await self._with_something_due():
                        last = under_way.get(one.destination_id)
                        if last is None or last.done():
                            under_way[one.destination_id] = group.create_task(self._drain(one))
                    if self.clock() >= prune_at:
                        await self._prune()
                        prune_at = self.clock() + PRUNE_EVERY
                except OperationalError as error:
                    self.tell(f"the database does not answer, trying again: {error.orig}")
                await self._rest()

    async def run_once(self) -> None:
        """Deliver what is due now, prune, and return. A destination that takes nothing is not pressed further."""
        async with asyncio.TaskGroup() as group:
            for one in await self._with_something_due():
                group.create_task(self._drain(one))
        await self._prune()

    async def _drain(self, destination: Destination) -> None:
        """Bring a destination what is due there; leave it alone for now once it takes nothing."""
        try:
            sender = await self._sender(destination)
            while not self.stopping.is_set() and (batch := await self._claim(destination)):
                outcomes = await asyncio.gather(*[self._attempt(sender, message) for message in batch])
                await self._writing(partial(self._note, outcomes))
                if all(outcome.problem for outcome in outcomes):
                    return
        except BusflowError as error:
            self.tell(f"{destination.destination_id}: {error}")
        except OperationalError as error:
            self.tell(f"the database does not answer, trying again: {error.orig}")

    async def _claim(self, destination: Destination) -> list[Claimed]:
        def take(connection: Connection) -> list[Claimed]:
            return queue.claim(
                connection,
                destination.destination_id,
                now=self.clock(),
                lease=self.terms.lease,
                limit=self.terms.at_once,
            )

        return await self._writing(take)

    async def _attempt(self, sender: Sender, message: Claimed) -> Outcome:
        try:
            with span("deliver", type=message.type, destination=message.destination_id):
                await sender.send(message, self.clock())
        except BusflowError as error:
            return Outcome(message, str(error))
        return Outcome(message, None)

    def _note(self, outcomes: Sequence[Outcome], connection: Connection) -> None:
        now = self.clock()
        for message, problem in outcomes:
            where = f"{message.destination_id}: {message.type} {message.message_id}"
            if problem is None:
                queue.delivered(connection, message, now)
                self.tally.delivered += 1
                self.tell(f"{where} delivered")
                continue
            wait = queue.failed(
                connection, message, problem, now=now, back_off=self.terms.back_off, chance=self.chance
            )
            self.tally.failed += 1
            self.tally.dead += wait is None
            then = "given up" if wait is None else f"again in {wait.total_seconds():.0f} s"
            self.tell(f"{where} not delivered, attempt {message.attempt}, {then}: {problem}")

    async def _with_something_due(self) -> list[Destination]:
        def look(connection: Connection) -> list[Destination]:
            now = self.clock()
            return [
                one for one in destinations(connection) if queue.is_due(connection, one.destination_id, now)
            ]

        due = await asyncio.to_thread(self._read, look)
        return [one for one in due if one.destination_id != BROKER or self.broker is not None]

    async def _sender(self, destination: Destination) -> Sender:
        if destination.url is None:
            if self.broker is None:
                raise BusflowError("messages wait for the broker; set BUSFLOW_BROKER_URL")
            return self.broker
        secret = await asyncio.to_thread(
            self._read,
            lambda connection: webhook_secret(connection, self.database.vault, destination.destination_id),
        )
        return WebhookSender(self.client, destination.url, secret)

    async def _prune(self) -> None:
        before = self.clock() - self.terms.keep
        if pruned := await self._writing(lambda connection: queue.prune(connection, before)):
            self.tell(f"pruned {pruned} messages that were delivered and are older than {self.terms.keep}")

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    def _read(self, ask: Callable[[Connection], Answer]) -> Answer:
        with self.database.reading() as connection:
            return ask(connection)

    async def _writing(self, change: Callable[[Connection], Answer]) -> Answer:
        def run() -> Answer:
            with self.database.writing() as connection:
                return change(connection)

        return await asyncio.to_thread(run)


@asynccontextmanager
async def open_deliverer(
    database: Database,
    broker_url: str,
    clock: Clock,
    terms: Terms,
    tell: Callable[[str], object] = lambda _: None,
) -> AsyncIterator[Deliverer]:
    """Open a deliverer with its connections. broker_url: empty where there is none.

    With a broker, the broker becomes a destination of everything, also of what is kept from before.
    """
    if broker_url:
        with database.writing() as connection:
            subscribe_broker(connection, clock())
    async with web_client() as client:
        if not broker_url:
            yield Deliverer(database, client, None, clock, terms, tell)
            return
        async with aclosing(BrokerSender(broker_url)) as broker:
            yield Deliverer(database, client, broker, clock, terms, tell)
