"""The service for 100,000 customers, beside endpoints of the same kind in the same service that do nothing."""

import json
import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import httpx

from activity_log.clock import utc_now
from activity_log.settings import Settings
from benchmarks.costs import Memory
from benchmarks.figure import Bound, Figure
from benchmarks.floor_routes import JUDGE_NOTHING, RECOMMEND_NOTHING
from benchmarks.load import CLIENT_CORE, LOOPBACK, SERVER_CORE, Outcome, closed, paced, request
from benchmarks.serving_soak import soak
from benchmarks.serving_world import make_world
from benchmarks.sizes import Sizes
from busflow.commands.running import serve_environment
from busflow.demo import OPERATOR
from serving.access import TokenKeys

PORT = 3_210
CONNECTIONS = 16
ROUNDS, ROUND_SECONDS, WARM_SECONDS = 5, 4.0, 3.0
ASKED = 20_000
"""Customers that are asked for, in any order; each request is of the next."""
NIGHTLY = 1_000

Step = tuple[str, Callable[[], list[Figure]]]


def steps(sizes: Sizes) -> Iterator[Step]:
    """Yield what there is to measure, by name; take one after the other, while the iterator lives."""
    with TemporaryDirectory(prefix="busflow-bench-") as folder:
        bench = _Bench(Path(folder), sizes)
        yield f"an operator of {sizes.served:,} customers", bench.make
        yield "how soon it is ready, and what it holds", bench.start
        yield "recommending", bench.recommending
        yield "churn risks", bench.churn_risks
        yield "the whole customer", bench.insights
        yield "three times as much as can be answered", bench.overload
        yield f"{sizes.soak_seconds:,} seconds at half of what can be answered", bench.soak
        bench.stop()
        if sizes.full:
            yield "a million customers", bench.a_million


class _Server(NamedTuple):
    """A running service."""

    process: "subprocess.Popen[bytes]"
    token: str
    ready_seconds: float


