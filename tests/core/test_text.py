"""Untrusted text becomes one harmless line."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.text import first_line, named, printable, shortened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, né, 狗, 🙂", "plain, né, 狗, 🙂"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\r", "a⏎b\\x0d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_what_could_act_on_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_cut_is_shown() -> None:
    assert printable("abcdef", 4) == "abc…"
    assert printable("abcd", 4) == "abcd"


@given(st.text())
def test_the_result_is_printable_and_encodes(text: str) -> None:
    shown = printable(text)
    assert "\n" not in shown
    assert "\x1b" not in shown
    shown.encode()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("too small\nCompile with DEBUG=1"), "ValueError: too small"),
        (RuntimeError("  \n"), "RuntimeError"),
        (KeyError("weight"), "KeyError: 'weight'"),
        (OSError("\x1b[31mred"), "OSError: \\x1b[31mred"),
        (OSError("x" * 300), f"OSError: {'x' * 199}…"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_in_one_line(error: Exception, line: str) -> None:
    assert first_line(error) == line


@given(st.text(max_size=40), st.integers(3, 30))
def test_a_shortened_text_keeps_its_ends_and_says_how_much_is_left_out(text: str, limit: int) -> None:
    short = shortened(text, limit)
    if len(text) <= limit:
        assert short == text
        return
    head, left, tail = re.split(r" \[… (\d+) characters …\] ", short)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) == limit
    assert int(left) == len(text) - limit


def test_a_name_in_a_message_is_one_short_line() -> None:
    assert named("boolq/accuracy") == "boolq/accuracy"
    assert named("a\nb") == "a⏎b"
    assert named("x" * 5000) == "x" * 99 + "…"
