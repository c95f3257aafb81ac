"""A small server that answers what a test says, and keeps what it was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import httpx


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Arrived:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class StandIn:
    url: str
    arrived: Queue[Arrived]


@contextmanager
def standing_in(answers: list[Answer]) -> Iterator[StandIn]:
    """Answers with these in turn, then with 204."""
    arrived: Queue[Arrived] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            arrived.put(Arrived(self.command, self.path, headers, body))
            answer = answers.pop(0) if answers else Answer(204)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _serving(Handler) as url:
        yield StandIn(url, arrived)


@contextmanager
def losing_the_first_answer(service: str) -> Iterator[StandIn]:
    """A way to the service on which the first answer is lost."""
    arrived: Queue[Arrived] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            is_first = arrived.empty()
            arrived.put(Arrived(self.command, self.path, headers, body))
            own = ("host", "connection", "content-length")
            sent = {name: value for name, value in headers.items() if name not in own}
            answer = httpx.request(self.command, service + self.path, headers=sent, content=body)
            if is_first:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers.get("content-type", ""))
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = pass_on

        def log_message(self, format: str, *args: object) -> None:
            pass

    with _serving(Handler) as url:
        yield StandIn(url, arrived)


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
