"""Streamlit's protocol without a browser: what somebody can send who is not kept to what a page offers."""

from __future__ import annotations

import re
from contextlib import ExitStack
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECONDS = 60
"""Until a test gives up on an answer: a guard against hanging."""


class Drawn:
    """What the server sent for one message."""

    def __init__(self, messages: list[ForwardMsg]) -> None:
        self.messages = messages
        self.elements = [one.delta.new_element for one in messages if one.delta.HasField("new_element")]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(map(str, self.messages))

    @property
    def titles(self) -> list[str]:
        """The titles of the page."""
        return [one.heading.body for one in self.elements if one.heading.tag == "h1"]

    @property
    def faults(self) -> list[str]:
        """Errors that nobody caught."""
        return [one.exception.type for one in self.elements if one.HasField("exception")]

    def id_of(self, label: str) -> str:
        """The id of the widget of a label."""
        parts = [getattr(one, one.WhichOneof("type") or "", None) for one in self.elements]
        return next(part.id for part in parts if getattr(part, "label", None) == label)

    def pages(self) -> dict[str, str]:
        """The hashes of pages by their address, hidden ones too."""
        return {
            page.url_pathname: page.page_script_hash
            for one in self.messages
            if one.HasField("navigation")
            for page in one.navigation.app_pages
        }


class Session:
    """A connection with a session of its own."""

    def __init__(self, url: str, cookies: Mapping[str, str], *, resume: str = "", **headers: str) -> None:
        """Connect.

        Args:
            url: Of the app.
            cookies: As a browser would send them; among them the token against forged requests.
            resume: The session to go on with.
            headers: Others, ``Origin`` among them.
        """
        token, origin = cookies.get("_streamlit_xsrf", ""), headers.pop("Origin", url)
        sent = {**headers, "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        self.opened = ExitStack()
        made = connect(
            f"{url.replace('http', 'ws', 1)}/_stcore/stream",
            additional_headers={name: value for name, value in sent.items() if value},
            origin=origin or None,  # type: ignore[arg-type]
            subprotocols=[one for one in ("streamlit", token, resume) if one],  # type: ignore[arg-type]
            max_size=None,
            proxy=None,
            close_timeout=0.2,
        )
        self.socket = self.opened.enter_context(made)
        self.id = ""

    def close(self) -> None:
        self.opened.close()

    def send(self, message: BackMsg | bytes) -> None:
        self.socket.send(message if isinstance(message, bytes) else message.SerializeToString())

    def receive(self, last: str = "script_finished") -> Drawn:
        """What comes until a message of a kind; where the script begins again, until it has ended."""
        found: list[ForwardMsg] = []
        while (
            not found
            or found[-1].WhichOneof("type") != last
            or found[-1].script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        ):
            found.append(ForwardMsg.FromString(self.socket.recv(SECONDS)))  # type: ignore[arg-type]
            if found[-1].HasField("new_session"):
                self.id = found[-1].new_session.initialize.session_id
        return Drawn(found)

    def run(
        self,
        page: str = "",
        query: str = "",
        widgets: Iterable[WidgetState] = (),
        last: str = "script_finished",
        **more: Any,
    ) -> Drawn:
        """Ask for a page.

        Args:
            page: Its hash.
            query: What follows the question mark.
            widgets: States of widgets.
            last: Kind of the message that ends the answer.
            more: Other fields of the message.
        """
        message = BackMsg()
        message.rerun_script.query_string, message.rerun_script.page_script_hash = query, page
        message.rerun_script.widget_states.widgets.extend(widgets)
        for name, value in more.items():
            setattr(message.rerun_script, name, value)
        self.send(message)
        return self.receive(last)


def first_visit(url: str) -> dict[str, str]:
    """The cookies of somebody who has not signed in."""
    return dict(httpx.get(f"{url}/_stcore/health", trust_env=False, timeout=SECONDS).cookies)


def sign_in(url: str, name: str) -> dict[str, str]:
    """The cookies of one of the provider's people, who signs in by the way that the app offers."""
    cookies = first_visit(url)
    session = Session(url, cookies)
    drawn = session.run()
    pressed = WidgetState(id=drawn.id_of("Sign in"), trigger_value=True)
    # By its own address: the start leads on to it, and what the press asks for may be dropped on the way.
    asked = session.run(drawn.pages()["runs"], widgets=[pressed], last="auth_redirect")
    session.close()
    away = asked.messages[-1].auth_redirect.url
    with httpx.Client(cookies=cookies, trust_env=False, timeout=SECONDS) as client:
        choose = client.get(client.get(urljoin(url, away)).headers["Location"]).text
        (back,) = re.findall(rf'href="([^"]+)">{re.escape(name)}</a>', choose)
        client.get(unescape(back))
        return dict(client.cookies)
