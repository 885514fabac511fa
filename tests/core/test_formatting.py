from __future__ import annotations

import math
import re
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.formatting import (
    duration_text,
    estimate,
    estimate_text,
    interval,
    number,
    parameters_text,
    percent,
    prompt_text,
    signed,
    size_text,
    slice_text,
    visible,
)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.5, "share", "0.500"),
        (59.35, "percent", "59.4"),
        (31.04, "score", "31.0"),
        (0.22, "score", "0.220"),
        (-1.5, "nats", "−1.500"),
        (-0.0001, "nats", "0.000"),
        (3.0, "count", "3"),
        (12345.0, "count", "12,345"),
        (0.000123456, "squared_error", "0.0001235"),
        (None, "share", "—"),
        (float("nan"), "share", "—"),
        (float("inf"), "share", "—"),
    ],
)
def test_digits_suit_the_unit(value: float | None, unit: str, text: str) -> None:
    assert number(value, unit) == text


def test_a_change_has_its_sign() -> None:
    assert [signed(value, "nats") for value in (0.25, -0.25, 0.0)] == ["+0.250", "−0.250", "0.000"]
    assert [signed(value, "nats") for value in (0.0006, -0.0006)] == ["+0.001", "−0.001"]
    assert signed(1e-9, "squared_error") == "+1e−09"


@pytest.mark.parametrize("value", [0.0004, -0.0004, -0.0])
def test_a_change_that_rounds_to_zero_has_no_sign(value: float) -> None:
    assert signed(value, "nats") == "0.000"


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_change_that_is_no_number_has_no_sign(value: float) -> None:
    assert signed(value, "nats") == "—"


def test_shares_in_percent_have_a_space() -> None:
    assert [percent(share) for share in (0.05, 0.474, 1.0)] == ["5 %", "47 %", "100 %"]


def test_both_ends_of_an_interval_have_the_same_digits() -> None:
    assert interval(0.4, 11.6, "score") == "0.4 to 11.6"
    assert interval(0.15, 0.31, "score") == "0.150 to 0.310"
    assert interval(None, 0.31, "score") == "—"


@pytest.mark.parametrize(
    ("numbers", "unit", "shown"),
    [
        ((0.627, 0.3, 1.1), "score", ("0.6", "0.3 to 1.1")),
        ((0.627, 0.3, 0.9), "score", ("0.627", "0.300 to 0.900")),
        ((12.0, 0.3, 0.9), "score", ("12.0", "0.3 to 0.9")),
        ((3.0, 2.5, 4.0), "count", ("3.0", "2.5 to 4.0")),
        ((3.0, 2.0, 4.0), "count", ("3", "2 to 4")),
        ((0.5, None, None), "score", ("0.500", "—")),
        ((None, None, None), "share", ("—", "—")),
        ((0.5, -math.inf, 0.75), "score", ("0.500", "— to 0.750")),
    ],
)
def test_a_value_and_its_interval_have_the_same_digits(
    numbers: tuple[float | None, ...], unit: str, shown: tuple[str, str]
) -> None:
    value, ends = shown
    assert estimate(*numbers, unit) == shown
    assert estimate_text(*numbers, unit) == (value if numbers[1] is None else f"{value} ({ends})")


def test_sizes_spans_and_counts_for_people() -> None:
    assert [size_text(size) for size in (999, 91_700_000, 3 * 10**12)] == ["999 B", "91.7 MB", "3.0 TB"]
    assert [duration_text(timedelta(seconds=s)) for s in (9, 252, 7260)] == ["9 s", "4 min 12 s", "2 h 1 min"]
    assert duration_text(None) == "—"
    assert [parameters_text(count) for count in (134_515_008, 7_241_732_096)] == ["134.5 M", "7.2 B"]
    assert slice_text({"b": "2", "a": "\u202e1"}) == "a=\\u202e1, b=2"


@given(st.text(alphabet=st.characters(), max_size=60))
def test_visible_text_holds_no_markup_and_nothing_hidden(text: str) -> None:
    html = str(visible(text))
    for tag in re.findall(r"<[^>]*>", html):
        assert re.fullmatch(r'</span>|<span class="control" title="[^"<>]*">', tag)
    hidden = [c for c in html if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn"} and c not in "\n\t"]
    assert hidden == []


@given(st.text(alphabet="ab<>&\"'é漢\n", min_size=11, max_size=200))
def test_what_is_too_long_loses_its_middle_and_says_how_much(text: str) -> None:
    html = str(visible(text, head=6, tail=4))
    assert html.startswith(str(visible(text[:6])))
    assert html.endswith(str(visible(text[-4:])))
    assert f" {len(text) - 10} characters left out " in html
    assert "left out" not in str(visible(text, head=100, tail=100))


@pytest.mark.parametrize(
    ("tokens", "context", "shown"),
    [
        (1, None, "1 token in"),
        (12_000, None, "12,000 tokens in"),
        (800_016, 1024, "800,016 tokens in, at most the last 1,024 of them read"),
        # Room for the answer may cut a prompt that is shorter than the context.
        (1000, 1024, "1,000 tokens in, at most the last 1,000 of them read"),
    ],
)
def test_how_much_of_a_prompt_was_read(tokens: int, context: int | None, shown: str) -> None:
    assert prompt_text(tokens, context) == shown
