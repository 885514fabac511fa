"""Markdown within a limit of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.reports.render.limits import RESERVED, cut


def test_what_fits_is_whole() -> None:
    assert cut(["a", "", "é"], 6, "the log") == "a\n\né\n"


def test_one_byte_more_is_cut_and_counted() -> None:
    lines = [f"{number:099}" for number in range(100)]
    assert "Shortened" not in cut(lines, 10_000, "the log")
    text = cut(lines, 9_999, "the log")
    shown = [line for line in text.splitlines() if line.isdigit()]
    assert shown == lines[: len(shown)]
    assert f"the last {100 - len(shown)} lines do not fit into 9,999 bytes. Everything is in the log." in text


def test_what_is_missing_is_not_folded_away() -> None:
    lines = ["<details>", *["x" * 50] * 100, "</details>"]
    text = cut(lines, 2_000, "the log")
    assert text.index("</details>") < text.index("Shortened")


@given(st.lists(st.text(max_size=80), max_size=60), st.integers(RESERVED, 3_000))
def test_the_limit_holds(lines: list[str], most: int) -> None:
    lines = [line.encode("utf-8", "replace").decode() for line in lines]
    assert len(cut(lines, most, "the log").encode()) <= most
