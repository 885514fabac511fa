"""The table whose rows open: what its script is given. That rows open is seen in a browser."""

from __future__ import annotations

import json
import re
from importlib import resources

from streamlit.testing.v1 import AppTest

from tests.app.drawn import drawn, rows_tables


def _page() -> None:
    from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table

    columns = [Column("What", "main", sort="what"), Column("Score", "number", minor=True)]
    rows = [TableRow("1", ["<b>\x1b[31m\u202e\x00\ud800", None]), TableRow("2", [Cell("good", "good"), [Cell("a")]])]
    rows_table("Things", "things", columns, rows, print, Sorting("what", descending=True, change=print))


def test_foreign_text_reaches_the_script_with_hidden_characters_as_codes() -> None:
    (table,) = rows_tables(drawn(AppTest.from_function(_page, default_timeout=300).run()))
    shown = table["rows"][0]["cells"][0]
    assert shown.startswith("<b>")
    assert not any(character in json.dumps(table, ensure_ascii=False) for character in "\x1b\u202e\x00\ud800")
    assert table["rows"][0]["cells"][1] is None
    assert table["rows"][1]["cells"] == [{"text": "good", "tone": "good"}, [{"text": "a", "tone": None}]]
    assert (table["label"], table["sort"], table["descending"]) == ("Things", "what", True)
    assert [column["opens"] for column in table["columns"]] == [True, False]


def test_a_narrow_screen_leaves_out_minor_columns_and_what_is_absent_alone() -> None:
    """Numbers have their headings in front of them there."""
    sheet = resources.files("audit.app.elements").joinpath("rows.css").read_text("utf-8")
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", sheet)
    assert {selector.strip() for selector, body in rules if "display: none" in body} == {".minor", ".absent"}
    shown = [selector.strip() for selector, body in rules if re.search(r"display: (block|flex)", body)]
    assert [selector for selector in shown if selector.split(",")[-1].strip().endswith("td")] == []
    assert any("attr(data-label)" in body for selector, body in rules if ".number::before" in selector)
