"""Steps of traces: written by hand as lists, and properties of any text."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit.core.reasoning.steps import MOST_STEPS, steps_of

# Each is one trace, given as its steps.
TRACES = [
    ["Okay, so I need 3 boxes. ", "Each has 4 pens, i.e. 12 in all. ", "Wait, 3 × 4 = 12. ", "Yes."],
    ["First, x = 3.5.\n\n", "Then y = 2.\n", "So x + y = 5.5."],
    ["我需要计算总数。", "三个盒子，每个四支笔，所以是十二支。", "等等，再检查一次！", "对，答案是12。"],
    ["全部で12本です。", "本当ですか？", "はい。"],
    ["The sum is\n\\[\na = 1. \\\\\nb = 2.\n\\]\n", "Done."],
    ["We have $$x = 1. y = 2.$$ which is clear. ", "Next."],
    ["Here \\(f(x) = 2. \\text{ So } x\\) holds. ", "Good."],
    ["Let $p = 0. \\; q = 1$ hold. ", "It does."],
    ["It costs $5. ", "Then $6 more. ", "In all $11."],
    ["Use\n\\begin{align*}\nx &= 1. \\\\\n\ny &= 2.\n\\end{align*}\n", "Hence 2."],
    ["The code:\n```python\nx = 1\n\nprint(x)  # Done. Yes.\n```\n", "It prints 1."],
    ["~~~\na. b. C\n~~~\n", "So it is."],
    ["3 * (2 + 5)\n= 3 * 7\n  = 21\n", "So 21."],
    ["Step 1: count.\n", "Step 2:\nadd 3 and 4.\n", "**Step 3:**\ncheck it."],
    ["- 3 apples\n", "- 4 pears\n", "---\nSo 7."],
    ["So 7.\n---\n"],
    ["\n\n  So 7. ", "Yes."],
    ["A \\[ that is never closed. ", "And then? ", "Another \\[ here."],
    ["Open \\begin{x} here. ", "```\nAnd there. ", "And more."],
    ["A line \\\\[2pt] of a table. ", "Next."],
    ["He said: I know. ", "So do I."],
    ["no marks at all"],
    ["…"],
]


@pytest.mark.parametrize("steps", TRACES, ids=lambda steps: steps[0][:20])
def test_steps_by_hand(steps: list[str]) -> None:
    assert steps_of("".join(steps)) == steps


def test_nothing_has_no_steps() -> None:
    assert steps_of("") == []


MARKS = [
    "\n",
    "\n\n",
    ". ",
    "。",
    "$",
    "$$",
    "\\[",
    "\\]",
    "\\(",
    "\\)",
    "```",
    "~~~",
    ": ",
    "= ",
    "\\begin{a}",
    "\\end{a}",
]
TEXTS = st.lists(st.one_of(st.sampled_from(MARKS), st.text(max_size=8)), max_size=40).map("".join)


@pytest.mark.slow
@given(TEXTS, st.integers(1, 12))
@example("\n" * 30, 3)
@example("。" * 30, 3)
def test_the_steps_are_the_trace(trace: str, most: int) -> None:
    steps = steps_of(trace, most)
    assert "".join(steps) == trace
    assert "" not in steps
    assert len(steps) <= most
    whole = steps_of(trace, len(trace) + 1)
    ends = {sum(map(len, whole[:count])) for count in range(len(whole) + 1)}
    assert {sum(map(len, steps[:count])) for count in range(len(steps) + 1)} <= ends, "only neighbours are merged"


@given(TEXTS)
def test_every_step_of_several_says_something(trace: str) -> None:
    steps = steps_of(trace, len(trace) + 1)
    assert len(steps) < 2 or all(any(character.isalnum() for character in step) for step in steps)


def test_merged_steps_are_about_equally_long() -> None:
    steps = steps_of("".join(f"Step {number:03} is this. " for number in range(120)), 10)
    assert [len(step) for step in steps] == [12 * len("Step 000 is this. ")] * 10
    assert len(steps_of("A step. " * 500)) == MOST_STEPS


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["-\n", "$a ", "\\[ ", "\\begin{a} ", "```\n", "~~~ ", "= \n", ":\n", "a. ", "。", "$a$ "]
)
def test_long_hostile_traces_take_no_longer_than_others(part: str) -> None:
    begin = time.process_time()
    text = part * (60_000 // len(part))
    assert "".join(steps_of(text)) == text
    assert time.process_time() - begin < 5
