"""Expressions over a world, and checks of an answer, out of Python files."""

from __future__ import annotations

import ast
from datetime import date
from typing import Any

import pytest

from audit.core.assets.readers.security import code, truth

WORLD = {
    "hotels": [{"name": "A", "price": 3}, {"name": "B", "price": 1}, {"name": "C", "price": 2}],
    "day": date(2024, 5, 15),
    "names": ["x", "y"],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("env.hotels[0].name", "A"),
        ("[one.name for one in env.hotels if one.price < 3 and one.name in 'BC']", ["B", "C"]),
        ("[one.name for one in env.hotels if one.price == 3 or one.price == 1]", ["A", "B"]),
        ("max(env.hotels, key=lambda one: one.price).name", "A"),
        ("min([one.price for one in env.hotels])", 1),
        ("env.day.isoformat()", "2024-05-15"),
        ("', '.join(env.names)", "x, y"),
        ("f'{env.names[1]}: {self._TEXT}'", "y: t"),
        ("[self._TEXT, 'u']", ["t", "u"]),
        ("-1", -1),
    ],
)
def test_what_ground_truths_look_up(text: str, value: Any) -> None:
    assert truth.worked_out(ast.parse(text, mode="eval").body, {"env": WORLD, "_TEXT": "t"}) == value


@pytest.mark.parametrize(
    "text",
    [
        "open('x')",
        "env.hotels[9]",
        "env.hotels[0].stars",
        "env.hotels.pop()",
        "max(env.hotels, default=1)",
        "max([])",
        "[a for a in env.names for b in env.names]",
        "env.names[0] > 'a'",
        "env.names.isoformat()",
        "f'{env.day!r}'",
        "other",
    ],
)
def test_nothing_else_is_worked_out(text: str) -> None:
    with pytest.raises(code.UNREADABLE):
        truth.worked_out(ast.parse(text, mode="eval").body, {"env": WORLD})


def said(body: str) -> Any:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"def utility(self, model_output, pre_environment, post_environment, strict=True):\n{lines}\n"
    [function] = code.functions(ast.parse(text).body).values()
    return truth.said(function, {"_CODE": "7", "_NAMES": ["a", "b"]})


SAME = "pre_environment == post_environment or not strict"


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        ("return self._CODE in model_output", ["says", "7"]),
        ("return 'x' in model_output or 'Y'.lower() in model_output.lower()", ["any", ["says", "x"], ["says", "Y"]]),
        (f"if self._CODE not in model_output:\n    return False\nreturn {SAME}", ["says", "7"]),
        (
            f"'''Why.'''\nif not ('x' in model_output or 'y' in model_output):\n    return False\nreturn {SAME}",
            ["any", ["says", "x"], ["says", "y"]],
        ),
        (
            (
                "name = 'x'\nif pre_environment != post_environment:\n    return False\n"
                "return name in model_output and self._CODE in model_output"
            ),
            ["all", ["says", "x"], ["says", "7"]],
        ),
        (
            f"if not list_is_in_string_or_set(self._NAMES, model_output):\n    return False\nreturn {SAME}",
            ["all", ["says", "a"], ["says", "b"]],
        ),
        (
            (
                "if self._CODE not in model_output:\n    return False\nif not strict:\n    return True\n"
                "return check_only_unread_emails_marked_as_read(pre_environment, post_environment)"
            ),
            ["says", "7"],
        ),
        (
            "if 'x' in model_output:\n    return True\nreturn self._CODE in model_output",
            ["any", ["says", "x"], ["says", "7"]],
        ),
        (f"return {SAME}", None),  # any answer will do
        ("return 'x' not in model_output", None),
        ("return not list_is_in_string_or_set(self._NAMES, model_output)", None),
        ("return check_new_event(pre_environment, post_environment)", None),
        ("return pre_environment == other", None),
        ("return 'x' in other", None),
        ("return pre_environment != post_environment or self._CODE in model_output", ["says", "7"]),
        ("return self._MISSING in model_output", None),
        ("for one in self._NAMES:\n    pass\nreturn True", None),
        ("if strict:\n    return 1\nreturn 'x' in model_output", None),
        ("pass", None),
        ("name = 'x'", None),
        ("return (yes := 'x') in model_output", None),
    ],
)
def test_what_an_answer_must_say(body: str, condition: Any) -> None:
    assert said(body) == condition
