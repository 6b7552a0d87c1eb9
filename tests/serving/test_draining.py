"""How a process ends that was told to. `test_shutdown` does it to the whole service."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import draining as draining_module
from serving.draining import Draining, Workers


class Server:
    """As uvicorn's: its handler of SIGTERM is a method of what holds the listening servers."""

    def __init__(self) -> None:
        self.servers: list[asyncio.Server] = []
        self.ended_at: list[float] = []

    def handle_exit(self, *_: Any) -> None:
        self.ended_at.append(time.monotonic())

    async def listen(self) -> socket.socket:
        """Listen on a socket, and return the one a supervisor would hold."""
        listening = socket.create_server(("127.0.0.1", 0))
        held = listening.dup()
        self.servers.append(await asyncio.start_server(lambda _, writer: writer.close(), sock=listening))
        return held


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(draining_module, "CLOSING_SECONDS", 0.2)
    server = Server()
    before = signal.signal(signal.SIGTERM, server.handle_exit)
    yield server
    signal.signal(signal.SIGTERM, before)


def is_taken(held: socket.socket) -> bool:
    """Whether a new connection is taken, if only into the queue."""
    try:
        socket.create_connection(held.getsockname(), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(("workers", "taken"), [(1, False), (2, True)])
def test_it_says_so_then_refuses_new_connections_and_then_ends_once(server, tmp_path: Path, workers, taken):
    """Of two workers one ends alone here: the other goes on taking connections from the socket they share."""

    async def story() -> None:
        held, draining = await server.listen(), Draining()
        draining.begin_at_sigterm(0.2, Workers(workers, tmp_path))
        assert (draining.missing(), draining.is_closing) == ([], False)
        began = time.monotonic()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.1)
        assert draining.missing() == ["this process is ending"]
        assert not draining.is_closing
        assert is_taken(held)
        await asyncio.sleep(0.2)
        assert (draining.is_closing, server.ended_at) == (True, [])
        assert is_taken(held) == taken
        await asyncio.sleep(0.3)
        [ended_at] = server.ended_at
        assert ended_at - began >= 0.4
        held.close()

    asyncio.run(story())


def test_the_service_ends_when_all_its_workers_do(tmp_path):
    two = Workers(2, tmp_path)
    two.mark_ending()
    assert not two.all_end
    (tmp_path / "1.ending").touch()
    assert two.all_end
    assert not Workers(1, None).all_end, "nobody knows who else there is"
