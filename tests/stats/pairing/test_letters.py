"""Compact letter displays: published ones, and all of a few runs by brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from audit.stats.pairing.letters import ALPHABET, letters, tied_groups


@pytest.mark.parametrize(
    ("pairs", "shown"),
    [
        ("BC", {"A": "ab", "B": "a", "C": "b"}),  # the first example of multcompView's documentation
        ("AB AC BD", {"A": "a", "B": "b", "C": "bc", "D": "ac"}),  # its second one
        ("", {"A": "a", "B": "a"}),
        ("AB AC BC", {"A": "a", "B": "b", "C": "c"}),
    ],
)
def test_letters_are_those_of_multcompview(pairs: str, shown: dict[str, str]) -> None:
    names = list(shown)
    different = [(names.index(pair[0]), names.index(pair[1])) for pair in pairs.split()]
    found = letters(range(len(names)), different)
    assert found is not None
    # Which group has which letter is a convention: members with the same groups share them.
    assert _groups(dict(zip(names, found.values(), strict=True))) == _groups(shown)


def _groups(shown: dict[str, str]) -> set[frozenset[str]]:
    found = {letter for text in shown.values() for letter in text}
    return {frozenset(name for name, text in shown.items() if letter in text) for letter in found}


@pytest.mark.parametrize("seed", range(8))
def test_groups_are_all_largest_sets_without_a_difference(seed: int) -> None:
    draw = np.random.default_rng(seed)
    members = list(range(6))
    different = [pair for pair in combinations(members, 2) if draw.random() < 0.4]
    tied = [
        frozenset(group)
        for size in range(1, 7)
        for group in combinations(members, size)
        if not any({first, second} <= set(group) for first, second in different)
    ]
    largest = {group for group in tied if not any(group < other for other in tied)}
    found = tied_groups(members, [pair[::-1] for pair in different])
    assert set(found) == largest
    assert len(found) == len(largest)
    shown = letters(members, different)
    assert shown is not None
    for first, second in combinations(members, 2):
        assert bool(set(shown[first]) & set(shown[second])) == ((first, second) not in different)


def test_the_first_member_has_an_a_and_letters_follow_the_order() -> None:
    assert letters([2, 0, 1], [(0, 2), (1, 2), (0, 1)]) == {2: "a", 0: "b", 1: "c"}


def test_as_many_groups_as_letters_are_shown() -> None:
    """Of 4 runs that all differ, and 13 others that do, each pair is a group: 4 times 13."""
    different = [*combinations(range(4), 2), *combinations(range(4, 17), 2)]
    shown = letters(range(17), different)
    assert shown is not None
    assert (len(ALPHABET), shown[0], shown[16][-1]) == (4 * 13, ALPHABET[:13], ALPHABET[-1])


def test_more_groups_than_letters_are_not_shown() -> None:
    # 4 runs of 3 each that differ within their four: 3 ** 4 = 81 groups.
    different = [pair for place in range(4) for pair in combinations(range(3 * place, 3 * place + 3), 2)]
    assert len(ALPHABET) < 3**4
    assert letters(range(12), different) is None
