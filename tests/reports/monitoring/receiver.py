"""A server on this machine that keeps what is posted to it, as a collector or the receiver of a webhook does."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Posted:
    """One call."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What arrived, and how it is answered."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    """Of the next answers; then 200."""
    posted: list[Posted] = field(default_factory=list)
    answer: bytes = b""
    """Body of the answers."""
    wait: float = 0
    """Seconds before an answer."""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Serve until the block ends."""
    found = Receiver()
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            ended.wait(found.wait)
            self.send_response(found.statuses.pop(0) if found.statuses else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(found.answer)))
            self.end_headers()
            self.wfile.write(found.answer)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()
