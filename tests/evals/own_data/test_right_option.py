"""The right option: its text, letter, column or number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.evals.own_data.test_questions import CAPITALS, fault, questions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("answers", "said", "way"),
    [
        (["Paris", "Warsaw", "Madrid"], {}, "the option's text"),
        (["B", "A", "C"], {}, "the option's letter"),
        (["b", "a", "c"], {}, "the option's letter"),
        (["y", "x", "z"], {"options": ["x", "y", "z"]}, "the name of the option's column"),
        (["1", "0", "2"], {}, "the option's number, from 0"),
        (["2", "1", "3"], {}, "the option's number, from 1"),
    ],
)
def test_the_right_option_is_its_text_letter_column_or_number(
    write: Callable[..., Path], answers: list[str], said: dict[str, Any], way: str
) -> None:
    text = CAPITALS.replace("question,a,b,c", "question,x,y,z") if said else CAPITALS
    lines = text.splitlines()
    rows = [line.rpartition(",")[0] + "," + answer for line, answer in zip(lines[1:], answers, strict=True)]
    found = questions(write("\n".join([lines[0], *rows])), **said)
    assert [one.right for one in found.questions] == [1, 0, 2]
    assert found.way == way
    assert [one.answers for one in found.questions] == [("Paris",), ("Warsaw",), ("Madrid",)]


def test_two_readings_that_disagree_are_refused(write: Callable[..., Path]) -> None:
    text = "question,a,b,c,answer\nTwo?,1,2,3,2\nOne?,1,2,3,1\n"
    assert fault(write(text)) == (
        "rows 2 and 3: answer can be the option's text or the option's number, from 0: write letters (A, B, …) to "
        "make it unambiguous"
    )
    letters = text.replace(",2\n", ",B\n").replace(",1\n", ",A\n")
    assert [one.right for one in questions(write(letters)).questions] == [1, 0]
