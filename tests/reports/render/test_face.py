"""The head of a run for the app."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audit.reports.drawing.page import theme_variables
from audit.reports.render.face import face
from tests.reports.conftest import a_manifest
from tests.reports.pages import HOSTILE, Page, assert_inert

if TYPE_CHECKING:
    from collections.abc import Callable


def test_it_shows_what_the_card_shows_and_is_inert(records: dict[str, Callable[..., Any]]) -> None:
    metrics = [records["metric"](), records["metric"](f"{HOSTILE}/m", settings={}, note=HOSTILE, error=None)]
    html = face(a_manifest(), metrics, None, lambda place: f"samples?place={place}")
    page = Page(html)
    assert page.open == []
    assert_inert(page)
    text = " ".join("".join(page.text).split())
    assert "Strongest" in text
    assert "60 % (50 to 70 %)" in text
    assert "samples?place=evals-boolq" in {a["href"] for a in page.all("a")}
    bare = Page(face(a_manifest(), metrics, None, lambda _place: ""))
    assert bare.all("a") == []


def test_the_themes_are_the_cards_two() -> None:
    named = dict(re.findall(r"(--[\w-]+): (light-dark\([^)]*\));", theme_variables()))
    assert named.keys() >= {"--ink", "--panel", "--pass", "--evals"}
    assert named["--panel"] == "light-dark(#ffffff, #171c23)"
