"""Messages on their way: to real web servers, past failures, kills and a second deliverer."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from activity_log.clock import utc_now
from activity_log.database import Database, open_database
from activity_log.errors import BusflowError
from activity_log.outbox import tables
from activity_log.outbox.addressing import subscribe_broker
from activity_log.outbox.backoff import BackOff
from activity_log.outbox.delivering import Deliverer, Terms
from activity_log.outbox.queue import Claimed
from activity_log.outbox.sending import web_client
from tests.activity_log.fresh_logs import VAULT
from tests.activity_log.outbox.receiver import Call, Receiver
from tests.activity_log.outbox.telling import (
    MINUTE,
    SECOND,
    SetClock,
    deliver,
    outbox,
    states,
    trigger,
    webhook,
    write_down,
)
from tests.activity_log.stories import NOW

MICROSECOND = timedelta(microseconds=1)
PEOPLE = [f"person{number:02}" for number in range(60)]


def test_a_message_arrives_signed_as_its_own_library_checks_it(database: Database, receiver: Receiver):
    added = webhook(database, f"{receiver.url}/hook")
    write_down(database, trigger("anna", "e1"), now=utc_now())
    assert deliver(database, utc_now).delivered == 1
    (call,) = receiver.calls
    assert Webhook(added.secret).verify(call.body, call.headers) == outbox(database)[0]
    assert call.path == "/hook"
    assert call.headers["content-type"] == "application/cloudevents+json"
    assert call.id == call.event["id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(added.secret).verify(call.body.replace(b"anna", b"otto"), call.headers)
    other = webhook(database, receiver.url)
    with pytest.raises(WebhookVerificationError):
        Webhook(other.secret).verify(call.body, call.headers)


def test_what_was_delivered_is_not_delivered_again(database: Database, receiver: Receiver):
    webhook(database, receiver.url)
    write_down(database, trigger("anna", "e1"), trigger("anna", "e2"), trigger("bernd", "e3"))
    assert deliver(database, SetClock()).delivered == 3
    assert deliver(database, SetClock(NOW + timedelta(days=1))).delivered == 0
    anna = [call.event for call in receiver.calls if call.event["subject"] == "c-anna"]
    assert [event["data"]["reason"]["event_ids"] for event in anna] == [["e1"], ["e2"]]


@pytest.mark.parametrize("status", [302, 400, 410, 500, 503])
def test_any_answer_but_success_is_a_failure_and_no_redirect_is_followed(
    database: Database, receiver: Receiver, status: int
):
    webhook(database, receiver.url)
    receiver.answers = lambda _: status
    write_down(database, trigger("anna", "e1"))
    lines: list[str] = []
    assert deliver(database, SetClock(), lines=lines).failed == 1
    assert len(receiver.calls) == 1
    assert f"answered {status}" in lines[0]


def test_attempts_are_spaced_out_until_the_message_is_dead(database: Database, receiver: Receiver):
    hook = webhook(database, receiver.url).destination.destination_id
    receiver.answers = lambda _: 503
    write_down(database, trigger("anna", "e1"))
    clock, terms = SetClock(), Terms(back_off=BackOff(first=10 * SECOND, factor=4, attempts=4))
    waits: list[float] = []
    while states(database) == {hook: ["pending"]}:
        assert deliver(database, clock, terms=terms).failed == 1
        due_at = next_due(database)
        waits.append((due_at - clock.now).total_seconds())
        clock.now = due_at - MICROSECOND
        assert deliver(database, clock, terms=terms).failed == 0
        clock.now = due_at
    assert len(receiver.calls) == 4
    assert all(whole / 2 <= wait <= whole for wait, whole in zip(waits, (10, 40, 160), strict=False))
    assert states(database) == {hook: ["dead"]}
    assert len(set(receiver.ids)) == 1


def test_a_dead_destination_holds_up_nobody_else(
    database: Database, receiver: Receiver, another_receiver: Receiver
):
    dead = webhook(database, "http://127.0.0.1:9/").destination.destination_id
    broken = webhook(database, another_receiver.url).destination.destination_id
    alive = webhook(database, receiver.url).destination.destination_id
    another_receiver.answers = lambda _: 500
    write_down(database, *(trigger(name, name) for name in PEOPLE))
    tally = deliver(database, SetClock())
    assert tally.delivered == len(PEOPLE)
    assert set(states(database)[alive]) == {"delivered"}
    assert set(states(database)[dead]) == set(states(database)[broken]) == {"pending"}


def test_two_deliverers_share_the_work_and_double_nothing(
    open_again: Callable[[], Database], receiver: Receiver
):
    webhook(open_again(), receiver.url)
    write_down(open_again(), *(trigger(name, name) for name in PEOPLE))
    both_there = threading.Barrier(2, timeout=30)
    tallies: list[int] = []

    def work(database: Database) -> None:
        both_there.wait()
        tallies.append(deliver(database, SetClock(), terms=Terms(at_once=3)).delivered)

    threads = [threading.Thread(target=work, args=(open_again(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(receiver.ids) == Counter({trigger(name, name).message_id: 1 for name in PEOPLE})
    assert sum(tallies) == len(PEOPLE)
    assert all(tallies)


@pytest.mark.slow
def test_a_kill_between_sending_and_noting_loses_nothing_and_repeats_with_the_same_id(
    log_url: str, receiver: Receiver
):
    with closing(open_database(log_url, VAULT)) as database:
        webhook(database, receiver.url)
        write_down(database, *(trigger(name, name) for name in PEOPLE[:30]), now=utc_now())

        def kill_the_sender(_: Call) -> int:
            if len(receiver.calls) >= 25:
                process.kill()
            return 204

        receiver.answers = kill_the_sender
        with busflow(log_url, "outbox", "deliver", "--once") as process:
            assert process.wait(60) == -signal.SIGKILL
        assert len(receiver.calls) < len(PEOPLE)
        noted = [state for group in states(database).values() for state in group].count("delivered")
        assert noted < len(receiver.calls)

        receiver.answers = lambda _: 204
        deliver(database, lambda: utc_now() + 2 * MINUTE)
        assert {state for group in states(database).values() for state in group} == {"delivered"}
        bodies = {
            call.id: {other.body for other in receiver.calls if other.id == call.id}
            for call in receiver.calls
        }
        assert len(receiver.ids) > len(bodies) == 30
        assert all(len(same) == 1 for same in bodies.values())
        assert sorted(event["subject"] for event in receiver.seen_once) == [
            f"c-{name}" for name in PEOPLE[:30]
        ]


@pytest.mark.slow
def test_a_deliverer_that_is_asked_to_stop_finishes_what_is_under_way(log_url: str, receiver: Receiver):
    with closing(open_database(log_url, VAULT)) as database:
        hook = webhook(database, receiver.url).destination.destination_id
        write_down(database, trigger("anna", "e1"), now=utc_now())

        def ask_to_stop(_: Call) -> int:
            process.terminate()
            return 204

        receiver.answers = ask_to_stop
        with busflow(log_url, "outbox", "deliver", "--json") as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert json.loads(out) == {"delivered": 1, "failed": 0, "dead": 0}
        assert states(database) == {hook: ["delivered"]}


class Broker:
    """A broker in memory, which may be away."""

    def __init__(self) -> None:
        self.away = False
        self.took: list[Claimed] = []

    async def send(self, message: Claimed, now: object) -> None:
        if self.away:
            raise BusflowError("the broker is away")
        self.took.append(message)


def test_what_is_meant_for_the_broker_waits_for_one_that_is_there(database: Database):
    broker = Broker()
    write_down(database, trigger("anna", "e1"))
    with database.writing() as connection:
        subscribe_broker(connection, NOW)
    clock = SetClock()
    assert deliver(database, clock).delivered == 0
    broker.away = True
    assert deliver(database, clock, broker=broker).failed == 1
    broker.away, clock.now = False, NOW + 10 * SECOND
    assert deliver(database, clock, broker=broker).delivered == 1
    assert [message.type for message in broker.took] == ["EngagementTrigger"]


def test_a_running_deliverer_serves_a_destination_that_is_added_meanwhile(
    database: Database, receiver: Receiver
):
    async def story() -> int:
        async with web_client() as client:
            deliverer = Deliverer(database, client, None, SetClock())

            def stop_when_told(_: Call) -> int:
                loop.call_soon_threadsafe(deliverer.stopping.set)
                return 204

            loop = asyncio.get_running_loop()
            receiver.answers = stop_when_told
            running = asyncio.create_task(deliverer.run())
            await asyncio.to_thread(webhook, database, receiver.url)
            await asyncio.to_thread(write_down, database, trigger("anna", "e1"))
            await running
            return deliverer.tally.delivered

    assert asyncio.run(story()) == 1


def next_due(database: Database) -> datetime:
    with database.reading() as connection:
        return connection.execute(select(tables.delivery.c.due_at)).scalar_one()


def busflow(log_url: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line on this log in a process of its own."""
    environment = os.environ | {
        "BUSFLOW_DATABASE_URL": log_url,
        "BUSFLOW_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
        "BUSFLOW_BROKER_URL": "",
    }
    return subprocess.Popen(
        [sys.executable, "-c", "from busflow.cli import main; main()", *arguments],
        env=environment, cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
