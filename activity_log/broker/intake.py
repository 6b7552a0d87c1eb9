"""From messages to the log: all or nothing, again and again while the database is away, none harmed by another.

`Intake.take` returns once everything it was given is committed, and so says when to acknowledge.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

import psycopg
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from activity_log.broker.messages import MAX_MESSAGE_BYTES, Message, unpack
from activity_log.ingestion import Receipt

EVENTS_PER_TRANSACTION = 2_000
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0

_REFUSED = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError, sqlite3.IntegrityError)
_AWAY = (DBAPIError, PoolTimeoutError, OSError, psycopg.Error, sqlite3.Error)
_OFFENCES = (
    *_REFUSED,
    StatementError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the database or our own code says of an event it cannot bear; of a database, `_AWAY` is said first."""

logger = logging.getLogger("busflow.broker")
T = TypeVar("T")


class Storage(Protocol):
    """The log, as the intake needs it. Both calls are one transaction each and may block."""

    def ingest(self, raws: Sequence[bytes]) -> Receipt:
        """Take events in through the gate."""

    def put_aside(self, raw: bytes, reason: str) -> None:
        """Put bytes into quarantine without looking at them."""


class StoppedError(Exception):
    """The intake was stopped before these messages were committed: they must not be acknowledged."""


@dataclass
class IntakeStats:
    """What a consumer has done since it started. received, acknowledged: messages; the others: events."""

    received: int = 0
    acknowledged: int = 0
    batches: int = 0
    accepted: int = 0
    duplicates: int = 0
    discarded: int = 0
    quarantined: int = 0
    last_commit: datetime | None = None

    def count(self, receipt: Receipt, now: datetime) -> None:
        """Add what became of a committed batch."""
        self.batches += 1
        self.accepted += receipt.accepted
        self.duplicates += receipt.duplicates
        self.discarded += receipt.discarded
        self.quarantined += len(receipt.quarantined)
        self.last_commit = now


class Intake:
    """Commits the events of messages. `ended` is set when it was stopped, or failed for the reason `failure`."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime]):
        self.stats = IntakeStats()
        self.ended = asyncio.Event()
        self.failure: Exception | None = None
        self._storage = storage
        self._clock = clock

    def stop(self) -> None:
        """End: what is being committed is finished, what waits for the database is given up unacknowledged."""
        self.ended.set()

    async def take(self, messages: Sequence[Message]) -> None:
        """Commit all events of these messages, the bad ones to quarantine.

        Raises StoppedError if it was stopped while the database was away. Any other error is one that no waiting
        mends (no key for the quarantine, say): it ends the intake.
        """
        try:
            await self._take(messages)
        except StoppedError:
            raise
        except Exception as error:
            self.failure = error
            self.ended.set()
            raise

    async def _take(self, messages: Sequence[Message]) -> None:
        raws: list[bytes] = []
        for message in messages:
            if len(message.body) > MAX_MESSAGE_BYTES:
                await self._put_aside(
                    message.body, f"too large: a message may have {MAX_MESSAGE_BYTES:,} bytes"
                )
            else:
                raws += unpack(message)
        for start in range(0, len(raws), EVENTS_PER_TRANSACTION):
            await self._commit(raws[start : start + EVENTS_PER_TRANSACTION])

    async def _commit(self, raws: Sequence[bytes]) -> None:
        try:
            receipt = await self._patiently(partial(self._storage.ingest, raws))
        except _OFFENCES as error:
            logger.warning("a batch of %d events cannot be stored: %s", len(raws), type(error).__name__)
            await self._apart(raws)
        else:
            self.stats.count(receipt, self._clock())
            logger.debug("committed %d events", len(raws))

    async def _apart(self, raws: Sequence[bytes]) -> None:
        """Find the event that cannot be stored by halving, so that its neighbours come in."""
        if len(raws) > 1:
            middle = len(raws) // 2
            await self._commit(raws[:middle])
            await self._commit(raws[middle:])
            return
        try:  # once more: two writers may have been in each other's way
            self.stats.count(await self._patiently(partial(self._storage.ingest, raws)), self._clock())
        except _OFFENCES as error:
            await self._put_aside(
                raws[0], f"cannot be stored: {type(error).__name__}; see the consumer's log"
            )

    async def _put_aside(self, raw: bytes, reason: str) -> None:
        await self._patiently(partial(self._storage.put_aside, raw, reason))
        self.stats.quarantined += 1
        self.stats.last_commit = self._clock()

    async def _patiently(self, work: Callable[[], T]) -> T:
        """Do work on the database in a thread, again and again while the database is away."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await asyncio.to_thread(work)
            except _REFUSED:
                raise
            except _AWAY as error:
                logger.warning("the database is away (%s); again in %.1f s", type(error).__name__, pause)
                await self._pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            return
        raise StoppedError("stopped while the database was away")
