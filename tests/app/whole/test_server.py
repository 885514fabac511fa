"""``audit app``: one server, on this machine alone, ended cleanly; and the main job in a real browser."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from audit.app.elements.rating.keys import LEAST_SECONDS
from audit.core.run_folder import RunFolder
from audit.ratings import default_url, read_all
from tests.app.conftest import OLDER, RUN_ID, made_older
from tests.app.pages.test_adjudicate import disagreed
from tests.app.whole.served import PATIENCE, Server, browser, hold, page, settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.whole.processes import Forks

__all__ = ["browser", "page"]  # fixtures


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory, _audited: Path, app_forks: Forks) -> Iterator[Server]:
    """One server for all tests in a browser, of which one alone writes."""
    runs = tmp_path_factory.mktemp("browsed")
    made_older(RunFolder(shutil.copytree(_audited, runs / _audited.name)), runs)
    running = Server(runs, forks=app_forks)
    yield running
    assert running.stop() == 0


def handshake(server: Server, host: str, origin: str | None) -> int:
    """The status with which the app answers a page of some origin that asks it for a connection under some name."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    headers = {"Host": host, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} | ({"Origin": origin} if origin else {})
    connection.request("GET", "/_stcore/stream", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def behind_ampersand(runs: Path) -> Server:
    """A server as a shell without job control starts it behind ``&``: SIGINT ignored, and so by its children."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return Server(runs)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_it_listens_on_this_machine_alone_and_ends_cleanly(run: RunFolder, runs: Path) -> None:
    """By Ctrl-C, though it is behind ``&``; other servers here have one that is not, when their tests have ended."""
    server = behind_ampersand(runs)
    assert server.said == f"{server.url}  (runs in {runs}; Ctrl-C stops it)\n"
    before = server.processes()
    listening = {
        (c.laddr.ip, c.laddr.port) for p in before for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", server.port)}
    own, evil = f"127.0.0.1:{server.port}", f"evil.test:{server.port}"
    assert [
        handshake(server, own, f"http://{own}"),
        handshake(server, own, "http://evil.test"),  # a page elsewhere connects to this machine
        handshake(server, evil, f"http://{evil}"),  # and gives its own name the address of this machine
        handshake(server, evil, None),
    ] == [101, 403, 403, 403]
    _ends(server, signal.SIGINT)


@pytest.mark.slow
def test_behind_an_ampersand_it_ends_by_sigterm_too(run: RunFolder, runs: Path) -> None:
    _ends(behind_ampersand(runs), signal.SIGTERM)


def _ends(server: Server, how: signal.Signals) -> None:
    """At once, with all its processes."""
    processes = server.processes()
    assert len(processes) > 1
    begin = time.monotonic()
    assert server.stop(how) == 0
    assert time.monotonic() - begin < PATIENCE / 10  # 0.3 s on an idle machine; it took 10 s and a kill
    assert psutil.wait_procs(processes[1:], timeout=PATIENCE)[1] == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_reviewer_browses_and_rates(browsed: Server, page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    page.goto(f"{browsed.url}/overview")
    page.get_by_role("heading", name="Capability").wait_for()
    page.locator(".glance .bar").first.wait_for()
    assert re.search(r"[?&]run=\d{8}T", page.url)

    page.get_by_role("link", name="Rate without project").click()
    page.get_by_role("heading", name="Rate a run without a project").wait_for()
    settle(page)
    page.get_by_label("Your name").fill("ada")
    page.keyboard.press("Enter")
    page.get_by_text("0 of 38 rated").wait_for()
    page.get_by_text("Rating as ada").wait_for()
    output, good = page.locator("[data-testid=stCode]"), page.get_by_role("button", name="Good", disabled=False)
    settle(page)
    assert (output.count(), good.count()) == (0, 0)  # the first sample is a probe's: hidden, its keys off
    # What the page invites to: keys right after the name. Nothing has the focus that would take them as text.
    page.keyboard.press("4")
    page.keyboard.press("o")
    output.nth(0).wait_for()
    good.first.wait_for()
    settle(page)
    page.wait_for_timeout(1000 * LEAST_SECONDS)
    before = output.all_inner_texts()
    hold(page, "4")
    page.get_by_text("1 of 38 rated").wait_for()
    page.get_by_text("Saved for the previous output: 4 · Good").wait_for()
    settle(page)
    assert output.count() == len(before)
    assert output.all_inner_texts() != before
    (row,) = read_all(default_url(browsed.runs))
    assert (row.rater, row.rating) == ("ada", 4)
    page.keyboard.press("u")
    page.get_by_text("0 of 38 rated").wait_for()
    assert [row.withdrawn for row in read_all(default_url(browsed.runs))] == [True]

    page.goto(f"{browsed.url}/sample?task=asdiv")
    page.get_by_text("Why this answer").wait_for()
    page.get_by_text("occlusion").first.wait_for()
    page.locator(".attribution table.grid").first.wait_for()
    settle(page)
    page.wait_for_load_state("networkidle")  # whatever the page would fetch or run late
    assert page.title() == "audit"
    assert "<script>document.title" in output.nth(0).inner_text()
    assert dialogs == []
    assert {url.split("/")[2] for url in asked if not url.startswith(("data:", "blob:"))} == {
        f"127.0.0.1:{browsed.port}"
    }


def place(page: Any) -> dict[str, list[str]]:
    """The parts of the address."""
    return parse_qs(urlsplit(page.url).query)


@pytest.mark.slow
@pytest.mark.browser
def test_a_reviewer_walks_through_the_wrong_answers(browsed: Server, page: Any) -> None:
    """From the list of runs to the worst errors, one after the other and back, by mouse and by keyboard."""
    page.goto(browsed.url)
    page.get_by_role("table", name="Runs").get_by_role("button", name="smollm2-135m-instruct").first.click()
    page.wait_for_url("**/overview?run=*")
    page.get_by_role("link", name="Samples").click()
    table = page.get_by_role("table", name="Samples")
    page.get_by_text("39 samples").wait_for()
    settle(page)
    page.get_by_role("radio", name="Wrong 11").click()
    page.get_by_text("11 wrong answers").wait_for()
    settle(page)
    table.get_by_role("button", name="Confidence").click()
    table.get_by_role("columnheader", name="Confidence ↑").wait_for()
    settle(page)
    table.get_by_role("button", name="Confidence").click()
    table.get_by_role("columnheader", name="Confidence ↓").wait_for()
    settle(page)
    listed = {name: value for name, value in place(page).items() if name != "run"}
    assert listed == {"result": ["wrong"], "sort": ["-confidence"]}
    # By keyboard: the second row opens by Enter.
    table.get_by_role("row").nth(1).get_by_role("button").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("2 of 11 wrong answers").wait_for()
    settle(page)
    page.get_by_role("heading", name="Wrong: it chose “no”, the right answer is “yes”").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_text("3 of 11 wrong answers").wait_for()
    settle(page)
    assert listed.items() <= place(page).items()
    page.reload()  # what is shared is the address
    page.get_by_text("3 of 11 wrong answers").wait_for()
    settle(page)
    page.keyboard.press("b")
    page.wait_for_url("**/samples?*")
    page.get_by_text("11 wrong answers").wait_for()
    settle(page)
    assert listed.items() <= place(page).items()
    table.get_by_role("columnheader", name="Confidence ↓").wait_for()


PAGES = {
    "runs": "", "overview": "", "samples?result=wrong": "", "sample?task=boolq": "", "sample?task=toxicity": "",
    f"compare?run={RUN_ID}&with={OLDER}": "", "errors?task=evals/boolq": "", "safety": "", "explanations": "",
    "decision": "", "rate": "Cem", "rate_run": "ada", "adjudicate": "Judge", "ratings": "Root", "admin": "",
}  # fmt: skip
"""Addresses, each with the name that the page asks for."""
ORDERLY = {"heading-order", "landmark-unique"}
"""Moderate findings of axe that no page may have either."""


STILL = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
    && document.getAnimations().every(
        one => one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)
"""
"""The script has ended, nothing waits to be drawn again, and nothing moves or fades that will end: all at once."""


HEADING = "[data-testid=stMainBlockContainer] h1"


def look_at(page: Any, name: str) -> None:
    """Wait until a page is drawn and stays so; where it asks who is there, say a name."""
    page.locator(HEADING).wait_for()
    settle(page)
    if name:
        page.get_by_label("Your name").fill(name)
        page.keyboard.press("Enter")
        page.get_by_label("Your name").wait_for(state="detached")
        settle(page)
    # The list of runs is drawn again once a second until all verdicts are known, and what is drawn again grows pale.
    # Its table has a document of its own, which locators look into and `innerText` does not.
    page.get_by_text("… checking").first.wait_for(state="detached")
    page.wait_for_function(STILL)


@pytest.mark.slow
@pytest.mark.browser
def test_from_a_run_to_an_error_and_why_it_was_made(browsed: Server, page: Any) -> None:
    """Boolq's first answer is wrong, and explained by two methods; one of them is not to be believed and comes last."""
    page.goto(browsed.url)
    page.get_by_role("table", name="Runs").get_by_role("button", name="smollm2-135m-instruct").first.click()
    page.wait_for_url("**/overview?run=*")
    page.get_by_role("link", name="Samples").click()
    page.get_by_text("39 samples").wait_for()
    settle(page)
    page.get_by_role("radio", name="Wrong 11").click()
    page.get_by_text("11 wrong answers").wait_for()
    settle(page)
    page.get_by_role("table", name="Samples").get_by_role("row").filter(has_text="the fox is an animal").filter(
        has_text="explained"
    ).get_by_role("button").click()
    page.get_by_role("heading", name="Wrong: it chose “no”, the right answer is “yes”").wait_for()
    page.get_by_role("heading", name="Why this answer").wait_for()
    settle(page)
    shown = page.locator("[data-testid=stMainBlockContainer]").inner_text()
    assert 0 < shown.index("occlusion") < shown.index("attention")
    words = page.locator(".attribution").first.inner_text()
    assert all(word in words for word in ("Passage", "fox", "woods"))


@pytest.mark.slow
@pytest.mark.browser
def test_from_two_runs_to_an_item_that_broke(browsed: Server, page: Any) -> None:
    """Four answers to BoolQ became wrong, one right."""
    page.goto(f"{browsed.url}/overview")
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url("**/compare?*")
    table = page.get_by_role("table", name="Changed items")
    table.wait_for()
    settle(page)
    page.get_by_role("radio", name="Broken 4").click()
    page.get_by_text("4 items: broken").first.wait_for()
    settle(page)
    table.get_by_role("button").filter(has_text="fox").first.click()
    page.get_by_role("heading", name="Broken: right in the baseline, wrong in this run").wait_for()
    settle(page)
    texts = page.locator(".audit-diff").all_inner_texts()
    assert [text.strip() for text in texts] == ["yes", "no"]
    page.keyboard.press("ArrowRight")
    page.get_by_text("2 of 4 items: broken").wait_for()
    settle(page)
    assert place(page)["change"] == ["broken"]


GROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


def barriers(page: Any, **options: Any) -> list[tuple[str, str]]:
    """What axe finds that keeps somebody out: the rule and the element."""
    from axe_playwright_python.base import AXE_SCRIPT

    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    run = "options => axe.run({...options, resultTypes: ['violations']}).then(found => found.violations)"
    found = page.evaluate(run, options)
    serious = [one for one in found if one["impact"] in ("serious", "critical") or one["id"] in ORDERLY]
    return [(one["id"], node["html"]) for one in serious for node in one["nodes"]]


@pytest.mark.slow
@pytest.mark.browser
def test_no_page_has_a_serious_barrier_in_either_theme(browsed: Server, page: Any) -> None:
    run = RunFolder(browsed.runs / RUN_ID)
    disagreed(default_url(browsed.runs))
    explained = run.read_samples("evals", "boolq")[0].sample_id
    addresses = {**PAGES, f"explanations?run={RUN_ID}&task=evals/boolq&sample={explained}": ""}
    for address, name in addresses.items():
        page.emulate_media(color_scheme="light")
        page.goto(f"{browsed.url}/{address}")
        look_at(page, name)
        assert barriers(page) == [], address
        light = page.evaluate(GROUND)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"light => {GROUND} !== light", arg=light)
        look_at(page, "")
        # A theme changes colours alone.
        assert barriers(page, runOnly=["color-contrast"]) == [], (address, "dark")
