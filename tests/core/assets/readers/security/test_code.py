"""Literals and functions out of Python files."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from audit.core.assets.readers.security import code


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("-2", -2),
        ("[A, self.B]", ["a", "b"]),
        ("{'x': A}", {"x": "a"}),
        ("f'{A}-{self.B}'", "a-b"),
        ("A + 'c' + self.B", "acb"),
    ],
)
def test_literals_and_what_is_put_together_from_them(text: str, value: Any) -> None:
    assert code.value_of(expression(text), {"A": "a", "B": "b"}) == value


@pytest.mark.parametrize(
    "text", ["C", "other.A", "open('x')", "2 * 3", "f'{A:>3}'", "A + 1", "{**x}", "lambda: 1", "[1 for _ in A]"]
)
def test_nothing_else_is_computed(text: str) -> None:
    with pytest.raises(code.UNREADABLE):
        code.value_of(expression(text), {"A": "a"})


def test_a_name_that_is_set_to_something_unknown_is_unknown() -> None:
    body = ast.parse("A = 'a'\nB: str = A + 'b'\nA = f()\nC = A\nprint(A)\nx.y = 1\n").body
    assert code.constants(body, {"Z": 1}) == {"Z": 1, "B": "ab"}


def test_notes_on_parameters_over_several_lines() -> None:
    text = '''
def send(to: list[dict] | None, how: SharingPermission, sure: bool = False):
    """Sends.

    :param to: The list of
    recipients: each has a `name`.
    :param how: r or rw
    :return: Nothing.
    """
'''
    [function] = code.functions(ast.parse(text).body).values()
    assert code.described(function) == {
        "name": "send",
        "description": "Sends.",
        "parameters": {
            "to": {
                "type": "array of objects",
                "description": "The list of recipients: each has a `name`.",
                "required": True,
            },
            "how": {"type": "string", "description": "r or rw", "required": True},
            "sure": {"type": "boolean", "description": "", "required": False},
        },
    }
