"""Data sets in the shape that task files want: evaluated rows, and examples that are not among them."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import AssetMissing
from audit.evals.data_loader import load

Rows = dict[str, list[dict[str, Any]]]


def test_all_rows_are_evaluated_where_no_examples_are_wanted(rows: Rows) -> None:
    loaded = load("mmlu")
    assert list(loaded) == ["test"]
    assert loaded["test"].to_list() == rows["mmlu"]


def test_examples_are_the_first_rows_and_left_out_of_the_others(rows: Rows) -> None:
    loaded = load("mmlu", shots=3)
    assert loaded["shots"].to_list() == rows["mmlu"][:3]
    assert loaded["test"].to_list() == rows["mmlu"][3:]


def test_examples_of_another_set_cost_no_row(rows: Rows) -> None:
    loaded = load("gsm8k", shots=8, shots_from="gsm8k_train")
    assert loaded["shots"].to_list() == rows["gsm8k_train"][:8]
    assert loaded["test"].to_list() == rows["gsm8k"]


def test_rows_that_cannot_be_scored_are_left_out(rows: Rows) -> None:
    loaded = load("asdiv", needs="number")
    assert [row["number"] for row in loaded["test"]] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(load("asdiv")["test"]) == 7


def test_a_set_that_is_nowhere_is_an_error(rows: Rows) -> None:
    del rows["mmlu"]
    with pytest.raises(AssetMissing, match="mmlu"):
        load("mmlu")
