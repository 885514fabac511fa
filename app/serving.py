"""The process that serves the app: Streamlit's command line behind a guard, kept from asking other servers anything.

When a page of another origin tries to connect, Streamlit looks for this machine's own addresses, the public one by
asking a server elsewhere, to see whether the page comes from there. The app's own pages are let in without that.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose
from streamlit import config, net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web import cli
from streamlit.web.server.starlette import starlette_app

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOT_SERVED = ("/_stcore/metrics", "/_stcore/upload_file", "/_stcore/agent", "/component")
"""Addresses of Streamlit that the app has no use for; it answers there whoever asks, signed in or not."""
SENT = frozenset({"rerun_script", "stop_script", "app_heartbeat", "backend_operation_request"})
"""What a browser has to say. Of the rest, one message clears the caches of all readers, whoever sends it."""
OPERATIONS = frozenset({"deferred_file"})
"""Of the requests that start no script: a file that is made when it is asked for."""
AT_ONCE, PER_SECOND = 20, 3
"""Messages that one connection may send before it has to wait, and how many a second it may send then."""
LONGEST_RUN = 10
"""Seconds that it then waits at most for the run before to end."""
LONGEST_END = 1_000
"""Bytes that a message about the end of a run has at most."""
HEADERS = {
    # No page elsewhere shows the app in a frame and has its reader click there.
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class RequestFilter:
    """Lets through what the app's own pages ask for, as the outermost layer of the server."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap a server.

        Args:
            app: What answers.
        """
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one connection for as long as it lasts."""
        if scope["type"] == "http":
            path = scope["path"]
            hidden = any(path == one or path.startswith(f"{one}/") for one in NOT_SERVED)
            answer = PlainTextResponse("Not Found", 404) if hidden else self.app
            await answer(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            answer = self.app if is_own_page(Headers(scope=scope)) else WebSocketClose(1008)
            connection = _Connection(receive, send)
            await answer(scope, connection.receive, connection.send)
        else:
            await self.app(scope, receive, send)


def is_own_page(headers: Headers) -> bool:
    """Whether a page of the app asks for a connection, or a program, which names no page and signs nobody in.

    Streamlit lets in pages from any port of this machine, which are others than the app's.
    """
    origin = headers.get("Origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == headers.get("Host") or origin in config.get_option("server.corsAllowedOrigins")


def is_wanted(data: bytes) -> bool:
    """Whether a message is one that the app's pages send. Streamlit ends the connection after any other bytes."""
    kind, operation = _kind(data)
    return operation in OPERATIONS if kind == "backend_operation_request" else kind is None or kind in SENT


def _kind(data: bytes) -> tuple[str | None, str | None]:
    """Kind of a message, ``""`` for an empty one, and what it asks for without a run; None if it cannot be read."""
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return None, None
    return message.WhichOneof("type") or "", message.backend_operation_request.WhichOneof("payload")


class _Connection:
    """What one connection sends: the messages that are wanted, no faster than a person presses keys.

    Each message stops one run of the script and starts another. Beyond what is allowed, one is passed on when the run
    before it has ended. Those that wait fill the buffers of the connection, so that who sends them waits, and nobody
    else. A key that is held sends the same message again and again: those are left out until the run for one of them
    has ended, or the page would go on long after the key was let go.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._left, self._before = float(AT_ONCE), time.monotonic()
        self._idle = asyncio.Event()
        self._idle.set()
        self._last = b""

    async def receive(self) -> Message:
        """The next message that is wanted."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            data = message.get("bytes") or b""
            if self._is_repeated(data):
                await asyncio.sleep(0)  # others have their turn
                continue
            await self._wait()
            if is_wanted(data):
                self._last = data
                if _kind(data)[0] == "rerun_script":
                    self._idle.clear()
                return message

    async def send(self, message: Message) -> None:
        """Pass on what the server sends, and see whether a run has ended."""
        data = message.get("bytes") or b""
        if len(data) < LONGEST_END and ForwardMsg.FromString(data).HasField("script_finished"):
            self._idle.set()
        await self._send(message)

    def _is_repeated(self, data: bytes) -> bool:
        """Whether a message beyond what is allowed is the one whose run has not ended."""
        return self._allowed() < 1 and data == self._last and not self._idle.is_set()

    def _allowed(self) -> float:
        """Messages that may be sent at once by now."""
        now = time.monotonic()
        self._left, self._before = min(AT_ONCE, self._left + (now - self._before) * PER_SECOND), now
        return self._left

    async def _wait(self) -> None:
        self._left = self._allowed() - 1
        if self._left < 0:
            await asyncio.sleep(-self._left / PER_SECOND)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), LONGEST_RUN)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return send_with_headers


def serve() -> None:
    """Run Streamlit with the arguments of this process."""
    net_util.get_internal_ip = net_util.get_external_ip = lambda: None
    inner = starlette_app.create_streamlit_middleware

    def guarded() -> list[Any]:
        return [Middleware(RequestFilter), *inner()]

    starlette_app.create_streamlit_middleware = guarded
    cli.main(prog_name="streamlit")


if __name__ == "__main__":
    serve()
