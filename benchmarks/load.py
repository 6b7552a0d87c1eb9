"""A load on the service from one process: so many connections that always ask, or so many requests a second."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

import uvloop

from benchmarks.costs import quantile

LOOPBACK = "127.0.0.1"
SERVER_CORE, CLIENT_CORE = 0, 1


@dataclass
class Outcome:
    """What became of requests. seconds, statuses: one of each per reply, in the order of arrival."""

    seconds: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    without_retry_after: int = 0
    failed: int = 0
    lasted: float = 0.0

    def served(self) -> list[float]:
        """Return the seconds of what was answered with 200."""
        return [took for took, status in zip(self.seconds, self.statuses, strict=True) if status == 200]

    @property
    def per_second(self) -> float:
        """What was answered with 200, a second."""
        return len(self.served()) / self.lasted

    def p(self, share: float) -> float:
        """Return a quantile of the seconds of what was answered with 200."""
        return quantile(self.served(), share)


def request(path: str, token: str, body: bytes) -> bytes:
    """Return the bytes of one POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def closed(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Outcome:
    """Have so many connections ask one request after the other, for so long."""
    return uvloop.run(_closed(port, requests, connections, seconds))


def paced(
    port: int, requests: Sequence[bytes], per_second: float, seconds: float, connections: int = 64
) -> Outcome:
    """Send so many requests a second, whether the ones before are answered or not.

    A request waits in the client while all connections wait for a reply, and this counts as its time.
    """
    return uvloop.run(_paced(port, requests, per_second, seconds, connections))


class _Connection(asyncio.Protocol):
    """One connection: sends what it is given, and says when the reply is there."""

    def __init__(
        self,
        answered: Callable[["_Connection", int, bool], None],
        lost: Callable[[], None],
        ended: Callable[["_Connection"], None] = lambda _: None,
    ):
        self._answered = answered
        self._lost = lost
        self._ended = ended
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if self.is_waiting:
            self._lost()
        else:
            self._ended(self)

    def send(self, message: bytes) -> None:
        """Send one request."""
        self.is_waiting = True
        assert self._transport is not None
        self._transport.write(message)

    def close(self) -> None:
        """Close the connection."""
        self.is_waiting = False
        assert self._transport is not None
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(buffer) >= end + 4 + length:
            self._buffer = b""
            self.is_waiting = False
            self._answered(self, int(head[9:12]), b"retry-after:" in head)


async def _closed(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Outcome:
    outcome, messages, loop = Outcome(), cycle(requests), asyncio.get_running_loop()
    began = time.perf_counter()
    until, sent = began + seconds, dict[_Connection, float]()
    done, open_ones = loop.create_future(), 0

    def ask(connection: _Connection) -> None:
        sent[connection] = time.perf_counter()
        connection.send(next(messages))

    def end() -> None:
        nonlocal open_ones
        open_ones -= 1
        if not open_ones and not done.done():
            done.set_result(None)

    def answered(connection: _Connection, status: int, told: bool) -> None:
        now = time.perf_counter()
        outcome.seconds.append(now - sent[connection])
        outcome.statuses.append(status)
        outcome.without_retry_after += status == 503 and not told
        if now < until:
            ask(connection)
        else:
            connection.close()
            end()

    def lost() -> None:
        outcome.failed += 1
        end()

    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: _Connection(answered, lost), LOOPBACK, port)
        open_ones += 1
        ask(connection)
    await done
    outcome.lasted = time.perf_counter() - began
    return outcome


async def _paced(
    port: int, requests: Sequence[bytes], per_second: float, seconds: float, connections: int
) -> Outcome:
    pace = _Pace(cycle(requests), connections, port)
    for _ in range(connections):
        await pace.open()
    began = time.perf_counter()
    for due in _moments(began, per_second, seconds):
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        pace.ask(due)
    while not pace.is_done and time.perf_counter() - began < seconds + 30:
        await asyncio.sleep(0.01)
    pace.outcome.failed += pace.left
    pace.outcome.lasted = time.perf_counter() - began
    pace.close()
    await asyncio.sleep(0)  # so that they are closed before the loop is
    return pace.outcome


class _Pace:
    """Connections that take what is due; what finds none free waits for one."""

    def __init__(self, messages: Iterator[bytes], connections: int, port: int):
        self.outcome = Outcome()
        self._port = port
        self._opening: set[asyncio.Task[None]] = set()
        self._is_over = False
        self.free: list[_Connection] = []
        self._messages = messages
        self._connections = connections
        self._waiting: deque[float] = deque()
        self._due: dict[_Connection, float] = {}

    @property
    def left(self) -> int:
        """How many requests have no reply."""
        idle = len(self.free) + len(self._opening)
        return len(self._waiting) + self._connections - idle - self.outcome.failed

    @property
    def is_done(self) -> bool:
        """Whether all are answered or lost."""
        return self.left <= 0

    async def open(self) -> None:
        """Open a connection."""
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self.answered, self.lost, self.ended), LOOPBACK, self._port
        )
        self.free.append(connection)

    def ended(self, connection: _Connection) -> None:
        """Open another one for a connection that the server closed, since nothing was asked over it for long."""
        if connection in self.free and not self._is_over:
            self.free.remove(connection)
            task = asyncio.ensure_future(self.open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def close(self) -> None:
        """Close all connections."""
        self._is_over = True
        for connection in self.free:
            connection.close()

    def ask(self, due: float) -> None:
        """Send the next request, which should have been sent at a moment."""
        if self.free:
            self._send(self.free.pop(), due)
        else:
            self._waiting.append(due)

    def answered(self, connection: _Connection, status: int, told: bool) -> None:
        """Note a reply, and have the connection take what waits."""
        self.outcome.seconds.append(time.perf_counter() - self._due[connection])
        self.outcome.statuses.append(status)
        self.outcome.without_retry_after += status == 503 and not told
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self.free.append(connection)

    def lost(self) -> None:
        """Note that a connection broke."""
        self.outcome.failed += 1

    def _send(self, connection: _Connection, due: float) -> None:
        self._due[connection] = due
        connection.send(next(self._messages))


def _moments(began: float, per_second: float, seconds: float) -> Iterator[float]:
    return (began + number / per_second for number in range(int(per_second * seconds)))
