"""Each kind of question takes its answers and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.errors import UsageError
from audit.ratings.projects.asking import (
    AnyKind,
    FreeText,
    LabelChoice,
    LikertScale,
    MarkedSpan,
    PreferenceChoice,
    SpanMarking,
    checked,
)

SCALE = LikertScale(name="q", text="?", points=7)
ONE = LabelChoice(name="q", text="?", labels=["good", "bad"])
SEVERAL = LabelChoice(name="q", text="?", labels=["good", "bad", "odd"], several=True)
TEXT = FreeText(name="q", text="?", required=True)
SPANS = SpanMarking(name="q", text="?", labels=["wrong"])
BETTER = PreferenceChoice(name="q", text="?", both_bad=False)
LENGTHS = {"a": 10}


@pytest.mark.parametrize(
    ("question", "good", "bad"),
    [
        (SCALE, [1, 7], [0, 8, "3", 3.0, True, None]),
        (BETTER, ["a", "b", "tie"], ["both_bad", "c", None, 1]),
        (TEXT, ["fine", "x" * 20_000], ["", "  ", None, 3, "x" * 20_001]),
        (SEVERAL, [[], ["odd", "good"]], [["other"], ["odd", "odd"]]),
    ],
)
def test_what_a_question_takes(question: AnyKind, good: list[Any], bad: list[Any]) -> None:
    for answer in good:
        taken = checked([question], {"q": answer}, LENGTHS)["q"]
        assert taken == (sorted(answer) if isinstance(answer, list) else answer)
    for answer in bad:
        with pytest.raises(UsageError, match=r"^q: .*it takes"):
            checked([question], {"q": answer}, LENGTHS)


def test_one_label_is_one() -> None:
    assert checked([ONE], {"q": "bad"}, LENGTHS) == {"q": ["bad"]}
    for answer in ([], ["good", "bad"], None):
        with pytest.raises(UsageError, match="one of good, bad"):
            checked([ONE], {"q": answer}, LENGTHS)


def test_spans_lie_in_the_output() -> None:
    span = {"start": 2, "end": 10, "label": "wrong"}
    assert checked([SPANS], {"q": [span]}, LENGTHS) == {"q": [MarkedSpan(start=2, end=10, label="wrong")]}
    assert checked([SPANS], {}, LENGTHS) == {"q": []}
    for fault in ({"end": 11}, {"end": 2}, {"start": -1}, {"label": "other"}, {"side": "b"}):
        with pytest.raises(UsageError, match="stretches of the output"):
            checked([SPANS], {"q": [{**span, **fault}]}, LENGTHS)


def test_other_questions_are_named() -> None:
    with pytest.raises(UsageError, match=r"no question is called 'rating_': answer rating\. Did you mean 'rating'\?"):
        checked([LikertScale(name="rating", text="?")], {"rating_": 3}, LENGTHS)


def test_a_free_text_may_be_left_out() -> None:
    assert checked([FreeText(name="why", text="?")], {}, LENGTHS) == {}
