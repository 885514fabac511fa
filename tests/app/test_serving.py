"""The serving process asks no other server for its address, and its guard lets through what pages need."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from starlette.datastructures import Headers
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server import server_util

from audit.app import serving

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


def test_a_foreign_origin_is_refused_without_asking_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(serving.net_util, "_make_blocking_http_get", lambda url, **_: asked.append(url))
    for name in ("get_internal_ip", "get_external_ip"):  # restored afterwards
        monkeypatch.setattr(serving.net_util, name, getattr(serving.net_util, name))
    monkeypatch.setattr(serving.net_util, "_internal_ip", "127.0.0.1")
    assert not server_util.is_url_from_allowed_origins("http://evil.test")
    assert asked, "Streamlit asks elsewhere by itself: without that, this module is not needed"
    asked.clear()
    monkeypatch.setattr(serving.net_util, "_internal_ip", None)  # looking for it would fail: tests stay on this machine
    monkeypatch.setattr(serving.starlette_app, "create_streamlit_middleware", list)
    started = []
    monkeypatch.setattr(serving.cli, "main", lambda **words: started.append(words))
    serving.serve()
    assert not server_util.is_url_from_allowed_origins("http://evil.test")
    assert asked == []
    assert started == [{"prog_name": "streamlit"}]
    (outermost,) = serving.starlette_app.create_streamlit_middleware()
    assert outermost.cls is serving.RequestFilter


def test_a_connection_is_for_pages_of_the_app_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit lets in any port of this machine (``is_url_from_allowed_origins``)."""
    allowed = {"server.corsAllowedOrigins": ["https://audit.host.test"]}
    monkeypatch.setattr(serving.config, "get_option", allowed.__getitem__)
    for origin, host, is_own in (
        ("http://localhost:8501", "localhost:8501", True),
        ("https://audit.host.test", "127.0.0.1:8501", True),  # a proxy that asks for the app by its address here
        (None, "localhost:8501", True),
        ("http://localhost:3000", "localhost:8501", False),
        ("http://127.0.0.1:8501", "localhost:8501", False),
        ("null", "localhost:8501", False),
        ("https://audit.host.test.evil.test", "audit.host.test", False),
        ("https://audit.host.test@evil.test", "audit.host.test", False),
    ):
        headers = Headers({"Host": host} | ({"Origin": origin} if origin else {}))
        assert serving.is_own_page(headers) is is_own, (origin, host)


def messages() -> dict[str, bytes]:
    """A message of each kind that Streamlit knows, by its name."""
    found = {}
    for field in BackMsg.DESCRIPTOR.fields:
        message = BackMsg()
        if field.message_type is None:
            setattr(message, field.name, True)
        else:
            getattr(message, field.name).SetInParent()
        found[field.name] = message.SerializeToString()
    for name in ("deferred_file", "dataframe_chunk", "install_skills", "dismiss_skills_nudge"):
        message = BackMsg()
        getattr(message.backend_operation_request, name).SetInParent()
        found[name] = message.SerializeToString()
    return found


def test_only_messages_that_pages_send_are_passed_on() -> None:
    wanted = {name for name, data in messages().items() if serving.is_wanted(data)}
    assert wanted == {"rerun_script", "stop_script", "app_heartbeat", "deferred_file"}
    assert "clear_cache" in messages(), "it clears the caches of all readers"
    assert serving.is_wanted(b"\xff\xff"), "Streamlit ends the connection"
    assert not serving.is_wanted(b"")


def rerun(query: str) -> bytes:
    message = BackMsg()
    message.rerun_script.query_string = query
    return bytes(message.SerializeToString())


ENDED = {"type": "websocket.send", "bytes": ForwardMsg(script_finished=0).SerializeToString()}


