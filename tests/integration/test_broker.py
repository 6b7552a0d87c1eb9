"""Events through a real broker: whatever breaks on the way, the log ends up as after one clean pass."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.broker_wires import Cuttable, NatsWire, RabbitWire, Wire, laid, left
from tests.integration.broker_worlds import World, deliveries, drain, ended, kill, stop, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return deliveries(tmp_path_factory.mktemp("simulated"), customers=100)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory, messages: list[bytes]) -> World:
    """What one clean pass makes of the messages."""
    world = World.make(tmp_path_factory.mktemp("clean"))
    world.fill_in_one_clean_pass(messages)
    return world


@pytest.fixture(params=[RabbitWire, NatsWire])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    with laid(request.param()) as wire:
        yield wire


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ended(World.make(tmp_path)) as world:
        yield world


def test_killed_again_and_again_the_end_is_that_of_one_clean_pass(wire, world, clean, messages):
    asyncio.run(wire.send(messages))
    total = clean.events()
    assert total > 1_500
    for part in (0.1, 0.35, 0.6):
        process = world.start(wire)
        until(lambda part=part: world.events() > part * total, process)
        kill(process)
        assert world.events() < total
    drain(world, wire)
    assert world.end_state() == clean.end_state()


def test_a_broken_connection_is_made_again(wire, world, clean, messages):
    asyncio.run(wire.send(messages))
    total = clean.events()
    with closing(Cuttable(wire.url)) as proxy:
        process = world.start(wire, proxy.url)
        for part in (0.1, 0.4):
            until(lambda part=part: world.events() > part * total, process)
            proxy.cut()
            before = world.events()
            proxy.mend()
            until(lambda before=before: world.events() > before, process)
        until(lambda: left(wire) == 0, process)
        stop(process)
        assert proxy.breaks >= 2
    drain(world, wire)
    assert world.end_state() == clean.end_state()


def test_two_consumers_share_the_work(wire, world, clean, messages):
    first, second = world.start(wire), world.start(wire)
    until(lambda: world.events() == 0, first)
    asyncio.run(wire.send(messages))
    until(lambda: left(wire) == 0, first)
    told = [stop(first), stop(second)]
    assert left(wire) == 0
    assert all(one["acknowledged"] > 0 for one in told)
    assert world.end_state() == clean.end_state()


def test_asked_to_stop_it_finishes_what_it_holds(wire, world, clean, messages):
    asyncio.run(wire.send(messages))
    committed = 0
    for number in (signal.SIGTERM, signal.SIGINT):
        process = world.start(wire)
        until(lambda committed=committed: world.events() > committed, process)
        told = stop(process, number)
        assert told["accepted"] == world.events() - committed
        committed = world.events()
    drain(world, wire)
    assert world.end_state() == clean.end_state()
