"""Choices: which count, whether options are fixed, and whether prompts list them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Choice, Span
from audit.reports.errors.chosen import chosen_options

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_choices_with_a_right_and_a_chosen_option_count(records: Records) -> None:
    def sample(i: int, **choice: Any) -> Any:
        return records["sample"]("boolq", i, choice=Choice(options=[" no", " yes"], **choice), cluster="c")

    samples = [sample(0, chosen=1, right=0), sample(1, chosen=1), sample(2, right=1), records["sample"]("boolq", 3)]
    found = chosen_options(samples)
    assert found is not None
    assert (found.samples, found.chosen.tolist(), found.right.tolist()) == (samples[:1], [1], [0])
    assert (found.fixed, found.clusters, found.shown) == (True, ["c"], True)
    assert chosen_options(samples[1:]) is None
    hidden = chosen_options([samples[0].model_copy(update={"suite": "safety"})])
    assert hidden is not None
    assert not hidden.shown


@pytest.mark.parametrize(
    ("prompt", "listed"),
    [
        ("Which? A. red B. green", True),
        ("Which? B. green A. red", False),
        ("Which is red?", False),
        ("Example A. red B. green|Which?", False),
    ],
)
def test_options_are_listed_behind_the_examples_and_in_order(prompt: str, listed: bool, records: Records) -> None:
    spans = [Span(name="example 1", kind="example", start=0, end=prompt.find("|") + 1)]
    choice = Choice(options=[" red", " green"], chosen=0, right=1)
    other = Choice(options=[" green", " red"], chosen=0, right=1)
    sample = records["sample"]("mmlu", 0, prompt=prompt, spans=spans, choice=choice)
    found = chosen_options([sample, sample, sample.model_copy(update={"choice": other})])
    assert found is not None
    assert (found.listed, found.fixed) == (listed, False)
