"""A checkpoint as a judge: the likeliest of the allowed answers, or what it wrote if that is one of them."""

from __future__ import annotations

import math

import pytest

from audit.engine import Generation
from audit.pipeline.judging import replies
from audit.ratings.judging.asking_judges import JudgePrompt
from tests.safety.conftest import ScriptedEngine

REQUEST = JudgePrompt(1, "rating", False, "How good?", {"1": 1, "2": 2, "3": 3})


def test_the_likeliest_answer_with_its_probability() -> None:
    nats = {"1": -3.0, "2": -1.0, "3": -2.0}
    engine = ScriptedEngine(lambda _context, target: nats[target.strip()] / len(target))
    (found,) = replies(engine, [REQUEST], "likelihood", "off")
    assert found.value == 2
    total = sum(math.exp(one) for one in nats.values())
    assert found.probabilities == pytest.approx({key: math.exp(one) / total for key, one in nats.items()})


def test_a_broken_score_is_no_answer() -> None:
    engine = ScriptedEngine(lambda _context, target: "NaN" if "3" in target else -1.0)
    (found,) = replies(engine, [REQUEST], "likelihood", "off")
    assert (found.value, found.why_none) == (None, "NaN")


@pytest.mark.parametrize(
    ("text", "value"), [("2", 2), (" **3**.\n", 3), ("4", None), ("2 or 3", None), ("", None), ("I give 2", None)]
)
def test_what_was_written_is_read_strictly(text: str, value: int | None) -> None:
    engine = ScriptedEngine(generated=lambda _prompt, _index: text)
    (found,) = replies(engine, [REQUEST], "generation", "off")
    assert found.value == value
    assert bool(found.why_none) == (value is None)


def test_a_trace_without_end_is_no_answer() -> None:
    engine = ScriptedEngine(generated=lambda _p, _i: Generation("2", 9, "length", thinking="hm", thinking_closed=False))
    (found,) = replies(engine, [REQUEST], "generation", "off")
    assert (found.value, found.why_none) == (None, "the reasoning trace did not end")
