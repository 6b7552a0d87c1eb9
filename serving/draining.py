"""How a process ends without dropping a request, once SIGTERM has told it to.

First it goes on as before, but says that it is not ready, so that proxies which ask turn elsewhere. Then it stops
listening, so that a new connection is refused, which any client and proxy takes elsewhere, instead of waiting for
nobody; and each reply asks its caller to use another connection from now on. When nobody has one left, the server
ends as it always did: what is in flight is finished.
"""

import os
import signal
import socket
import threading
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

CLOSING_SECONDS = 0.5
"""How long callers have to hear that their connection closes."""
_MARK = "ending"

Handler = Callable[[int, FrameType | None], Any]


class Workers:
    """The processes that share a listening socket. Each leaves a mark in a common folder when it is told to end."""

    def __init__(self, count: int, folder: Path | None):
        self._count = count
        self._folder = folder

    def mark_ending(self) -> None:
        """Let the others know."""
        if self._folder is not None:
            (self._folder / f"{os.getpid()}.{_MARK}").touch()

    @property
    def all_end(self) -> bool:
        """Say whether the whole service ends, and not this process alone."""
        return self._folder is not None and len(list(self._folder.glob(f"*.{_MARK}"))) >= self._count


class Draining:
    """Where a process is on its way to the end."""

    def __init__(self) -> None:
        self.is_on = False
        self.is_closing = False

    def missing(self) -> list[str]:
        """Say that this process ends, as readiness asks."""
        return ["this process is ending"] if self.is_on else []

    def begin_at_sigterm(self, seconds: float, workers: Workers) -> None:
        """Let SIGTERM begin the draining, and what it did until now end it. Call it inside the event loop."""
        end = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(end):
            return
        loop, handler = get_running_loop(), end

        def begin(_number: int, _frame: FrameType | None) -> None:
            if not self.is_on:  # a supervisor may tell the parent and all its children at once
                self.is_on = True
                workers.mark_ending()
                loop.call_soon_threadsafe(loop.call_later, seconds, self._close, loop, workers, handler)

        signal.signal(signal.SIGTERM, begin)

    def _close(self, loop: AbstractEventLoop, workers: Workers, end: Handler) -> None:
        self.is_closing = True
        stop_listening(end, everybody=workers.all_end)
        loop.call_later(CLOSING_SECONDS, end, signal.SIGTERM, None)


def stop_listening(end: Handler, *, everybody: bool) -> None:
    """Take no more connections; `end` is the handler of the server that takes them (`Server.handle_exit`).

    everybody: the supervisor, which ends only after us, holds the same socket, and new connections would wait in it
    for nobody; so the socket itself is shut. Otherwise the other processes take what comes.
    """
    for server in getattr(getattr(end, "__self__", None), "servers", ()):
        shared = [socket.socket(fileno=os.dup(each.fileno())) for each in server.sockets]
        server.close()
        for each in shared:
            if everybody:
                with suppress(OSError):  # another process was faster
                    each.shutdown(socket.SHUT_RDWR)
            each.close()
