"""A web server of somebody who is told things, and a consumer that keeps the ids it has seen."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Call(NamedTuple):
    """One request: its path, its headers in lower case, its body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


Answering = Callable[[Call], int]


@dataclass
class Receiver:
    """`answers` says with which status; `calls` are all that came, in their order."""

    url: str
    answers: Answering = lambda _: 204
    calls: list[Call] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [call.id for call in self.calls]

    @property
    def seen_once(self) -> list[dict[str, Any]]:
        """What a consumer that keeps ids takes in: the first call of each id."""
        first: dict[str, Call] = {}
        for call in self.calls:
            first.setdefault(call.id, call)
        return [call.event for call in first.values()]


class Server(ThreadingHTTPServer):
    request_queue_size = 64


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:  # the sender died in the middle of a word
                return
            call = Call(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.calls.append(call)
            status = receiver.answers(call)
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
