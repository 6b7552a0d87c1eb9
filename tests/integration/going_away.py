"""A server that goes away and comes back, as whoever talks to it sees it: a TCP proxy with a will of its own."""

import socket
import threading
from contextlib import suppress

CHUNK = 65_536


class GoingAway:
    """Passes everything on to a server, until it is told to refuse or to hang. It listens on `port` of 127.0.0.1."""

    def __init__(self, host: str, port: int):
        self._server = (host, port)
        self._passing = threading.Event()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.port = 0
        self.come_back()

    def come_back(self) -> None:
        """Pass on, first what came in while it hung."""
        self._passing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            self._start(self._accept, self._listener)

    def hang(self) -> None:
        """Take connections and requests, and never answer: a server that is stopped, or a network that swallows."""
        self.come_back()
        self._passing.clear()

    def refuse(self) -> None:
        """Cut all connections and take no more: a server that was ended."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for each in list(self._open):
            _cut(each)
        self._passing.set()

    def close(self) -> None:
        """Leave no thread and no socket behind."""
        self.refuse()
        for thread in self._threads:
            thread.join(timeout=10)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._start(self._pass_on, listener.accept()[0])

    def _pass_on(self, client: socket.socket) -> None:
        self._open.add(client)
        self._passing.wait()
        with suppress(OSError), client, socket.create_connection(self._server) as server:
            self._open.add(server)
            back = self._start(self._pump, server, client)
            self._pump(client, server)
            back.join()
            self._open.discard(server)
        self._open.discard(client)

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._passing.wait()
                target.sendall(data)
        _cut(source)
        _cut(target)

    def _start(self, work: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
        return thread


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
