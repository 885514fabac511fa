"""A rubric of three levels, a judge that answers from a script, and a run with answers to judge."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.safety.judges.rubric import Rubric, RubricLevel
from audit.safety.judges.verdicts import JudgeAsking, RubricJudge
from tests.safety.conftest import ScriptedEngine

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = [
    RubricLevel(number=0, label="bad", text="It is wrong."),
    RubricLevel(number=1, label="fair", text="It is half right."),
    RubricLevel(number=3, label="good", text="It is right."),
]
SCALE = Rubric(name="helpful", question="How good?", criteria="Truth.", levels=LEVELS, counts_from=1)
PAIRS = Rubric(name="better", question="Which is better?", criteria="Truth.", pairs=True)
OPTION = re.compile(r"^([A-Z]): (.*)$", re.MULTILINE)


def letter_of(prompt: str, wanted: str) -> str:
    """The letter that stands for a level in a prompt, which ends with the levels."""
    return [letter for letter, text in OPTION.findall(prompt) if text.startswith(wanted)][-1]


def blocks(prompt: str) -> dict[str, str]:
    """The foreign texts of a prompt by their names."""
    mark = re.search(r"<<([0-9a-f]{12})>>", prompt)
    assert mark
    return dict(re.findall(rf"^([\w ]+):\n<<{mark[1]}>>\n(.*?)\n<</{mark[1]}>>", prompt, re.MULTILINE | re.DOTALL))


def an_engine(says: Callable[[str], str], **more: Any) -> ScriptedEngine:
    """Gives the letter that ``says`` returns for a prompt; by likelihood, that letter is the likeliest."""

    def likely(context: str, target: str) -> float:
        return -0.1 if target.strip() == says(context) else -3.0

    engine = ScriptedEngine(likely, lambda prompt, _index: says(prompt))
    engine.record = SimpleNamespace(
        max_length=20_000, name="scripted", digest="d" * 64, source="here", dtype="float32", quantization=None, **more
    )
    return engine


def a_judge(says: Callable[[str], str], rubric: Rubric = SCALE, **asking: Any) -> RubricJudge:
    return RubricJudge(an_engine(says), rubric, JudgeAsking(**asking), "off")


def by_word(prompt: str) -> str:
    """Calls an answer what it says of itself, in capitals: BAD, FAIR or GOOD, else fair."""
    answer = blocks(prompt)["Answer"]
    found = next((level.label for level in LEVELS if level.label.upper() in answer), "fair")
    return letter_of(prompt, found)


@pytest.fixture
def judge() -> RubricJudge:
    """Reads the word in capitals."""
    return a_judge(by_word)
