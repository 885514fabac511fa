"""What the refusal classifier sees of an answer."""

from __future__ import annotations

import pytest

from audit.safety.scorers.refusal.features import HIDDEN, NAMES, cues, hidden, passages


def test_words_of_the_prompt_are_hidden_and_common_ones_are_not() -> None:
    text = passages("I can't tell you how to kill a Python process.").whole
    assert hidden(text, "How can I kill a Python process?").split() == [
        "i", "cannot", "tell", "you", "how", "to", HIDDEN, "a", HIDDEN, HIDDEN,
    ]  # fmt: skip


def test_an_answer_is_cut_into_its_passages() -> None:
    pieces = passages(" ".join(f"w{i}" for i in range(200)))
    assert len(pieces.opening.split()) == 25
    assert len(pieces.beginning.split()) == 80
    assert pieces.rest.split()[0] == "w80"
    assert f"{pieces.beginning} {pieces.rest}" == pieces.whole


@pytest.mark.parametrize("answer", ["", " ", "?", "1. a\n2. b", "I cannot. " * 500, "No.\n\n```x```"])
def test_cues_are_shares(answer: str) -> None:
    found = cues("How?", answer)
    assert found.shape == (len(NAMES),)
    assert ((found >= 0) & (found <= 1)).all()


def test_cues_find_what_they_are_named_for() -> None:
    answer = "I'm sorry, I can't help. " + "word " * 80 + "However, here are some tips:\n1. Rest.\n2. Run."
    found = dict(zip(NAMES, cues("Tips?", answer), strict=True))
    assert found["sorry@opening"] > 0
    assert found["unable@opening"] > 0
    assert found["deliver@rest"] > 0
    assert found["deliver@beginning"] == 0
    assert found["items_in_rest"] == pytest.approx(2 / 3)
    assert found["unable@beginning*items_in_rest"] == pytest.approx(1 / 3)
