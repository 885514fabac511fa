"""The same item in other words: what is rewritten and what is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from audit.evals.contamination.benchmark import BenchmarkItem, item_text
from audit.evals.contamination.rewriting import NotRewritten, rewritten


def item(row: dict[str, Any]) -> BenchmarkItem:
    return BenchmarkItem(row, item_text(row), "id", None)


def choice(*options: str) -> BenchmarkItem:
    return item({"question": "Which?", "choices": list(options), "answer": 0})


def test_options_are_put_in_another_order() -> None:
    one = choice("red", "green", "blue", "black")
    before, after = rewritten("openbookqa", one, 1)
    assert before == "Which?\nred\ngreen\nblue\nblack"
    assert after != before
    assert after.startswith("Which?\n")
    assert sorted(after.split("\n")) == sorted(before.split("\n"))
    assert rewritten("openbookqa", one, 1) == (before, after)
    assert len({rewritten("openbookqa", one, seed)[1] for seed in range(20)}) > 5


def test_word_problems_get_other_numbers() -> None:
    row = {"passage": "Ann has 12 figs and eats 5.", "question": "How many are left?", "answer": "7", "number": 7.0}
    before, after = rewritten("asdiv", item(row), 1)
    assert before == "Ann has 12 figs and eats 5.\nHow many are left?"
    assert after != before
    with pytest.raises(NotRewritten, match="two numbers"):
        rewritten("asdiv", item({**row, "passage": "Ann has 12 figs."}), 1)


def test_an_order_that_may_mean_something_is_left_alone() -> None:
    cases = [
        (choice("yes", "no"), "fewer than 3 options"),
        (choice("a", "a", "b"), "fewer than 3 options"),
        (choice("cats", "dogs", "All of the above"), "names other options"),
        (choice("cats", "dogs", "A and B"), "names other options"),
        (choice("cats", "dogs", "Both"), "names other options"),
        (choice("cats", "dogs", "(B), (C) and (D)"), "names other options"),
        (choice("I only", "II only", "III only"), "names other options"),
        (choice("10", "20", "thirty"), "numbers"),
        (item({"passage": "p", "question": "q", "answer": True}), "neither a word problem"),
    ]
    for one, words in cases:
        with pytest.raises(NotRewritten, match=words):
            rewritten("mmlu", one, 1)
