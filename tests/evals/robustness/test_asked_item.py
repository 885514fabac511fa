"""Where an item's question and options lie in its prompt."""

from __future__ import annotations

import pytest

from audit.core.records import Span
from audit.evals.robustness.asked_item import NO_QUESTION, SEVERAL_PROMPTS, UNSCORED, AskedItem, PromptChange
from audit.evals.robustness.edits import Edit, edited
from tests.evals.robustness.items import item, spans_of

PROMPT = "Text: Rome is old.\nQ: is it old? Again: is it old?\nA:"


@pytest.mark.parametrize(
    ("parts", "field", "texts"),
    [
        ({"passage": "Rome is old.", "question": "is it old?"}, "question", ["is it old?"]),
        ({"passage": "Rome is old.", "goal": "is it old?"}, "goal", ["is it old?"]),
        ({"source": "Rome is old."}, "question", ["Rome is old."]),  # the only field
        ({"source": "Rome is old.", "option_A": "is"}, "question", ["Rome is old."]),
        ({"passage": "Rome is old.", "goal": "is it old?"}, "question", []),  # which of them is not known
        ({"option_A": "Rome"}, "question", []),
        ({}, "question", []),
    ],
)
def test_the_question_is_a_named_field_or_the_only_one(parts: dict[str, str], field: str, texts: list[str]) -> None:
    asked = AskedItem(item(PROMPT, spans=spans_of(PROMPT, **parts)), field)
    assert [asked.text(span) for span in asked.questions()] == texts


def test_a_question_that_is_shown_twice_is_changed_twice() -> None:
    places = [i for i in range(len(PROMPT)) if PROMPT.startswith("is it old?", i)]
    spans = [Span(name="question", kind="field", start=i, end=i + 10) for i in places]
    asked = AskedItem(item(PROMPT, spans=[*spans, Span(name="example 1", kind="example", start=0, end=4)]))
    plan = asked.of_question([Edit(3, 5, "Oslo")], "never")
    assert isinstance(plan, PromptChange)
    assert edited(PROMPT, plan.edits) == "Text: Rome is old.\nQ: is Oslo old? Again: is Oslo old?\nA:"
    assert asked.of_question([], "no edits") == "no edits"
    other = AskedItem(item(PROMPT, spans=[spans[0], Span(name="question", kind="field", start=0, end=4)]))
    assert other.questions() == []  # two texts of one name: which is asked is not known
    assert other.of_question([Edit(0, 1, "x")], "never") == NO_QUESTION


def test_options_are_known_where_each_is_shown_once() -> None:
    whole = AskedItem(item())
    assert [whole.text(span) for span in whole.options()] == ["Rome", "Oslo", "Bonn"]
    assert AskedItem(item(spans=item().spans[:-1])).options() == []
    assert AskedItem(item(spans=[*item().spans, item().spans[-1]])).options() == []
    assert AskedItem(item(choice=None)).options() == []


def test_items_that_cannot_be_perturbed() -> None:
    assert AskedItem(item()).unusable() is None
    assert AskedItem(item(error="NaN", score=None)).unusable() == UNSCORED
    assert AskedItem(item(prompt_sha256="0" * 64)).unusable() == SEVERAL_PROMPTS


@pytest.mark.parametrize(
    ("question", "is_one"),
    [
        ("Which town?\nA. Rome\nB. Oslo", False),
        ("Which town? (A) Rome (B) Oslo", False),
        ("Which town?\n1) Rome\n2) Oslo", False),
        ("Was it in part A. or later?", True),
        ("Is 1. more than 2? Is B) a mark?", True),
        (" \n", False),
    ],
)
def test_a_field_that_lists_options_is_no_question(question: str, is_one: bool) -> None:
    prompt = f"Q: {question}\nA:"
    span = Span(name="question", kind="field", start=3, end=3 + len(question))
    assert bool(AskedItem(item(prompt, spans=[span])).questions()) is is_one
