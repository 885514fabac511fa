"""Given names in their place: one per person, of the same gender."""

from __future__ import annotations

import random
import re

from audit.evals.twins.given_names import FEMALE, MALE, renamed


def draws(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a draw, not a secret


TEXT = "Janet and Paul met Mr. Paul Smith. Janet's dog, Will, likes Paul. Janette does not."


def test_each_person_keeps_one_name_of_the_same_gender() -> None:
    for seed in range(20):
        new = renamed(TEXT, draws(seed))
        match = re.fullmatch(
            r"(\w+) and (\w+) met Mr\. (\w+) Smith\. (\w+)'s dog, Will, likes (\w+)\. Janette does not\.", new
        )
        assert match is not None
        assert match[1] == match[4] != "Janet"
        assert match[2] == match[3] == match[5] != "Paul"
        assert match[1] in FEMALE
        assert match[2] in MALE
    assert renamed(TEXT, draws(1)) == renamed(TEXT, draws(1))


def test_no_new_name_is_in_the_text_already() -> None:
    new = renamed(" and ".join(FEMALE[:30]), draws(0)).split(" and ")
    assert set(new) <= set(FEMALE[30:])
    assert len(set(new)) == 30


def test_lists_are_of_one_gender_and_have_no_name_twice() -> None:
    assert not set(FEMALE) & set(MALE)
    assert len({*FEMALE, *MALE}) == len(FEMALE) + len(MALE)
    assert all(re.fullmatch("[A-Z][a-z]+", name) for name in (*FEMALE, *MALE))
