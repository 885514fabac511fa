"""Calls out of answers."""

from __future__ import annotations

import time
import warnings
from typing import Any

import pytest

from audit.core.calls.parsing import MAX_CHARACTERS, read_calls


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("[f(a=1, b='x'), g()]", [{"f": {"a": 1, "b": "x"}}, {"g": {}}]),
        ("```\nmath.gcd(a=-4, b=[1.5, (2, True)])\n```", [{"math.gcd": {"a": -4, "b": [1.5, (2, True)]}}]),
        ("[f(a={'k': None}, b=blue, c=g(x=1), d=g(1), e=y[0])]", [
            {"f": {"a": {"k": None}, "b": "blue", "c": {"g": {"x": 1}}, "d": "g(1)", "e": "y[0]"}}
        ]),
        ("[f(1, 2, a=2**3 + 1, b='a' * 2, c=[1] + [2], d=+1 - -2, e=(1,) + (+2,))]", [
            {"f": {"a": 9, "b": "aa", "c": [1, 2], "d": 3, "e": (1, 2)}}
        ]),
        ("[f(a=~5, b=...)]", [{"f": {"a": -5, "b": "..."}}]),  # as in the package
        ("[a](x=1)#", [{"": {"x": 1}}]),  # as in the package
        ("[a().b(x=1)]", [{"b": {"x": 1}}]),
        ("", []),
        ("[]", []),
        ("[f]", None),
        ("I cannot help with that.", None),
        ('[{"name": "f", "arguments": {"a": 1}}]', None),
        ("[f(a=1", None),
        ("[f(a={1, 2})]", None),
        ("[f(a=x.y)]", None),
        ("[f(a=-'x')]", None),
        ("[f(a=1/0)]", None),
        ("[f(a={[1]: 2})]", None),
        ("[f(a=1)] + [g(a=2)]", None),
        ("[f(a=1)\x00]", None),
        ("答案是 f(a=1)", None),
    ],
)  # fmt: skip
def test_what_is_read(answer: str, calls: Any) -> None:
    assert read_calls(answer) == calls


@pytest.mark.parametrize(
    "argument",
    [
        "9**9**9", "10**5000", "1 << 100000", "'a' * 100000000", "[0] * 10**9", "((10**1000)**1000)**1000",
        "'%999999999d' % 1", "('a' * 1000) * 1000 * 1000", "1 + len('abc')", "1 + __import__('os').getpid()",
        "1 + open", "1 + (lambda: 1)()", "1 + [x for x in y]", "1 + -x",
    ],
)  # fmt: skip
def test_no_argument_runs_code_or_takes_long(argument: str) -> None:
    """The package would evaluate each of them."""
    started = time.process_time()
    assert read_calls(f"[f(a={argument})]") is None
    assert time.process_time() - started < 1


def test_what_looks_like_code_stays_text() -> None:
    assert read_calls("[f(a=__import__('os').system('true'), b=exec)]") == [
        {"f": {"a": "__import__('os').system('true')", "b": "exec"}}
    ]


def test_long_and_deep_answers_are_not_read() -> None:
    assert read_calls("[f(a='" + "x" * MAX_CHARACTERS + "')]") is None
    assert read_calls("[" * 300) is None
    assert read_calls("[f(a=" + "-" * 5000 + "1)]") is None
    assert read_calls("[f(a=" + "1+" * 20000 + "1)]") is None


def test_an_answer_raises_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_calls(r"[f(a='\d')]") == [{"f": {"a": r"\d"}}]
