"""Position and length of options: what is tested, what not and why, and a planted preference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Choice
from audit.reports.errors.option_bias import option_bias
from audit.reports.errors.words import option_lines

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]
TEXTS = ["red", "blue", "yellow", "purple"]
"""One shortest, two longest."""


def made(
    records: Records, n: int, chosen: Callable[[int], int], *, listed: bool = True, letters: bool = False
) -> list[Any]:
    """Questions whose options are turned, so that every place is right equally often."""
    found = []
    for i in range(n):
        options = [f" {TEXTS[(place + i) % 4]}" for place in range(4)]
        prompt = f"{i}?{' '.join('ABCD'[k] + options[k] for k in range(4))}" if listed else f"{i}?"
        shown = [" A", " B", " C", " D"] if letters else options
        choice = Choice(options=shown, chosen=chosen(i), right=i // 4 % 4)
        found.append(records["sample"]("mmlu", i, prompt=prompt, choice=choice, score=1.0))
    return found


@pytest.mark.parametrize("letters", [False, True])
def test_a_preference_for_the_first_option(letters: bool, records: Records) -> None:
    """Every second answer is the first option, the others are right: 24 + 6 of 48, where 0.5 · ¼ + … are expected."""
    bias = option_bias(made(records, 48, lambda i: 0 if i % 2 else i // 4 % 4, letters=letters))
    assert bias is not None
    kinds = {kind.name: kind for kind in bias.kinds}
    first = kinds["option A" if letters else "option 1"]
    accuracy = (24 + 6) / 48
    assert (first.n, first.chosen) == (48, 30 / 48)
    assert first.expected == pytest.approx(accuracy / 4 + 0.75 * (1 - accuracy) / 3)
    assert first.differs
    assert first.p_value < 0.001
    assert option_lines(bias)[0].startswith(
        f"{'Option A' if letters else 'Option 1'} is chosen more often than right answers explain: in 62 %"
    )
    assert ("the shortest option" in kinds) == (not letters)
    assert "the longest option" not in kinds


def test_no_preference(records: Records) -> None:
    bias = option_bias(made(records, 64, lambda i: (i // 16 + i // 4) % 4))
    assert bias is not None
    (line,) = option_lines(bias)
    assert line.startswith(
        "None is shown to be chosen more or less often than right answers explain: option 1, option 2"
    )


def test_what_is_not_tested(records: Records) -> None:
    assert option_bias([records["sample"]("mmlu", 0, score=1.0)]) is None
    fixed = Choice(options=[" no", " yes"], chosen=0, right=1)
    assert option_bias([records["sample"]("boolq", i, score=1.0, choice=fixed) for i in range(40)]) is None
    few = option_bias(made(records, 29, lambda _: 0))
    assert few is not None
    assert option_lines(few) == [
        "Not tested: position and length of options: 29 choices with a right answer; at least 30 are needed."
    ]
    unseen = option_bias(made(records, 48, lambda i: i % 4, listed=False))
    assert unseen is not None
    assert [kind.name for kind in unseen.kinds] == ["the shortest option"]
    assert option_lines(unseen)[-1] == (
        "Not tested: position of options: the prompt does not list the options, so that their position cannot matter."
    )
    same = [
        sample.model_copy(update={"choice": sample.choice.model_copy(update={"right": 2})})
        for sample in made(records, 48, lambda i: i % 4)
    ]
    one_place = option_bias(same)
    assert one_place is not None
    assert one_place.left_out == ["position of options: the right option is always in the same place"]
    equal = Choice(options=[" ab", " cd"], chosen=0, right=1)
    turned = Choice(options=[" cd", " ab"], chosen=0, right=0)
    alike = option_bias([records["sample"]("x", i, score=1.0, choice=(equal, turned)[i % 2]) for i in range(40)])
    assert alike is not None
    assert alike.kinds == []
    assert alike.left_out[1] == "length of options: fewer than 30 samples have one longest or one shortest option"
