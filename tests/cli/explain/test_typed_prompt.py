"""Parts of a typed prompt, and the target that is explained."""

from __future__ import annotations

from typing import Any

import pytest

from audit.cli.explain.typed_prompt import _spans, _target
from audit.core.errors import UsageError

PROMPT = "Context: the sky. Question: which colour? Answer:"


def test_a_field_is_where_its_text_is() -> None:
    found = _spans(PROMPT, ["question=which colour?", " topic =the sky"])
    assert [(span.name, PROMPT[span.start : span.end]) for span in found] == [
        ("question", "which colour?"),
        ("topic", "the sky"),
    ]
    assert {span.kind for span in found} == {"field"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["question"], "write NAME=TEXT"),
        (["=the sky"], "write NAME=TEXT"),
        (["question="], "write NAME=TEXT"),
        (["question=which hour?"], "its text is not in the prompt: which hour?"),
        (["letter=o"], "its text occurs in the prompt more than once: give a longer text"),
        (["a=the sky", "a=which colour?"], "--field a: named twice"),
    ],
)
def test_fields_that_are_none(given: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        _spans(PROMPT, given)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_given_target_is_taken_and_a_choice_needs_two_options() -> None:
    nobody: Any = None
    assert _target(nobody, PROMPT, " blue", [" red"]) == " blue"
    for options in ([" red"], [" red", " red"]):
        with pytest.raises(UsageError, match="a single --option is not a choice"):
            _target(nobody, PROMPT, None, options)
    with pytest.raises(UsageError, match="an --option is empty"):
        _target(nobody, PROMPT, None, [" red", " "])
