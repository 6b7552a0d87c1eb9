"""The running service: `POST /events` in batches beside the file, single events beside an empty endpoint."""

import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from activity_log.clock import utc_now
from activity_log.database import open_log
from activity_log.operators import register_operator
from activity_log.settings import Settings
from benchmarks.costs import quantile
from benchmarks.figure import Bound, Figure
from benchmarks.ingestion import NOW
from benchmarks.simulated import OPERATOR, last_lines
from benchmarks.stores import Store
from busflow.commands.running import LOOPBACK, serve_command, serve_environment
from serving.access import TokenKeys

BATCH = 500
BATCHES = 40
CLIENTS = 4
WARM = 50
EMPTY = "/livez"
_START_SECONDS = 120.0


class Door(NamedTuple):
    """Where the service listens, and what opens `POST /events`."""

    port: int
    token: str


class Client:
    """A caller that keeps its connection."""

    def __init__(self, door: Door):
        self._headers = {"Authorization": f"Bearer {door.token}", "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection(LOOPBACK, door.port, timeout=60)

    def post(self, body: bytes) -> None:
        """Send events; raises RuntimeError unless they are accepted."""
        self._ask("POST", "/events", 202, body)

    def empty(self) -> None:
        """Ask for what costs nothing."""
        self._ask("GET", EMPTY, 200)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, method: str, path: str, expected: int, body: bytes | None = None) -> None:
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:200]!r}")


def measure(store: Store, path: Path, file_rate: float, requests: int) -> list[Figure]:
    """Send the newest events of the file to a service with an empty log. file_rate: events per second by file."""
    events = last_lines(path, BATCH * BATCHES * 2 + requests + WARM)
    with store.fresh() as settings, _serving(settings) as door:
        single, rest = events[: requests + WARM], events[requests + WARM :]
        one, several = rest[: len(rest) // 2], rest[len(rest) // 2 :]
        latencies = _latencies(door, single)
        return [
            _batch_rate(store, "one client", file_rate, _events_per_second(door, one, clients=1)),
            _batch_rate(
                store, f"{CLIENTS} clients", file_rate, _events_per_second(door, several, clients=CLIENTS)
            ),
            *_single(store, *latencies),
        ]


@contextmanager
def _serving(settings: Settings) -> Iterator[Door]:
    with closing(open_log(settings)) as database:
        register_operator(database, OPERATOR, now=NOW)
    door = Door(_free_port(), TokenKeys(settings.keys_dir).mint(OPERATOR, "ingest", now=utc_now()))
    environment = {**serve_environment(settings), "BUSFLOW_DATABASE_URL": settings.database_url}
    with (settings.home / "service.log").open("wb") as log:
        service = subprocess.Popen(
            serve_command(LOOPBACK, door.port), env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait(door)
        yield door
    finally:
        service.terminate()
        service.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _wait(door: Door) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with closing(Client(door)) as client:
                return client.empty()
        except (OSError, RuntimeError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _events_per_second(door: Door, events: Sequence[bytes], clients: int) -> float:
    bodies = [
        b"[" + b",".join(events[start : start + BATCH]) + b"]" for start in range(0, len(events), BATCH)
    ]
    shares = [bodies[number::clients] for number in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        seconds = _seconds(lambda: list(pool.map(lambda share: _post_all(door, share), shares)))
    return len(events) / seconds


def _post_all(door: Door, bodies: Sequence[bytes]) -> None:
    with closing(Client(door)) as client:
        for body in bodies:
            client.post(body)


def _latencies(door: Door, events: Sequence[bytes]) -> tuple[list[float], list[float]]:
    """Send single events and empty requests in turn; return the seconds of each, the first ones left out."""
    with closing(Client(door)) as client:
        pairs = [(_seconds(partial(client.post, one)), _seconds(client.empty)) for one in events]
    posts, empties = zip(*pairs[WARM:], strict=True)
    return list(posts), list(empties)


def _batch_rate(store: Store, who: str, file_rate: float, rate: float) -> Figure:
    return Figure(
        f"POST /events in batches of {BATCH}, {who}",
        "events/s",
        rate,
        file_rate,
        "taking in a file",
        bound=0.5,
        store=store.name,
    )


def _single(store: Store, posts: list[float], empties: list[float]) -> list[Figure]:
    return [
        Figure(
            f"a single POST /events, durable: {name}",
            "ms",
            quantile(posts, share) * 1_000,
            quantile(empties, 0.99) * 1_000,
            f"p99 of GET {EMPTY}",
            bound=3.0,
            direction=Bound.AT_MOST,
            store=store.name,
        )
        for name, share in (("median", 0.5), ("p99", 0.99))
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
