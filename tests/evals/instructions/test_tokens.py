"""Words and marks."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from nltk.tokenize.destructive import NLTKWordTokenizer

from audit.evals.instructions import tokens
from audit.evals.instructions.kinds import NotCheckable
from audit.evals.instructions.tokens import MAX_ENDS, tokenizations, tokens_of
from tests.evals.instructions.answers import FOLLOWING, ODD

TEXTS = (
    "Good muffins cost $3.88 (roughly 3,36 euros)\nin New York.",
    "\"Can't we've 'em?\" she'll've said: 'tis so, cannot!",
    "I'm gonna; he'd -- d'ye more'n wanna go – now… “ok” ''x'' ``y`` etc.) ",
    "lemme gimme gotta [a] {b} <c> 'twas & 5% #1 @x",
    "a.b.) ", '.."', "it's Jack's 's 'S dogs' toys' ", "a\n", "\na",
)  # fmt: skip


@pytest.mark.parametrize("text", [*TEXTS, *ODD, *(answer for _, _, answer in FOLLOWING)])
def test_tokens_are_nltk_s(text: str) -> None:
    assert tokens_of(text) == NLTKWordTokenizer().tokenize(text)


def test_a_doubtful_end_gives_all_ways_to_set_it() -> None:
    assert {tuple(one) for one in tokenizations("Mr. X came.")} == {
        ("Mr.", "X", "came", "."),
        ("Mr", ".", "X", "came", "."),
    }
    assert {tuple(one) for one in tokenizations("(He came.) Yes")} == {
        ("(", "He", "came.", ")", "Yes"),
        ("(", "He", "came", ".", ")", "Yes"),
    }
    assert [*tokenizations("No end")] == [["No", "end"]]
    assert [*tokenizations("")] == [[]]


def test_ends_that_do_not_matter_are_not_tried() -> None:
    text = "a b " + "c. " * 50 + "d e f"
    assert len([*tokenizations(text, first=2, last=3)]) == 1
    with pytest.raises(NotCheckable, match="Punkt"):
        next(tokenizations(text))
    assert len([*tokenizations("a. " * MAX_ENDS + "b")]) == 3**MAX_ENDS


@pytest.mark.parametrize("ends", [0, 1, 2, 3, MAX_ENDS])
@pytest.mark.parametrize("size", [21_000, 240_000])
def test_the_work_on_hostile_texts_is_bounded(ends: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All ways with all ends of 21,000 characters took 12 s."""
    cut: list[int] = []
    monkeypatch.setattr(tokens, "tokens_of", lambda sentence: cut.append(len(sentence)) or [sentence])
    text = "a. " * ends + "x,;(y)" * (size // 6)
    allowed = len(text) * 3**ends <= tokens.MOST_CHARACTERS
    with nullcontext() if allowed else pytest.raises(NotCheckable, match="Punkt"):
        list(tokenizations(text, first=9, last=1))
    assert sum(cut) <= tokens.MOST_CHARACTERS
    assert bool(cut) == allowed
