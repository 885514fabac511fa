"""The head of a run for the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.reports.drawing.page import theme_variables
from audit.reports.render.face import face
from tests.reports.conftest import a_manifest
from tests.reports.pages import HOSTILE, Page, assert_inert

if TYPE_CHECKING:
    from collections.abc import Callable


def test_it_shows_what_the_card_shows_and_is_inert(records: dict[str, Callable[..., Any]]) -> None:
    metrics = [records["metric"](), records["metric"](f"{HOSTILE}/m", settings={}, note=HOSTILE, error=None)]
    html = face(a_manifest(), metrics, None, lambda place: f"samples?place={place}", is_dark=False)
    page = Page(html)
    assert page.open == []
    assert_inert(page)
    text = " ".join("".join(page.text).split())
    assert "Strongest" in text
    assert "60 % (50 to 70 %)" in text
    assert "samples?place=evals-boolq" in {a["href"] for a in page.all("a")}
    bare = Page(face(a_manifest(), metrics, None, lambda _place: "", is_dark=True))
    assert bare.all("a") == []


def test_the_themes_are_the_cards_two() -> None:
    light, dark = theme_variables(is_dark=False), theme_variables(is_dark=True)
    names = [{part.split(":")[0].strip() for part in one.split(";") if part.strip()} for one in (light, dark)]
    assert names[0] == names[1] >= {"--ink", "--panel", "--pass", "--evals"}
    assert "--panel: #ffffff" in light
    assert "--panel: #171c23" in dark