def test_a_key_that_is_held_leaves_nothing_to_do_when_it_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 equal messages while the first run lasts: beyond the 20 at once none is kept; another is passed on."""
    monkeypatch.setattr(serving.time, "monotonic", lambda: 0.0)
    sent = [*[rerun("next")] * 300, rerun("back")]
    arriving = iter(sent)
    passed: list[bytes] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.receive", "bytes": next(arriving)}

    async def send(_: Any) -> None:
        pass

    async def hold() -> None:
        connection = serving._Connection(receive, send)  # type: ignore[arg-type]
        connection._wait = no_wait  # type: ignore[method-assign]
        for _ in range(serving.AT_ONCE):
            passed.append((await connection.receive())["bytes"])
            connection._left -= 1
        passed.append((await connection.receive())["bytes"])

    async def no_wait() -> None:
        pass

    asyncio.run(hold())
    assert passed == [*sent[: serving.AT_ONCE], rerun("back")]


def test_what_starts_no_run_is_not_waited_for() -> None:
    kinds = messages()

    async def ask(name: str) -> bool:
        async def receive() -> dict[str, Any]:
            return {"type": "websocket.receive", "bytes": kinds[name]}

        async def send(_: Any) -> None:
            pass

        connection = serving._Connection(receive, send)  # type: ignore[arg-type]
        await connection.receive()
        return connection._idle.is_set()

    wanted = ("rerun_script", "stop_script", "app_heartbeat", "deferred_file")
    assert [name for name in wanted if not asyncio.run(ask(name))] == ["rerun_script"]


def test_who_sends_too_much_waits_until_the_run_before_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock of our own: 20 at once, then 3 a second, and none before the run before has ended."""
    now, slept = [0.0], []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    async def wait_for(waiting: Any, seconds: float) -> None:
        waiting.close()
        slept.append(seconds)
        raise TimeoutError

    monkeypatch.setattr(serving.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(serving.asyncio, "sleep", sleep)
    monkeypatch.setattr(serving.asyncio, "wait_for", wait_for)
    asked = itertools.count()

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.receive", "bytes": rerun(f"page {next(asked)}")}

    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def flood() -> list[float]:
        connection = serving._Connection(receive, send)  # type: ignore[arg-type]
        for _ in range(serving.AT_ONCE):
            await connection.receive()
        assert slept == []
        for _ in range(2):
            await connection.receive()
        after = list(slept)
        assert not connection._idle.is_set()
        await connection.send(ENDED)
        assert connection._idle.is_set()
        assert sent == [ENDED]
        return after

    third = 1 / serving.PER_SECOND
    assert asyncio.run(flood()) == [third, serving.LONGEST_RUN, third, serving.LONGEST_RUN]


def answered(scope: dict[str, Any], *arriving: dict[str, Any]) -> tuple[list[Any], list[Message]]:
    """What the server behind the filter got: the scope, then messages until the last; and what was answered."""
    waiting, got, sent = iter(arriving), [], []

    async def behind(scope: Scope, receive: Receive, send: Send) -> None:
        got.extend([scope["type"], *[await receive() for _ in arriving]])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"kept")]})
            await send({"type": "http.response.body", "body": b"here"})

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(serving.RequestFilter(behind)(scope, receive, send))
    return got, sent


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/_stcore/health", 200),
        ("/components/of/ours", 200),
        ("/_stcore/metrics", 404),
        ("/_stcore/upload_file/session/file", 404),
        ("/component/of.others/index.html", 404),
    ],
)
def test_every_answer_has_the_headers_and_some_addresses_are_not_there(path: str, status: int) -> None:
    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    got, (start, *_) = answered(scope)
    assert (start["status"], got) == (status, ["http"] if status == 200 else [])
    headers = Headers(raw=start["headers"])
    assert {name: headers.get(name) for name in serving.HEADERS} == serving.HEADERS
    assert headers.get("x-own") == ("kept" if status == 200 else None)


def test_a_page_elsewhere_gets_no_connection_and_a_page_of_the_app_one_that_is_watched() -> None:
    own = {"type": "websocket", "headers": [(b"host", b"localhost:8501"), (b"origin", b"http://localhost:8501")]}
    foreign = own | {"headers": [(b"host", b"localhost:8501"), (b"origin", b"http://evil.test")]}
    assert answered(foreign) == ([], [{"type": "websocket.close", "code": 1008, "reason": ""}])
    connect, gone = {"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1001}
    asked = {"type": "websocket.receive", "bytes": rerun("page")}
    assert answered(own, connect, asked, gone) == (["websocket", connect, asked, gone], [])


def test_what_is_neither_a_request_nor_a_connection_is_passed_on() -> None:
    """The server is told when it starts and when it ends."""
    started = {"type": "lifespan.startup"}
    assert answered({"type": "lifespan"}, started) == (["lifespan", started], [])


def test_a_message_that_no_page_sends_is_left_out() -> None:
    kinds = messages()
    arriving = iter([kinds["clear_cache"], kinds["app_heartbeat"]])

    async def receive() -> Message:
        return {"type": "websocket.receive", "bytes": next(arriving)}

    async def send(_: Message) -> None:
        pass

    got = asyncio.run(serving._Connection(receive, send).receive())
    assert got["bytes"] == kinds["app_heartbeat"]
