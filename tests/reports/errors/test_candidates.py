"""Which groups are compared: slices and their pairs, quarters of lengths, options, each large enough and once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.records import Choice, Span
from audit.reports.errors import candidates as module
from audit.reports.errors.candidates import candidates, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

Records = dict[str, "Callable[..., Any]"]


def named(samples: list[Any]) -> dict[tuple[str, str], int]:
    """Size of each group."""
    return {(group.by, group.name): int(group.inside.sum()) for group in candidates(samples, None, seed=1).groups}


def test_prompt_lengths_fall_into_quarters_and_equal_ones_stay_together(records: Records) -> None:
    quarters = [records["sample"]("boolq", i, tokens_in=1000 + i) for i in range(40)]
    assert {key: size for key, size in named(quarters).items() if key[0] == "prompt length"} == {
        ("prompt length", "1,000 to 1,009 tokens"): 10,
        ("prompt length", "1,010 to 1,019 tokens"): 10,
        ("prompt length", "1,020 to 1,029 tokens"): 10,
        ("prompt length", "1,030 to 1,039 tokens"): 10,
    }
    equal = [records["sample"]("boolq", i, tokens_in=7) for i in range(40)]
    assert named(equal) == {}
    half = [records["sample"]("boolq", i, tokens_in=7 if i < 30 else 9) for i in range(40)]
    found = candidates(half, None, seed=1)
    assert [(group.name, int(group.inside.sum())) for group in found.groups] == [("7 tokens", 30)]
    assert found.others[0].name == "9 tokens"


def test_slices_pairs_and_numbers(records: Records) -> None:
    samples = [
        records["sample"](
            "boolq", i, tokens_in=7, slices={"topic": "ab"[i % 2], "half": "xy"[i // 30], "year": str(1900 + i)}
        )
        for i in range(60)
    ]
    sizes = named(samples)
    assert sizes["half", "x"] == sizes["topic", "a"] == 30
    assert sizes["half and topic", "x, a"] == 15
    assert sizes["year", "1,915 to 1,929"] == 15
    assert ("topic", "b") not in sizes  # all others of a
    rare = [records["sample"]("boolq", i, tokens_in=7, slices={"topic": "ab"[i < 9]}) for i in range(60)]
    assert named(rare) == {}


def test_options_by_number_place_and_length_of_the_right_one(records: Records) -> None:
    def choice(i: int) -> Choice:
        options = ["one", "longer", "mid"] if i % 2 else ["one", "longer", "mid", "last"]
        return Choice(options=options, right=i % 3)

    sizes = named([records["sample"]("mmlu", i, tokens_in=7, choice=choice(i)) for i in range(60)])
    assert sizes["options", "3 options"] == 30
    assert sizes["position of the right option", "1"] == 20
    assert sizes["position of the right option", "2"] == 20
    assert ("length of the right option", "longest") not in sizes  # the samples of position 2
    assert ("length of the right option", "shortest") not in sizes  # all others of position 2


def test_the_right_answer_of_fixed_options_is_named(records: Records) -> None:
    """It is the position of the right option, too, which is not compared again."""
    choices = [Choice(options=[" no", " yes"], right=i // 15 % 2) for i in range(60)]
    samples = [
        records["sample"](
            "boolq", i, tokens_in=7, choice=one, reference=one.options[one.right or 0], output=" longest"[:i]
        )
        for i, one in enumerate(choices)
    ]
    assert named(samples) == {("right answer", "no"): 30}
    hidden = [one.model_copy(update={"suite": "safety"}) for one in samples]
    assert named(hidden) == {("position of the right option", "1"): 30}


def test_fields_of_the_template(records: Records) -> None:
    prompt = "Q: " + "x" * 60
    samples = [
        records["sample"](
            "boolq",
            i,
            tokens_in=7,
            prompt=prompt,
            spans=[
                Span(name="example 1", kind="example", start=0, end=2),
                Span(name="passage", kind="field", start=3, end=4 + i),
            ],
        )
        for i in range(40)
    ]
    assert named(samples)["length of passage", "1 to 10 characters"] == 10
    assert text_of(samples[4]) == "xxxxx"
    without = samples[0].model_copy(update={"spans": samples[0].spans[:1]})
    assert text_of(without) == prompt[2:]


def test_of_too_many_groups_the_first_are_compared_and_it_is_said(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    samples = [records["sample"]("boolq", i, tokens_in=i) for i in range(40)]
    found = candidates(samples, np.arange(40), seed=1)
    assert [group.name for group in found.groups] == ["0 to 9 tokens", "10 to 19 tokens"]
    assert found.left_out == ["2 of 4 groups: at most 2 are compared"]
