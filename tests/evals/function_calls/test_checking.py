"""Calls against accepted ones: known answers, and the package's own checker on thousands."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.calls.parsing import read_calls
from audit.evals.function_calls.checking import are_right
from tests.evals.function_calls.answers import CHANGES, STYLES, answers

if TYPE_CHECKING:
    from tests.evals.function_calls.berkeley import Berkeley


def function(required: list[str], **types: Any) -> dict[str, Any]:
    described = {
        name: {"type": kind[0], "items": {"type": kind[1]}} if isinstance(kind, tuple) else {"type": kind}
        for name, kind in types.items()
    }
    return {"name": "f", "parameters": {"type": "dict", "properties": described, "required": required}}


F = function(
    ["n"],
    n="integer",
    x="float",
    s="string",
    b="boolean",
    l=("array", "string"),
    t=("tuple", "integer"),
    d="dict",
    ds=("array", "dict"),
    anything="any",
)
ACCEPTED = {
    "n": [1],
    "x": [2.0, ""],
    "s": ["New York, NY", ""],
    "b": [True, ""],
    "l": [["a b", "c"], ""],
    "t": [[1, 2], ""],
    "d": ["", {"k": ["v", "w"], "o": [1, ""]}],
    "ds": [[{"k": ["v"]}, {"k": ["w"]}], ""],
    "anything": ["x", ""],
}


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ("n=1", True),
        ("n=count", False),
        ("n=True", False),
        ("n=1.0", False),
        ("n=2", False),
        ("", False),
        ("x=2.0", False),
        ("n=1, x=2", True),
        ("n=1, x='2'", False),
        ("n=1, s='new york / ny'", True),
        ("n=1, s='New York'", False),
        ("n=1, s=7", False),
        ("n=1, b=True", True),
        ("n=1, b=1", False),
        ("n=1, b=true", False),
        ("n=1, l=['A-B', 'c']", True),
        ("n=1, l=['c', 'a b']", False),
        ("n=1, l=('a b', 'c')", False),
        ("n=1, l=['a b', 1]", False),
        ("n=1, l=[]", True),  # as in the package: "" among the accepted values accepts an empty list
        ("n=1, t=(1, 2)", True),
        ("n=1, t=[1, 2]", True),
        ("n=1, t=(2, 1)", False),
        ("n=1, d={'k': 'V'}", True),
        ("n=1, d={'k': 'w', 'o': 1}", True),
        ("n=1, d={'k': 'x'}", False),
        ("n=1, d={'o': 1}", False),
        ("n=1, d={'k': 'v', 'z': 1}", False),
        ("n=1, d='k'", False),
        ("n=1, ds=[{'k': 'v'}, {'k': 'w'}]", True),
        ("n=1, ds=[{'k': 'w'}, {'k': 'v'}]", False),
        ("n=1, ds=[{'k': 'v'}]", False),
        ("n=1, ds=['k', 'v']", False),
        ("n=1, anything='X'", True),
        ("n=1, anything=1", False),
        ("n=1, unknown=1", False),
        ("n=1, **rest", False),
    ],
)
def test_one_call(arguments: str, right: bool) -> None:
    calls = read_calls(f"[f({arguments})]")
    assert calls is not None
    assert are_right([F], calls, [{"f": ACCEPTED}], "simple_python") is right


def test_the_name_counts_and_the_number_of_calls() -> None:
    accepted = [{"f": {"n": [1]}}]
    assert are_right([F], [{"f": {"n": 1}}], accepted, "simple_python")
    assert not are_right([F], [{"g": {"n": 1}}], accepted, "simple_python")
    assert not are_right([F], [], accepted, "simple_python")
    assert not are_right([F], [{"f": {"n": 1}}] * 2, accepted, "simple_python")


def test_a_parameter_that_may_not_be_left_out() -> None:
    accepted = [{"f": {"n": [1], "s": ["a"]}}]
    assert not are_right([F], [{"f": {"n": 1}}], accepted, "simple_python")
    assert are_right([F], [{"f": {"n": 1, "s": "a"}}], accepted, "simple_python")


def test_a_variable_is_accepted_where_one_is_expected() -> None:
    accepted = [{"f": {"n": ["count"]}}]
    assert are_right([F], [{"f": {"n": "count"}}], accepted, "simple_python")
    assert not are_right([F], [{"f": {"n": "Count"}}], accepted, "simple_python")
    assert not are_right([F], [{"f": {"n": 1}}], accepted, "simple_python")


def test_one_of_several_functions_is_found_by_its_name() -> None:
    other = {**function(["m"], m="string"), "name": "other"}
    accepted = [{"f": {"n": [1]}}]
    assert are_right([other, F], [{"f": {"n": 1}}], accepted, "multiple")
    assert not are_right([other, F], [{"other": {"m": "a"}}], accepted, "live_multiple")
    assert not are_right([other], [{"f": {"n": 1}}], accepted, "multiple")


def test_parallel_calls_are_in_any_order_and_each_counts_once() -> None:
    accepted = [{"f": {"n": [1]}}, {"f": {"n": [2]}}]
    one, two = {"f": {"n": 1}}, {"f": {"n": 2}}
    assert are_right([F], [two, one], accepted, "parallel")
    assert not are_right([F], [one, one], accepted, "parallel")
    assert not are_right([F], [one], accepted, "parallel")
    assert not are_right([F], [two, one], accepted, "simple_python")


def test_where_the_package_ends_with_an_exception_calls_are_wrong() -> None:
    def right(value: Any, accepted: Any, **types: Any) -> bool:
        return are_right([function([], **types)], [{"f": {"a": value}}], [{"f": {"a": accepted}}], "simple_python")

    assert not right(10**400, [1.0], a="float")
    assert not right(["k"], ["", [{"k": ["v"]}]], a=("array", "dict"))
    assert not right(1, [1], a="number")
    assert right(None, [None], a="string")


CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple")


@pytest.mark.slow
@pytest.mark.network  # the package comes from the package index
@pytest.mark.parametrize("category", [*CATEGORIES, "live_simple", "live_multiple", "live_parallel"])
def test_the_checker_is_the_package_s(berkeley: Berkeley, category: str) -> None:
    """On right answers to each item and on 26 kinds of changed ones; 63,477 such answers to all items of all eight
    categories had no difference."""
    draw = Random(category)  # noqa: S311 - no secret
    accepted = {row["id"]: row["ground_truth"] for row in berkeley.rows(category, "data/possible_answer")}
    asked = berkeley.rows(category)
    found: Counter[tuple[str, bool]] = Counter()
    for row in draw.sample(asked, min(len(asked), 30)):
        for kind, answer in answers(accepted[row["id"]], draw):
            theirs = berkeley.is_right(row["function"], answer, accepted[row["id"]], category)
            calls = read_calls(answer)
            ours = calls is not None and are_right(row["function"], calls, accepted[row["id"]], category)
            assert ours == theirs, (row["id"], kind, answer)
            found[kind, theirs] += 1
    assert {kind for kind, _ in found} == {*CHANGES, *STYLES}
    assert found["right", True] >= 15
    assert found["another name", False] >= 15