class _Bench:
    """What the steps leave to each other."""

    def __init__(self, folder: Path, sizes: Sizes):
        self._folder = folder
        self._sizes = sizes
        self._server: _Server | None = None
        self._rate = 0.0
        self._latency = 0.0

    def make(self) -> list[Figure]:
        """Make the operator."""
        made = os.environ.get("BENCH_WORLD")  # one that stands already
        self._settings = (
            Settings(home=Path(made)) if made else make_world(self._folder / "home", self._sizes.served)
        )
        return []

    def start(self) -> list[Figure]:
        """Start the service on one core."""
        os.sched_setaffinity(0, {CLIENT_CORE})  # what posts and promotes in the soak does so from there
        server = self._server = start(self._settings)
        closed_by(self._requests("/recommend", _recommend), CONNECTIONS, 20.0)
        self._wait_until_scored()
        name = f"of the service with {self._sizes.served:,} customers"
        return [
            Figure(f"ready {name}", "s", server.ready_seconds, bound=15.0, direction=Bound.AT_MOST),
            Figure(f"memory {name}", "GB", resident(server), bound=1.5, direction=Bound.AT_MOST),
        ]

    def _wait_until_scored(self) -> None:
        """Wait until everybody's churn risk is at hand, as it is but for a few minutes of every half hour."""
        assert self._server is not None
        body = {"customer_ids": self._ids()[:100], "reasons": False}
        token = {"Authorization": f"Bearer {self._server.token}"}
        with httpx.Client(base_url=f"http://{LOOPBACK}:{PORT}", headers=token, timeout=30) as client:
            told: list[Any] = []
            while not told or told[-1] != told[-2]:
                time.sleep(3.0)
                told = [client.post("/churn_risk", json=body).raise_for_status().json() for _ in range(2)]

    def stop(self) -> None:
        """End the service."""
        if self._server is not None:
            self._server.process.terminate()
            self._server.process.wait(30)
            self._server = None

    def recommending(self) -> list[Figure]:
        """Compare with the floor at many connections and at one."""
        mine, floor = self._requests("/recommend", _recommend), self._requests(RECOMMEND_NOTHING, _recommend)
        ours, nothing = self._side_by_side(mine, floor, CONNECTIONS)
        alone, nothing_alone = self._side_by_side(mine, floor, 1)
        self._rate, self._latency = ours.per_second, ours.p(0.5)
        extra = (alone.p(0.5) - nothing_alone.p(0.5)) * 1_000
        name = f"POST /recommend, {CONNECTIONS} connections"
        return [
            _rate(name, ours, nothing, 0.5),
            Figure(
                f"{name}: p99", "ms", ours.p(0.99) * 1_000, nothing.p(0.99) * 1_000, "a no-op's p99", 2.5,
                Bound.AT_MOST,
            ),
            Figure(
                "POST /recommend, one connection: p50 beyond a no-op's", "ms", extra, bound=1.0,
                direction=Bound.AT_MOST,
            ),
        ]  # fmt: skip

    def churn_risks(self) -> list[Figure]:
        """Compare one customer with reasons with the floor, and time a nightly batch."""
        mine, floor = self._requests("/churn_risk", _judge), self._requests(JUDGE_NOTHING, _judge)
        ours, nothing = self._side_by_side(mine, floor, CONNECTIONS)
        ids = self._ids()
        bodies = [
            {"customer_ids": ids[start : start + NIGHTLY], "reasons": False}
            for start in range(0, len(ids) - NIGHTLY, NIGHTLY)
        ]
        nightly = closed_by(self._of("/churn_risk", bodies), 1, 5.0)
        return [
            _rate(f"POST /churn_risk with reasons, {CONNECTIONS} connections", ours, nothing, 0.35),
            Figure(
                f"POST /churn_risk, {NIGHTLY:,} customers without reasons: p50", "ms", nightly.p(0.5) * 1_000,
                bound=60.0, direction=Bound.AT_MOST,
            ),
        ]  # fmt: skip

    def insights(self) -> list[Figure]:
        """Ask for profiles: of customers asked for the first time, and of a few asked again and again.

        The log is read once before, so that the system has its pages at hand as after a morning's work.
        """
        self._read_once("log.db")
        first = closed_by(self._requests("/customer_insight", _whole), CONNECTIONS, 10.0)
        few = self._requests("/customer_insight", _whole)[:200]
        closed_by(few, CONNECTIONS, 3.0)
        again = closed_by(few, CONNECTIONS, 10.0)
        name = f"POST /customer_insight, {CONNECTIONS} connections: p99"
        return [
            Figure(f"{name}, each for the first time", "ms", first.p(0.99) * 1_000, bound=25.0,
                   direction=Bound.AT_MOST),
            Figure(f"{name}, within a minute of the last time", "ms", again.p(0.99) * 1_000, bound=25.0,
                   direction=Bound.AT_MOST),
        ]  # fmt: skip

    def overload(self) -> list[Figure]:
        """Send three times as much as can be answered."""
        outcome = paced_by(self._requests("/recommend", _recommend), 3 * self._rate, 15.0, connections=256)
        wrong = sum(status not in (200, 503) for status in outcome.statuses) + outcome.failed
        wrong += outcome.without_retry_after
        shed = outcome.statuses.count(503) / max(len(outcome.statuses), 1)
        return [
            Figure("three times the maximum rate: p99 of what is answered", "ms", outcome.p(0.99) * 1_000,
                   bound=100.0, direction=Bound.AT_MOST),
            Figure("three times the maximum rate: share refused with Retry-After", "share", shed),
            Figure("three times the maximum rate: wrong replies", "replies", float(wrong), bound=0.0,
                   direction=Bound.AT_MOST),
        ]  # fmt: skip

    def soak(self) -> list[Figure]:
        """Half the maximum rate for long, while events arrive, features follow, and a model is promoted."""
        assert self._server is not None
        requests = self._requests("/recommend", _recommend)
        seconds = float(self._sizes.soak_seconds)
        load = partial(paced_by, requests, self._rate / 2, seconds)
        return soak(self._settings, PORT, seconds, load, partial(resident, self._server))

    def a_million(self) -> list[Figure]:
        """Serve ten times as many."""
        few = self._latency
        settings = make_world(self._folder / "million", 1_000_000)
        self._settings, self._server = settings, start(settings)
        requests = self._requests("/recommend", _recommend)
        closed_by(requests, CONNECTIONS, 30.0)
        many = closed_by(requests, CONNECTIONS, 10.0)
        held = resident(self._server)
        self.stop()
        return [
            Figure("memory of the service with 1,000,000 customers", "GB", held, bound=6.0,
                   direction=Bound.AT_MOST),
            Figure("POST /recommend with 1,000,000 customers: p50", "ms", many.p(0.5) * 1_000, few * 1_000,
                   f"with {self._sizes.served:,}", 1.3, Bound.AT_MOST),
        ]  # fmt: skip

    def _side_by_side(
        self, mine: Sequence[bytes], floor: Sequence[bytes], connections: int
    ) -> tuple[Outcome, Outcome]:
        """Return the rounds in the middle by rate, of ours and of the floor, measured in turn."""
        for requests in (floor, mine):
            closed_by(requests, connections, WARM_SECONDS)
        pairs = [
            (closed_by(mine, connections, ROUND_SECONDS), closed_by(floor, connections, ROUND_SECONDS))
            for _ in range(ROUNDS)
        ]
        middle = median(ours.per_second / nothing.per_second for ours, nothing in pairs)
        return min(pairs, key=lambda pair: abs(pair[0].per_second / pair[1].per_second - middle))

    def _read_once(self, file: str) -> None:
        with (self._settings.home / file).open("rb") as content:
            while content.read(2**20):
                pass

    def _requests(self, path: str, body: Callable[[str], Mapping[str, Any]]) -> list[bytes]:
        return self._of(path, [body(one) for one in self._ids()])

    def _of(self, path: str, bodies: Sequence[Mapping[str, Any]]) -> list[bytes]:
        assert self._server is not None
        return [request(path, self._server.token, json.dumps(body).encode()) for body in bodies]

    def _ids(self) -> list[str]:
        with closing(sqlite3.connect(self._settings.home / "log.db")) as connection:
            rows = connection.execute(
                "SELECT customer_id FROM person_profile WHERE operator_id = ?", (OPERATOR,)
            )
            ids = sorted(row[0] for row in rows)
        return random.SystemRandom().sample(ids, min(ASKED, len(ids)))


