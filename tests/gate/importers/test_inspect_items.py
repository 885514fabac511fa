"""Samples of Inspect as items."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.core.records import Flag, SampledText
from audit.gate.importers.inspect_items import Epoch, items, value_of


def epoch(**row: Any) -> Epoch:
    return Epoch("f", {"id": 1, "epoch": 1, "input": "Q", "target": "A", **row})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("C", 1.0), ("P", 0.5), ("I", 0.0), ("N", 0.0), ("yes", 1.0), ("TRUE", 1.0), ("no", 0.0), ("False", 0.0),
        ("0.25", 0.25), (True, 1.0),
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
    assert same[0].content() == same[1].content() != epoch(input=[{**message, "content": "R"}]).content()
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


def an_answer(text: str, stop: str = "stop", **usage: Any) -> dict[str, Any]:
    """The output of an epoch."""
    content = [{"type": "reasoning", "reasoning": f"why {text}"}, {"type": "text", "text": text}]
    return {"choices": [{"message": {"content": content}, "stop_reason": stop}], "usage": usage}


def test_every_field_of_a_sample_is_in_its_item() -> None:
    row = {
        "input": "Q", "target": "A", "metadata": {"book": 7, "id": "other"}, "scores": {"s": {"value": "P"}},
        "output": an_answer("out", input_tokens=3, output_tokens=5),
    }  # fmt: skip
    [item] = items([epoch(**row)], {"s": ("s", None)})
    assert (item.place, item.fields, item.prompt, item.reference) == ("f", {"book": 7, "id": 1}, "Q", "A")
    assert (item.output, item.thinking, item.answered_by) == ("out", "why out", "generation")
    assert (item.score, item.scores, item.error) == (0.5, {"s": 0.5}, None)
    assert (item.completions, item.flags, item.tokens_in, item.tokens_out) == ([], (), 3, 5)
    assert item.digest == epoch(**row, id=9).content()


@pytest.mark.parametrize(("target", "reference"), [(["a", 1], "a\n1"), (None, None), (7, "7"), ("", "")])
def test_several_targets_are_lines_of_the_reference(target: object, reference: str | None) -> None:
    assert items([epoch(target=target)], {})[0].reference == reference


@pytest.mark.parametrize(("stop", "cut"), [("max_tokens", True), ("model_length", True), ("stop", False)])
def test_epochs_are_completions_in_their_order(stop: str, cut: bool) -> None:
    """The score is the mean of the epochs that have one, tokens of answers are added, and one cut answer counts."""
    rows = [
        epoch(epoch=3, error={"message": "it broke"}),
        epoch(epoch=2, scores={"s": {"value": "I"}}, output=an_answer("b", stop, input_tokens=2, output_tokens=7)),
        epoch(epoch=1, scores={"s": {"value": "C"}}, output=an_answer("a", input_tokens=2, output_tokens=5)),
    ]
    [item] = items(rows, {"first": ("s", None), "lost": ("t", None)})
    assert (item.output, item.score, item.scores) == ("a", 0.5, {"first": 0.5, "lost": None})
    assert (item.tokens_in, item.tokens_out, item.error) == (2, 12, None)
    assert item.flags == ((Flag.TRUNCATED_OUTPUT,) if cut else ())
    assert item.completions == [
        SampledText(
            text="a", thinking="why a", value=1.0, labels={"first": 1.0, "lost": None}, finish_reason="stop",
            tokens_out=5,
        ),
        SampledText(
            text="b", thinking="why b", value=0.0, labels={"first": 0.0, "lost": None}, finish_reason=stop,
            flags=[Flag.TRUNCATED_OUTPUT] if cut else [], tokens_out=7,
        ),
        SampledText(text=None, labels={"first": None, "lost": None}, error="the tool failed on it: it broke"),
    ]  # fmt: skip


def test_items_keep_their_order_and_a_sample_that_occurs_twice_is_named() -> None:
    rows = [epoch(id="b"), epoch(id="a"), epoch(id=1), epoch(id="1"), epoch(id="b", epoch=2)]
    assert [item.fields["id"] for item in items(rows, {})] == ["b", "a", 1, "1"]
    with pytest.raises(UsageError, match=r'^f: sample "b", epoch 2 occurs twice: two logs were joined$'):
        items([*rows, Epoch("f", {"id": "b", "epoch": 2})], {})


def test_a_sample_without_an_epoch_is_the_first() -> None:
    assert Epoch("f", {"id": 1}).key == Epoch("f", {"id": 1, "epoch": None}).key == ("1", 1)
    with pytest.raises(UsageError, match=r"^f: 'id' is "):
        _ = Epoch("f", {"id": [1]}).key


@pytest.mark.parametrize(
    "output", [None, {}, {"choices": None}, {"choices": []}, {"choices": ["x"]}, {"choices": [{"message": "x"}]}]
)
def test_where_nothing_came_back_there_is_no_answer(output: object) -> None:
    one = epoch(output=output)
    assert (one.answer(), one.thinking(), one.stop_reason(), one.tokens("input_tokens")) == (None, None, None, 0)


def test_parts_that_are_no_text_are_left_out() -> None:
    parts = [{"type": "text", "text": "a"}, "x", {"type": "image", "text": "b"}, {"type": "text", "text": "c"}]
    message = {"content": [*parts, {"type": "text"}]}
    one = epoch(output={"choices": [{"message": message, "stop_reason": 3}]})
    assert (one.answer(), one.thinking(), one.stop_reason()) == ("a\nc\n", None, None)
    both = [{"type": "reasoning", "reasoning": text} for text in ("x", "y")]
    assert epoch(output={"choices": [{"message": {"content": both}}]}).thinking() == "x\ny"
    assert epoch(output={"choices": [{"message": {"content": "plain"}}]}).thinking() is None


def test_a_long_attachment_and_a_long_failure_are_cut_in_messages() -> None:
    with pytest.raises(UsageError) as caught:
        epoch().text("attachment://" + "x" * 100)
    assert str(caught.value) == f"f: attachment://{'x' * 67} is not among its attachments: the log is damaged"
    failure = epoch(error={"message": "y" * 400}).failure()
    assert failure == f"the tool failed on it: {'y' * 300}"
    assert epoch().failure() is None


def test_a_prompt_without_messages_is_the_input_without_random_ids() -> None:
    given = [{"role": "user", "content": "ü", "id": "r1", "parts": [{"id": "r2", "n": 1}]}]
    assert epoch(input=given).prompt() == '[{"role": "user", "content": "ü", "parts": [{"n": 1}]}]'
    assert epoch(input="attachment://x", attachments={"x": "long"}).prompt() == "long"
    assert epoch(input="attachment://x", attachments={"x": "Q"}).content() == epoch(input="Q").content()
    assert epoch(messages=["x", {"role": "user", "content": "no"}]).prompt() == "Q"


def test_only_the_entry_of_a_score_that_is_asked_for_is_read() -> None:
    row = epoch(scores={"s": {"value": {"k": "C"}}, "t": "C", "u": {"value": "C"}})
    assert value_of(row, "s", "k") == 1.0
    for scorer, key in (("s", "l"), ("s", None), ("t", None), ("u", "k"), ("v", None)):
        assert value_of(row, scorer, key) is None
