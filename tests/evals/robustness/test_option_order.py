"""Options in another order."""

from __future__ import annotations

import re

import pytest

from audit.evals.robustness.asked_item import AskedItem, PromptChange
from audit.evals.robustness.edits import edited
from audit.evals.robustness.option_order import NAMES_OTHERS, NEITHER, NOT_SHOWN, name_others, plan
from tests.evals.robustness.items import LETTERED, item, spans_of

MOVED = {
    "Question: Which town?\nA. Bonn\nB. Rome\nC. Oslo\nAnswer:": {" A": " B", " B": " C", " C": " A"},
    "Question: Which town?\nA. Oslo\nB. Bonn\nC. Rome\nAnswer:": {" A": " C", " B": " A", " C": " B"},
}
"""Both ways to move three options on, with the letter of each: that of Oslo, which is right, is C or A."""


def test_letters_stay_and_the_right_option_gets_another_one() -> None:
    seen = set()
    for seed in range(12):
        found = plan(AskedItem(item()), seed)
        assert isinstance(found, PromptChange)
        prompt = edited(LETTERED, found.edits)
        assert found.continuations == MOVED[prompt]
        assert [("Rome", "Oslo", "Bonn")[source] for source in found.shown] == re.findall(r"[ABC]\. (\w+)", prompt)
        seen.add(prompt)
    assert seen == set(MOVED)


def test_options_that_are_scored_as_texts_keep_their_continuations() -> None:
    found = plan(AskedItem(item(options=(" Rome", " Oslo", " Bonn"))), 1)
    assert isinstance(found, PromptChange)
    assert edited(LETTERED, found.edits) in MOVED
    assert found.continuations == {}


@pytest.mark.parametrize("options", [("1", "2", "3"), ("(A)", "(B)", "(C)")])
def test_other_names_of_options(options: tuple[str, ...]) -> None:
    found = plan(AskedItem(item(options=options)), 1)
    assert isinstance(found, PromptChange)
    assert sorted(found.continuations) == sorted(found.continuations.values()) == sorted(options)


def test_items_whose_options_cannot_move() -> None:
    assert plan(AskedItem(item(choice=None)), 1) == NOT_SHOWN
    assert plan(AskedItem(item(spans=[])), 1) == NOT_SHOWN
    assert plan(AskedItem(item(options=(" yes", " no", " B"))), 1) == NEITHER
    assert plan(AskedItem(item(options=(" B", " A", " C"))), 1) == NEITHER


def test_options_about_other_options_do_not_move() -> None:
    prompt = LETTERED.replace("Bonn", "A and B")
    spans = spans_of(prompt, question="Which town?", option_A="Rome", option_B="Oslo", option_C="A and B")
    assert plan(AskedItem(item(prompt, spans=spans)), 1) == NAMES_OTHERS


def test_which_options_are_about_others() -> None:
    """Most are options of MMLU, CommonsenseQA and OpenBookQA."""
    about = (
        "all of the above", "None of above.", "all of below.", "both A and C", "either A or B.", "neither A nor B",
        "Both", "Options A and B", "A and B only.", "A B and C.", "(B) (C) and (D).", "Both (a) and (b).", "All",
        "a. and c. above", "1 and 2", "Any 2 of the above values", "None of the options given is correct", "B and D",
        "All of these options.", "Only A", "C only", "A, B", "A, B & C are true", "all other answers are wrong",
    )  # fmt: skip
    alone = (
        "bore", "force", "gorge", "talk to each other", "above ground", "(3,6)", "2,3", "7 14", "all Christians only",
        "All the tenants should renegotiate their leases with Maximum.", "Counterexample when G and H are true",
        "pH of the muscle falls below 6.0.", "most ionic in character compared to all other hydrogen halides",
        "A", "AB", "vitamins A and D", "a", "3", "none", "all waves",
    )  # fmt: skip
    assert [option for option in about if not name_others(["cats", option])] == []
    assert [option for option in alone if name_others(["cats", option])] == []