def start(settings: Settings) -> _Server:
    """Start the service on its core and wait until it is ready."""
    command = ["-m", "bentoml", "serve", "benchmarks.floor_service:Busflow", "--host", LOOPBACK]
    environment = serve_environment(settings) | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    token = TokenKeys(settings.keys_dir).mint(OPERATOR, "crm", now=utc_now())
    log = settings.home / "service.log"
    began = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [os.sys.executable, *command, "--port", str(PORT), "--working-dir", str(Path.cwd())],
            env=environment, stdout=out, stderr=out, preexec_fn=partial(os.sched_setaffinity, 0, {SERVER_CORE}),
        )  # fmt: skip
    while not _is_ready():
        if process.poll() is not None or time.perf_counter() - began > 300:
            raise RuntimeError(f"the service did not become ready; see {log}")
        time.sleep(0.1)
    return _Server(process, token, time.perf_counter() - began)


def _is_ready() -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{PORT}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def closed_by(requests: Sequence[bytes], connections: int, seconds: float) -> Outcome:
    """Load the service from a process on another core; see `load.closed`."""
    with _client() as pool:
        return pool.submit(closed, PORT, _shuffled(requests), connections, seconds).result()


def paced_by(requests: Sequence[bytes], per_second: float, seconds: float, connections: int = 64) -> Outcome:
    """Load the service from a process on another core; see `load.paced`."""
    with _client() as pool:
        return pool.submit(paced, PORT, _shuffled(requests), per_second, seconds, connections).result()


def _shuffled(requests: Sequence[bytes]) -> list[bytes]:
    return random.SystemRandom().sample(requests, len(requests))


@contextmanager
def _client() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, initializer=os.sched_setaffinity, initargs=(0, {CLIENT_CORE})) as pool:
        yield pool


def resident(server: _Server) -> float:
    """Return what the process that answers holds in memory, in gigabytes."""
    return Memory.of(server.process.pid) / 1_024


def _rate(name: str, ours: Outcome, nothing: Outcome, bound: float) -> Figure:
    return Figure(name, "requests/s", ours.per_second, nothing.per_second, "a no-op's rate", bound)


def _recommend(customer_id: str) -> Mapping[str, Any]:
    return {"customer_id": customer_id, "n": 5}


def _judge(customer_id: str) -> Mapping[str, Any]:
    return {"customer_ids": [customer_id]}


def _whole(customer_id: str) -> Mapping[str, Any]:
    return {"customer_id": customer_id}
