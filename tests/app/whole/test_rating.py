"""A rating project in a real browser: ten items by keyboard, a disagreement decided, an export that TRL reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.app.elements.rating.keys import LEAST_SECONDS
from audit.ratings import default_url
from audit.ratings.projects.making import add_items
from tests.app.conftest import HOSTILE
from tests.app.whole.served import Server, browser, hold, page, server, settle
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["browser", "page", "server"]


def sign_in(page: Any, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_label("Your name").wait_for()
    settle(page)
    page.get_by_label("Your name").fill(name)
    page.keyboard.press("Enter")
    page.get_by_text("Project p").wait_for()
    settle(page)


@pytest.mark.slow
@pytest.mark.browser
def test_ten_items_by_keyboard_a_decision_and_an_export(server: Server, runs: Path, page: Any, tmp_path: Path) -> None:
    made = made_in(default_url(runs), 9, raters=3, pairs=True)
    made.items += add_items(made.url, "p", "Root", [content(9, pairs=True, prompt=f"question 9 {HOSTILE} \x00 \ud800")])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    sign_in(page, f"{server.url}/rate?project=p", "Ann")
    box = page.get_by_label("Comment")
    box.fill("begun")
    page.wait_for_timeout(1500)  # typing has paused: the text goes to the server
    settle(page)
    sign_in(page, f"{server.url}/rate?project=p", "Ann")  # a reload is a new session
    assert box.input_value() == "begun"
    assert page.title() != "owned"
    for number in range(10):
        page.get_by_text(f"{number} answered by you").wait_for()
        settle(page)
        page.wait_for_timeout(1000 * LEAST_SECONDS)
        page.locator("h1").click()  # out of every box
        hold(page, "a") if number == 0 else page.keyboard.press("abtn"[number % 4])
    page.get_by_text("Nothing is left for you here").wait_for()
    shown = [
        url for url in asked if not url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:"))
    ]
    assert shown == []

    for rater in ("Bob", "Cem"):
        made.rate_all(rater, preference="a")
    sign_in(page, f"{server.url}/adjudicate?project=p", "Judge")
    page.get_by_text("to decide").wait_for()
    page.locator("table[aria-label='Items to decide'] button.open").first.click()
    page.get_by_text("What the raters said").wait_for()
    settle(page)
    decide = page.get_by_role("button", name="Decide")
    colours = [decide.locator(part).evaluate("one => getComputedStyle(one).color") for part in ("p", "kbd")]
    assert colours == ["rgb(255, 255, 255)"] * 2  # not the grey of keys on other buttons
    page.keyboard.press("b")
    page.wait_for_timeout(500)
    settle(page)
    page.keyboard.press("s")
    page.get_by_text("is decided").wait_for()

    sign_in(page, f"{server.url}/ratings?project=p", "Root")
    page.get_by_text("krippendorff (nominal)").first.wait_for()
    settle(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Preferences for training").click()
    file = tmp_path / "preference.jsonl"
    waiting.value.save_as(file)
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(lines) == 10  # two of three raters preferred A, or the decision did B
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    loaded = load_dataset("json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == ["prompt", "chosen", "rejected"]
    assert not is_conversational(loaded[0])
