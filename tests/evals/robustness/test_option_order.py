"""Options in another order."""

from __future__ import annotations

import pytest

from audit.evals.robustness.asked_item import AskedItem, PromptChange
from audit.evals.robustness.edits import edited
from audit.evals.robustness.option_order import NEITHER, NOT_SHOWN, plan
from tests.evals.robustness.items import LETTERED, item

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
