"""Perturbations of texts: hand-made expectations, and what holds for every text and seed."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evals.robustness.edits import edited
from audit.evals.robustness.perturbations import NEIGHBOURS, TEXT, TextPerturbation

BY_NAME = {one.name: one for one in TEXT}
SENTENCE = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
QUESTIONS = st.lists(
    st.sampled_from([*SENTENCE.split(), "(A)", "3/4", "{x}", "Äpfel", "кошка", "猫", "don't", "twenty-one"]),
    max_size=12,
).map(" ".join)


def perturbed(name: str, text: str, seed: int = 1) -> str:
    return edited(text, BY_NAME[name].of(text, seed))


def words_of(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize("seed", range(20))
def test_edits_of_letters(seed: int) -> None:
    before = words_of(SENTENCE)
    for name in ("typos", "insertion", "deletion", "swap"):
        after = words_of(perturbed(name, SENTENCE, seed))
        changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        # Candidates are the words of four letters and more but "half", which is a number: Natalia, sold, clips,
        # friends, April, then, sold, many, clips. One in five, rounded up, is two.
        assert len(changed) == 2
        for a, b in changed:
            assert a.strip(",.") in ["Natalia", "sold", "clips", "friends", "April", "then", "many"]
            assert (a[0], a.rstrip(",.")[-1]) == (b[0], b.rstrip(",.")[-1])
            if name == "typos":
                ((old, new),) = [pair for pair in zip(a, b, strict=True) if pair[0] != pair[1]]
                assert new in NEIGHBOURS[old]
            elif name == "swap":
                (i, j) = [k for k in range(len(a)) if a[k] != b[k]]
                assert (j, a[i], a[j]) == (i + 1, b[j], b[i])
            elif name == "deletion":
                assert any(a[:k] + a[k + 1 :] == b for k in range(1, len(a) - 1))
            else:
                assert any(b[:k] + b[k + 1 :] == a for k in range(1, len(b) - 1))


def test_neighbours_on_a_keyboard() -> None:
    assert sorted(NEIGHBOURS["s"]) == sorted("awedxz")
    assert sorted(NEIGHBOURS["q"]) == sorted("wa")
    assert sorted(NEIGHBOURS["p"]) == sorted("ol")
    assert sorted(NEIGHBOURS["m"]) == sorted("njk")
    assert set(NEIGHBOURS) == set("abcdefghijklmnopqrstuvwxyz")
    assert all(letter in NEIGHBOURS[other] for letter in NEIGHBOURS for other in NEIGHBOURS[letter])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is Option A in Paris?", "is option A in paris?"),
        ("is the sky blue", "IS THE SKY BLUE"),
        ("NATO is BIG", "NATO IS BIG"),
        ("哪里 有 3 只", "哪里 有 3 只"),
    ],
)
def test_case(text: str, expected: str) -> None:
    assert perturbed("case", text) == expected


def test_whitespace_only_adds_spaces() -> None:
    after = perturbed("whitespace", SENTENCE)
    assert after != SENTENCE
    assert after.split() == SENTENCE.split()
    gaps = [len(gap) - 1 for gap in re.findall(" +", after)]
    # 18 gaps, of which one in five, rounded up, is four.
    assert sum(gap > 0 for gap in gaps) == 4
    assert max(gaps) <= 2
    assert perturbed("whitespace", "`a b c`\nd") == "`a b c`\nd"


def test_word_order_swaps_neighbours() -> None:
    text = "please tell me where the small brown dog sleeps in winter nights"
    after = perturbed("word_order", text).split()
    places = [i for i, (a, b) in enumerate(zip(text.split(), after, strict=True)) if a != b]
    # Twelve words: one pair in ten, rounded up, is two pairs.
    assert len(places) == 4
    before = text.split()
    for i, j in zip(places[::2], places[1::2], strict=True):
        assert (j, before[i], before[j]) == (i + 1, after[j], after[i])
    assert perturbed("word_order", "yes, no; why") == "yes, no; why"  # punctuation between all of them
    assert perturbed("word_order", "that that") == "that that"


@pytest.mark.slow
@given(QUESTIONS, st.integers(0, 5), st.sampled_from(TEXT))
def test_what_is_left_alone(text: str, seed: int, one: TextPerturbation) -> None:
    edits = one.of(text, seed)
    after = edited(text, edits)
    assert (after != text) == bool(edits)
    assert one.of(text, seed) == edits
    kept = r"[\d/]+|\(A\)|\{x\}|twenty-one|half|猫"
    assert re.findall(kept, after) == re.findall(kept, text)
    if one.name == "word_order":
        assert Counter(re.findall(r"\w+|[.,]", after)) == Counter(re.findall(r"\w+|[.,]", text))
    else:
        assert len(after.split()) == len(text.split())


def test_seeds_give_other_edits_and_a_name_is_part_of_the_seed() -> None:
    assert len({perturbed("typos", SENTENCE, seed) for seed in range(10)}) > 5
    places = {name: [e.start for e in BY_NAME[name].of(SENTENCE, 1)] for name in ("insertion", "deletion")}
    assert places["insertion"] != places["deletion"]


def test_names_are_unique_and_say_what_they_do() -> None:
    assert len(BY_NAME) == len(TEXT)
    assert all(one.changes and one.leaves and one.lacks for one in TEXT)
