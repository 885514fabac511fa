"""Foreign text keeps its letters and loses its powers."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from audit.app.untrusted import LONGEST, WRAPPED_ROWS, excerpt, plain, readable

HIDDEN = "\x00\x1b\u202e\u200b\ufeff"


@pytest.mark.slow
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_plain_text_comes_out_of_a_markdown_parser_as_letters_alone(text: str) -> None:
    """An independent CommonMark parser with the tables and links of GitHub finds one paragraph of text."""
    shown = plain(f"x{text}x")
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(shown)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    kinds = {child.type for child in tokens[1].children or []}
    assert kinds <= {"text", "text_special"}


def test_every_mark_of_punctuation_loses_its_meaning() -> None:
    assert plain(string.punctuation) == "".join(f"\\{mark}" for mark in string.punctuation)


def test_readable_text_keeps_lines_and_tabs_and_shows_what_hides() -> None:
    assert readable("a\tb\nc") == "a\tb\nc"
    assert not set(HIDDEN) & set(readable(f"a{HIDDEN}b"))
    assert "\\u202e" in readable(HIDDEN)


def test_readable_text_is_cut_in_the_middle() -> None:
    text = "a" * LONGEST + "b" * LONGEST
    shown = readable(text)
    assert shown.startswith("a" * (LONGEST // 2) + "\n")
    assert shown.endswith("\n" + "b" * (LONGEST // 2))
    assert f"{LONGEST:,} characters left out" in shown
    assert readable("x" * LONGEST) == "x" * LONGEST


@pytest.mark.parametrize(
    ("text", "end", "shown"),
    [(None, False, None), ("", False, ""), ("two\nlines", False, "two⏎lines"), ("\x1b", True, "\\x1b")],
)
def test_excerpts_are_one_harmless_line(text: str | None, end: bool, shown: str | None) -> None:
    assert excerpt(text, end=end) == shown


def test_excerpts_keep_the_asked_end() -> None:
    text = "begin " + "x" * 5000 + " end"
    assert str(excerpt(text)).startswith("begin ")
    assert str(excerpt(text, end=True)).endswith(" end")
    assert max(len(str(excerpt(text))), len(str(excerpt(text, end=True)))) < 200


@pytest.mark.parametrize(("rows", "frames"), [(WRAPPED_ROWS, 0), (WRAPPED_ROWS + 1, 1)])
def test_a_table_of_many_rows_is_drawn_row_by_row(rows: int, frames: int) -> None:
    """Streamlit's own test harness counts what a page of one table holds."""
    shown = AppTest.from_function(_page, kwargs={"rows": rows}).run()
    assert not shown.exception
    assert len(shown.dataframe) == frames
    if frames:
        assert shown.dataframe[0].value["Metric"].to_list() == ["a\\x1b_b"] * rows


def test_a_table_is_cards_where_it_has_less_room_than_its_columns_need() -> None:
    """By hand: 1 character beside its padding is 1.74 rem, the last column with long cells has at least 12."""
    shown = AppTest.from_function(_wide_page).run()
    assert not shown.exception
    html = "".join(element.proto.body for element in shown.get("html"))
    assert "(max-width: 14rem)" in html
    assert "<span>—</span>" in html
    cards = html.partition("@container")[2].partition("</style>")[0]
    # The lines of the tables come again with each table of the page and must not outweigh the cards.
    assert cards.count("table.from") == 0 < cards.count("table.audit.from14")


def _wide_page() -> None:
    from audit.app.untrusted import wrapped_table

    wrapped_table([{"n": None, "x": "word " * 20}])


def _page(rows: int) -> None:
    from audit.app.untrusted import wrapped_table

    wrapped_table([{"Metric": "a\x1b_b", "n": index} for index in range(rows)])
