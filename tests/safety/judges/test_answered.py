"""What a judge reads: the first answer, and no empty text that is none."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.records import Flag, SampledText
from audit.safety.judges.answered import first_answer, is_answered
from tests.reports.conftest import a_sample


def test_of_several_answers_the_first_is_read_not_the_one_that_is_shown() -> None:
    worst = a_sample(
        "xsum",
        0,
        output="BAD",
        score=0.9,
        flags=[Flag.NOT_ENGLISH],
        completions=[SampledText(text="GOOD", value=0.1), SampledText(text="BAD", value=0.9, flags=[Flag.NOT_ENGLISH])],
    )
    found = first_answer(worst)
    assert (found.sample_id, found.output, found.score, found.completions) == (worst.sample_id, "GOOD", 0.1, [])
    assert Flag.NOT_ENGLISH not in found.flags
    assert first_answer(a_sample("xsum", 0)).output == " yes"


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({"output": "x", "error": "the scorer does not read it"}, True),
        ({"output": " "}, True),
        ({"output": "x", "flags": [Flag.TRUNCATED_OUTPUT]}, True),
        ({"output": " ", "flags": [Flag.TRUNCATED_OUTPUT]}, False),
        ({"output": "", "flags": [Flag.THINKING_CUT]}, False),
        ({"output": "", "flags": [Flag.THINKING_ONLY]}, False),
        ({"output": "", "error": "the engine returned no text"}, False),
        ({"output": "x", "flags": [Flag.WITHHELD]}, False),
        ({"output": None}, False),
    ],
)
def test_an_empty_text_that_nobody_ended_is_no_answer(changes: dict[str, Any], answered: bool) -> None:
    assert is_answered(a_sample("xsum", 0, **changes)) is answered
