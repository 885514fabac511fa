"""Samples of Inspect as items."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.gate.importers.inspect_items import Epoch, items, value_of


def epoch(**row: Any) -> Epoch:
    return Epoch("f", {"id": 1, "epoch": 1, "input": "Q", "target": "A", **row})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("C", 1.0), ("P", 0.5), ("I", 0.0), ("N", 0.0), ("yes", 1.0), ("False", 0.0), ("0.25", 0.25), (True, 1.0),
        (3, 3.0), ("good", None), (None, None), ([1], None), (float("nan"), None), ("inf", None),
    ],
)  # fmt: skip
def test_scores_are_numbers_as_inspect_makes_them(value: object, expected: float | None) -> None:
    """Of inspect_ai/scorer/_metric.py, value_to_float; what it warns of and calls 0 is no score here."""
    assert value_of(epoch(scores={"s": {"value": value}}), "s", None) == expected
    assert value_of(epoch(scores={"s": {"value": {"k": value}}}), "s", "k") == expected


def test_attachments_and_parts_of_content_are_resolved() -> None:
    content = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "attachment://x"}]
    choices = [{"message": {"role": "assistant", "content": content}, "stop_reason": "stop"}]
    found = epoch(output={"choices": choices}, attachments={"x": "long"})
    assert (found.answer(), found.thinking(), found.stop_reason()) == ("long", "hm", "stop")
    with pytest.raises(UsageError, match="f: attachment://x is not among its attachments"):
        epoch(output={"choices": choices}).answer()


def test_the_content_is_what_the_data_set_says_without_numbers_and_random_ids() -> None:
    message = {"role": "user", "content": "Q"}
    same = [epoch(input=[{**message, "id": name}], id=number) for number, name in enumerate("ab")]
    assert same[0].content() == same[1].content()
    others = [epoch(input="R"), epoch(target="B"), epoch(choices=["x"]), epoch()]
    assert len({one.content() for one in others}) == 4


def test_the_prompt_is_everything_before_the_first_answer() -> None:
    system, user = {"role": "system", "content": "S"}, {"role": "user", "content": "Q"}
    shot = {"role": "assistant", "content": "old", "source": "input"}
    said = {"role": "assistant", "content": "new"}
    assert epoch(messages=[user, said]).prompt() == "Q"
    assert epoch(messages=[system, user, shot, user, said, user]).prompt() == (
        "[system] S\n[user] Q\n[assistant] old\n[user] Q"
    )
    assert epoch().prompt() == "Q"


@pytest.mark.parametrize(("written", "known"), [(7, 7), (10**30, 0), (-1, 0), (True, 0), ("7", 0), (None, 0)])
def test_tokens_are_counts_that_fit(written: object, known: int) -> None:
    assert epoch(output={"usage": {"input_tokens": written}}).tokens("input_tokens") == known


def test_an_item_is_scored_if_one_epoch_is() -> None:
    rows = [epoch(epoch=1, error={"message": "it\nbroke"}), epoch(epoch=2, scores={"s": {"value": "C"}})]
    [item] = items(rows, {"s": ("s", None)})
    assert (item.score, item.error, item.completions[0].error) == (1.0, None, "the tool failed on it: it broke")
    [failed] = items(rows[:1], {"s": ("s", None)})
    assert (failed.score, failed.error) == (None, "the tool failed on it: it broke")


def test_an_item_that_one_scorer_left_out_keeps_the_score_of_the_other() -> None:
    row = epoch(scores={"first": {"value": None}, "second": {"value": "C"}})
    [item] = items([row], {"first": ("first", None), "second": ("second", None)})
    assert (item.error, item.score, item.scores) == (None, None, {"first": None, "second": 1.0})
