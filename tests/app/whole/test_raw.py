"""The served app over Streamlit's own protocol, by people who are not kept to what a page offers."""

from __future__ import annotations

import json
import shutil
import time
import tomllib
from typing import TYPE_CHECKING

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from websockets.exceptions import ConnectionClosed, InvalidStatus

from audit.app import serving
from audit.ratings import default_url
from audit.ratings.access.app_roles import give_app_role
from audit.ratings.projects import asking
from audit.ratings.projects.making import add_items, create
from audit.ratings.projects.project import ProjectPlan
from audit.ratings.projects.roles import give_role
from tests.app.conftest import RUN_ID
from tests.app.provider import Provider
from tests.app.whole.raw import Session, first_visit, sign_in
from tests.app.whole.served import Server, unused_port
from tests.app.whole.test_roles import TELLING
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.whole.processes import Forks

    Cookies = dict[str, str]

OTHERS = "a question of the other project"
PEOPLE = {name: {"email": f"{name}@host.test", "email_verified": True} for name in ("rater", "viewer")}


class Attacked:
    """A served app in which people sign in, and their cookies."""

    def __init__(self, server: Server, secret: str) -> None:
        self.server, self.url, self.secret = server, server.url, secret
        self.cookies: dict[str, Cookies] = {name: sign_in(server.url, name) for name in PEOPLE}
        self.cookies["nobody"] = first_visit(server.url)

    def session(self, who: str, **more: str) -> Session:
        return Session(self.url, self.cookies[who], **more)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory, _audited: Path, app_forks: Forks) -> Iterator[Attacked]:
    runs = tmp_path_factory.mktemp("attacked")
    shutil.copytree(_audited, runs / _audited.name)
    url = default_url(runs)
    for name in PEOPLE:
        give_app_role(url, "root", f"{name}@host.test", name, at_machine=True)  # type: ignore[arg-type]
    made = made_in(url, 2)
    made.rate_all("Ann", rating=1)
    give_role(url, "p", "Root", "rater@host.test", "rater")
    plan = ProjectPlan(made_by="Root", questions=asking.of_one_run(), raters_per_item=2)
    create(url, "other", plan, guidelines=OTHERS, roles={"Bob": ["rater"]})
    add_items(url, "other", "Root", [content(9, prompt=OTHERS)])
    provider, port = Provider(PEOPLE), unused_port()
    file = provider.login_file(runs.parent, f"http://127.0.0.1:{port}")
    server = Server(runs, "--auth", str(file), "--admin", "admin@host.test", port=port, forks=app_forks)
    try:
        yield Attacked(server, tomllib.loads(file.read_text("utf-8"))["auth"]["cookie_secret"])
    finally:
        server.stop()
        provider.close()


@pytest.mark.slow
def test_a_rater_gets_nothing_of_runs_and_other_projects(attacked: Attacked) -> None:
    """By the hash of any page, by any address, by states of widgets that are not the rater's, by others' sessions."""
    session, viewer = attacked.session("rater"), attacked.session("viewer")
    hashes, runs = session.run().pages(), viewer.run()
    assert runs.titles[0] == "Runs"
    assert "smollm2" in runs.text
    fragments = [one.delta.fragment_id for one in runs.messages if one.delta.fragment_id]
    states = [
        WidgetState(id=name, string_value="other") for name in ("rating_project", "rater", "chosen_run", "rate_who")
    ]
    query = f"run={RUN_ID}&task=boolq&project=other&sample=..%2F..%2F%00&project=other&find=fox"
    for name, page in [*hashes.items(), ("", "0" * 32), ("", "../../etc/passwd"), ("", "")]:
        drawn = session.run(page, query, page_name="admin")
        assert drawn.faults == [], name
        assert (drawn.titles == ["No access"]) is (name not in {"rate", "ratings"}) or not name, name
        echoed = drawn.text.replace(RUN_ID, "")
        assert [word for word in (*TELLING, OTHERS, "Ann") if word in echoed and word != "asdiv"] == [], name
    session.send(_rerun(fragment_id=fragments[0]))  # a fragment of another session: no answer comes
    drawn = session.run(hashes["rate"], query, states)  # names in the state of a session; Streamlit draws no page then
    assert [word for word in (OTHERS, "Ann") if word in drawn.text] == []
    taken = attacked.session("rater", resume=viewer.id)
    assert taken.run().titles == ["Rate outputs"]
    assert taken.id != viewer.id
    assert viewer.run().titles[0] == "Runs"
    for one in (session, viewer, taken):
        one.close()


