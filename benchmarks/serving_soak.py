"""Half of what can be answered, for long, while events come in, features follow the log, and a model is promoted."""

import json
import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from activity_log.catalogue import catalogue
from activity_log.clock import utc_now
from activity_log.database import open_log
from activity_log.settings import Settings
from benchmarks.figure import Bound, Figure
from benchmarks.load import CLIENT_CORE, LOOPBACK, Outcome
from busflow.commands.following import start_following
from busflow.commands.running import serve_environment
from busflow.demo import OPERATOR
from models.registry import CHAMPION, ModelRegistry, registered_name
from serving.access import TokenKeys

EVENTS_A_SECOND = 5.0
"""Five bookings or seats a second are those of a very large operator on its best day."""


def soak(
    settings: Settings, port: int, seconds: float, load: Callable[[], Outcome], held: Callable[[], float]
) -> list[Figure]:
    """Load the service while things happen. held: what it holds in memory, in gigabytes."""
    with _following(settings), _happenings(settings, port), ThreadPoolExecutor(1) as pool:
        done = threading.Event()
        promoting = threading.Timer(seconds / 2, _promote_again, (settings,))
        promoting.start()
        memory = [held()]
        outcome = pool.submit(load)
        outcome.add_done_callback(lambda _: done.set())
        while not done.wait(5.0):
            memory.append(held())
        promoting.join()
    told = outcome.result()
    late = memory[len(memory) // 2 :]
    wrong = sum(status != 200 for status in told.statuses) + told.failed
    name = f"{seconds:,.0f} s at half the maximum rate"
    return [
        Figure(f"{name}: p99.9", "ms", told.p(0.999) * 1_000),
        Figure(f"{name}: the slowest request", "ms", told.p(1.0) * 1_000, bound=50.0, direction=Bound.AT_MOST),
        Figure(f"{name}: requests over 50 ms", "requests", float(sum(s > 0.05 for s in told.seconds)), bound=0.0,
               direction=Bound.AT_MOST),
        Figure(f"{name}: requests", "requests", float(len(told.seconds))),
        Figure(f"{name}: wrong replies", "replies", float(wrong), bound=0.0, direction=Bound.AT_MOST),
        Figure(f"{name}: memory at the end", "GB", late[-1], late[0], "memory at half time", 1.05, Bound.AT_MOST),
    ]  # fmt: skip


@contextmanager
def _following(settings: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    follower = start_following(serve_environment(settings))
    os.sched_setaffinity(follower.pid, {CLIENT_CORE})
    os.setpriority(
        os.PRIO_PROCESS, follower.pid, 10
    )  # it gives way to the client there, which takes the time
    try:
        yield follower
    finally:
        follower.terminate()
        follower.wait(30)


@contextmanager
def _happenings(settings: Settings, port: int) -> Iterator[None]:
    """Post an event a fifth of a second: seats go and come back, people look at something and leave it."""
    stop = threading.Event()
    thread = threading.Thread(target=_post, args=(settings, port, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _post(settings: Settings, port: int, stop: threading.Event) -> None:
    token = TokenKeys(settings.keys_dir).mint(OPERATOR, "ingest", now=utc_now())
    documents = _documents(settings)
    with httpx.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as client:
        while not stop.wait(1 / EVENTS_A_SECOND):
            body = json.dumps(next(documents))
            while (reply := _posted(client, token, body)).status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                stop.wait(1.0)  # shed: whoever posts tries again
            reply.raise_for_status()


def _posted(client: httpx.Client, token: str, body: str) -> httpx.Response:
    return client.post("/events", content=body, headers={"Authorization": f"Bearer {token}"})


def _documents(settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield events that change what can be booked, and what is known of customers."""
    database = open_log(settings)
    with database.reading() as connection:
        known = catalogue(connection, OPERATOR)
        people = list(
            connection.exec_driver_sql(
                "SELECT person_profile_id FROM person_profile WHERE length(person_profile_id) < 12 LIMIT 2000"
            ).scalars()
        )
    database.close()
    ahead = [one for one in known.departures if one.departs_on > utc_now().date()]
    dice = random.Random(7)
    while True:
        one, now = dice.choice(ahead), utc_now()
        yield _event(
            "DepartureUpdated", now, departure_id=one.departure_id, tour_id=one.tour_id,
            departs_on=one.departs_on.isoformat(), boarding_point_ids=sorted(one.boarding_point_ids),
            seats_total=one.seats_total, seats_left=dice.randrange(one.seats_total), price=str(one.price),
            currency=one.currency,
        )  # fmt: skip
        yield _event(
            "CheckoutAbandoned", now, session_id=uuid4().hex, person_profile_id=dice.choice(people),
            tour_id=one.tour_id, departure_id=one.departure_id, step="seats",
        )  # fmt: skip


def _event(type_: str, now: datetime, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": uuid4().hex, "source": "commerce", "type": type_, "operatorid": OPERATOR,
        "time": now.isoformat(), "data": data,
    }  # fmt: skip


def _promote_again(settings: Settings) -> None:
    """Register the recommender that is live once more, and promote it: another version, loaded and swapped in."""
    import mlflow  # not before `models.registry` has told it to be quiet

    mlflow.set_tracking_uri(settings.tracking_uri)
    registry, name = ModelRegistry(settings), registered_name(OPERATOR, "recommender")
    live = registry.version(OPERATOR, "recommender", CHAMPION)
    assert live is not None
    version = registry._client.get_model_version(name, live)
    again = registry._client.create_model_version(name, version.source, version.run_id)
    registry.promote(OPERATOR, "recommender", str(again.version), utc_now(), by="benchmark", why="the soak")
