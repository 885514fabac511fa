"""The head of a run for the app."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audit.reports.drawing.page import theme_variables
from audit.reports.errors.crossed import CrossedCell, CrossedTable
from audit.reports.render.face import crossed_table, face
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


def test_a_share_by_two_slices_is_a_table_with_all_its_numbers_and_inert() -> None:
    cell = CrossedCell("38 %", "9 of 24", "21 to 57 %", f"{HOSTILE}: 38 %", "n2")
    table = CrossedTable(
        HOSTILE, "attack_success", 3, (HOSTILE, "role_play"), ((HOSTILE, (cell, CrossedCell(), cell)),)
    )
    page = Page(crossed_table(table))
    assert page.open == []
    assert_inert(page)
    text = " ".join("".join(page.text).split())
    assert "38 %9 of 2421 to 57 %" in text
    assert "role play" in text
    assert "3 answers without a score are in no field." in text
    assert [one["class"] for one in page.all("td")] == ["n2", "", "n2 margin"]
    assert "--n2: light-dark(" in text