@pytest.mark.slow
def test_a_cookie_signs_in_whom_the_app_signed_and_its_own_page_alone(attacked: Attacked) -> None:
    own, rater = attacked.cookies["viewer"], attacked.cookies["rater"]
    claims = {"origin": attacked.url, "is_logged_in": True, "email": "viewer@host.test", "email_verified": True}

    def signed(secret: str, since: float) -> Cookies:
        value = json.dumps({**claims, "iat": since})
        return {**own, "_streamlit_user": create_signed_value(secret, "_streamlit_user", value).decode()}

    user = own["_streamlit_user"]
    head, tail = user.rsplit(".", 2)[0], rater["_streamlit_user"].rsplit(".", 2)[1:]
    mixed = {**own, "_streamlit_user": ".".join([head, *tail])}
    now, port = time.time(), attacked.server.port
    cases: list[tuple[str, Cookies, dict[str, str], str]] = [
        ("own", own, {}, "Runs"),
        ("of the right secret", signed(attacked.secret, now), {}, "Runs"),
        ("no token", {"_streamlit_user": user}, {}, "Sign in"),
        ("no page", own, {"Origin": ""}, "Sign in"),
        ("one person's claims, another's signature", mixed, {}, "Sign in"),
        ("another cookie in its place", {**own, "_streamlit_user": own["_streamlit_user_tokens"]}, {}, "Sign in"),
        ("another secret", signed("x" * 32, now), {}, "Sign in"),
        ("13 hours ago", signed(attacked.secret, now - 13 * 3600), {}, "Sign in"),
        ("tomorrow", signed(attacked.secret, now + 24 * 3600), {}, "Sign in"),
        ("headers", attacked.cookies["nobody"], {"X-Forwarded-Email": "viewer@host.test"}, "Sign in"),
    ]
    for name, cookies, headers, title in cases:
        session = Session(attacked.url, cookies, **headers)
        assert session.run().titles[0] == title, name
        session.close()
    for origin in (
        "null",
        "http://evil.test",
        f"http://localhost:{port}",
        "http://127.0.0.1:1",
        f"https://127.0.0.1.evil.test:{port}",
    ):
        with pytest.raises(InvalidStatus, match="403"):
            Session(attacked.url, own, Origin=origin)


@pytest.mark.slow
def test_messages_that_no_page_sends_change_nothing_for_others(attacked: Attacked) -> None:
    rater, nobody = attacked.session("rater"), attacked.session("nobody")
    drawn = rater.run()
    rater.run(drawn.pages()["rate"], widgets=[WidgetState(id=drawn.id_of("Comment"), string_value="begun")])
    nobody.run()

    def operation(kind: str) -> BackMsg:
        message = BackMsg()
        message.backend_operation_request.session_id = nobody.id
        getattr(message.backend_operation_request, kind).SetInParent()
        return message

    for message in (
        BackMsg(clear_cache=True),
        BackMsg(load_git_info=True),
        BackMsg(set_run_on_save=True),
        BackMsg(debug_shutdown_runtime=True),
        BackMsg(file_urls_request={"request_id": "1", "file_names": ["x"], "session_id": nobody.id}),  # type: ignore[arg-type]
        operation("install_skills"),
        operation("dismiss_skills_nudge"),
        b"",
    ):
        nobody.send(message)
    kinds = {one.WhichOneof("type") for one in nobody.run().messages}
    assert not kinds & {"git_info_changed", "file_urls_response", "backend_operation_response"}
    again = attacked.session("rater")
    assert "begun" in again.run(drawn.pages()["rate"]).text
    too_large = _rerun(query_string="x" * 5_000_000)
    for sent, code in ((b"\xff\xff no message", 1002), (too_large, 1009)):
        nobody.send(sent)
        with pytest.raises(ConnectionClosed) as closed:
            nobody.receive()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        nobody = attacked.session("nobody")
    assert rater.run().titles == ["Rate outputs"]
    for one in (rater, nobody, again):
        one.close()


@pytest.mark.slow
def test_only_what_the_pages_need_is_served(attacked: Attacked) -> None:
    viewer = attacked.session("viewer")
    viewer.run()
    token = {"X-Xsrftoken": attacked.cookies["viewer"]["_streamlit_xsrf"]}
    with httpx.Client(base_url=attacked.url, cookies=attacked.cookies["viewer"], trust_env=False) as client:
        put = client.put(f"/_stcore/upload_file/{viewer.id}/x", files={"file": ("x", b"x")}, headers=token)
        assert put.status_code == 404
        viewer.close()
        _check_addresses(client)


def _check_addresses(client: httpx.Client) -> None:
    for path, status in {
        **dict.fromkeys([*serving.NOT_SERVED, "/_stcore/agent/openapi.json", "/component/x/index.html"], 404),
        **dict.fromkeys(["/media/x", "/media/" + "0" * 32 + ".csv", "/_stcore/bidi-components/x/y"], 404),
        **dict.fromkeys(["/static/..%2f..%2fetc%2fpasswd", "/media/%2e%2e/x", "/media/%00"], 400),
        "/_stcore/health": 200,
    }.items():
        answer = client.get(path)
        assert answer.status_code == status, path
        assert answer.headers["X-Frame-Options"] == "DENY", path
    page = client.get("/main.py").text
    assert page == client.get("/overview").text, "whatever is no file of Streamlit's is its empty page"
    assert not [word for word in (*TELLING, "import") if word in page]


@pytest.mark.slow
def test_a_flood_of_one_rater_does_not_stop_the_others(attacked: Attacked) -> None:
    """How messages wait is tested in ``tests/app/test_serving.py``; here, that others are answered meanwhile."""
    rater, viewer = attacked.session("rater"), attacked.session("viewer")
    rater.run()
    page = viewer.run().pages()["ratings"]
    flood = _rerun(query_string="project=p").SerializeToString()
    for _ in range(500):
        rater.send(flood)
    assert viewer.run(page).titles == ["Results of a rating project"]
    assert httpx.get(f"{attacked.url}/_stcore/health", trust_env=False).text == "ok"
    for one in (rater, viewer):
        one.close()


def _rerun(**values: str) -> BackMsg:
    message = BackMsg()
    for name, value in values.items():
        setattr(message.rerun_script, name, value)
    return message
