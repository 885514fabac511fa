"""What a judge reads: what raters see, in both orders, with answers that it may give."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from audit.ratings.database import reading
from audit.ratings.judging.asking_judges import can_judge, requests_about
from audit.ratings.projects.asking import FreeText, LabelChoice, LikertScale, PreferenceChoice, SpanMarking
from audit.ratings.projects.project import find
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from audit.ratings.judging.asking_judges import JudgePrompt
    from audit.ratings.projects.asking import AnyKind


def _asked(url: str, **more: object) -> list[JudgePrompt]:
    made = made_in(url, 1, **more)  # type: ignore[arg-type]
    with reading(url) as connection:
        project = find(connection, "p")
    return requests_about(made.items[0], project, "Be fair.")


def test_a_scale_is_asked_once(database_url: str) -> None:
    (asked,) = _asked(database_url)
    assert asked.choices == {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5}
    for part in ("Be fair.", "question 0", "answer 0", "How good is the answer?", "1 (bad) to 5 (very good)"):
        assert part in asked.text


def test_a_preference_is_asked_in_both_orders(database_url: str) -> None:
    first, second = _asked(database_url, pairs=True)
    assert (first.choices, second.choices) == (
        {"A": "a", "B": "b", "C": "tie", "D": "both_bad"},
        {"A": "b", "B": "a", "C": "tie", "D": "both_bad"},
    )
    outputs = [re.findall(r"Answer [AB]:\n<<\w+>>\n(.+)\n", one.text) for one in (first, second)]
    assert outputs[0] == outputs[1][::-1]
    assert sorted(outputs[0]) == ["answer 0", "other answer 0"]
    assert "A: Answer A\nB: Answer B\nC: Both are equally good\nD: Both are bad" in second.text


def test_names_are_masked_and_texts_cannot_end_themselves(database_url: str) -> None:
    (asked,) = _asked(database_url, hidden_names=["answer-bot"])
    assert "██████ 0" in asked.text
    marks = set(re.findall(r"<<(\w+)>>", asked.text))
    assert len(marks) == 1
    other = made_in(database_url.replace("ratings", "others"), 2).items[1]
    assert other.outputs[0].text == "answer 1"  # another text has another mark
    with reading(database_url) as connection:
        project = find(connection, "p")
    assert marks.isdisjoint(re.findall(r"<<(\w+)>>", requests_about(other, project, "")[0].text))


def test_which_questions_a_judge_answers() -> None:
    cases: list[tuple[AnyKind, bool]] = [
        (LikertScale(name="a", text="?"), True),
        (PreferenceChoice(name="b", text="?"), True),
        (LabelChoice(name="c", text="?", labels=["x", "y"]), True),
        (LabelChoice(name="d", text="?", labels=["x", "y"], several=True), False),
        (LabelChoice(name="e", text="?", labels=[f"l{n}" for n in range(27)]), False),
        (FreeText(name="f", text="?"), False),
        (SpanMarking(name="g", text="?", labels=["x"]), False),
    ]
    assert [can_judge(one) for one, _ in cases] == [can for _, can in cases]
