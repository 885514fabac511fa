"""Twins of word problems: answers computed again, problems left alone, numbers of the same kind."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest

from audit.core.assets import dataset
from audit.evals.twins import makers
from audit.evals.twins.bindings import NoTwin
from audit.evals.twins.makers import MAKERS, alternatives
from audit.evals.twins.quantities import quantities

GSM8K: dict[str, Any] = {
    "question": "Janet's hens lay 16 eggs a day. She eats three and sells the rest for $2 each. What does she earn?",
    "answer": "She sells 16-3=<<16-3=13>>13.\nShe earns 13*2=$<<13*2=26>>26.\n#### 26",
    "number": 26.0,
}
ASDIV: dict[str, Any] = {
    "passage": "Megan gave 7 acorns to her sister. Now Megan has 9 acorns left.",
    "question": "How many acorns did Megan have in the beginning?",
    "answer": "16 acorns",
    "number": 16.0,
}


def test_the_answer_is_that_of_the_new_numbers() -> None:
    """The text is read by a pattern of its own, and the answer computed by hand."""
    for seed in range(50):
        new = MAKERS["gsm8k"].twin(GSM8K, seed, "id").row
        match = re.fullmatch(
            r"(\w+)'s hens lay (\d+) eggs a day\. She eats (\w+) and sells the rest for \$(\d) each\. "
            r"What does she earn\?",
            new["question"],
        )
        assert match is not None
        eaten = {"two": 2, "four": 4, "five": 5, "six": 6, "seven": 7}[match[3]]
        assert new["number"] == (int(match[2]) - eaten) * int(match[4]) != 26
        assert new["answer"] == f"#### {new['number']:g}"
        assert match[1] != "Janet"
        other = MAKERS["asdiv"].twin(ASDIV, seed, "id").row
        numbers = [int(number) for number in re.findall(r"\d+", other["passage"])]
        assert other["number"] == sum(numbers)
        assert other["answer"] == f"{sum(numbers)}"
        assert re.search(r"did (\w+) have", other["question"])[1] == other["passage"].split()[0]  # type: ignore[index]


def test_seed_and_item_decide() -> None:
    maker = MAKERS["gsm8k"]
    assert maker.twin(GSM8K, 1, "id") == maker.twin(GSM8K, 1, "id")
    assert len({maker.twin(GSM8K, seed, "id").row["question"] for seed in range(20)}) > 10
    assert maker.twin(GSM8K, 1, "id") != maker.twin(GSM8K, 1, "other")


def test_problems_whose_answer_would_not_be_certain_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [
        ({"answer": "16-3=<<16-3=14>>14 <<14*2=28>>28\n#### 28"}, "not plain arithmetic"),
        ({"answer": "<<16-3=13>>13 <<13*2=26>>\n#### 27", "number": 27.0}, "does not give the published answer"),
        ({"answer": "26\n#### 26"}, "not annotated"),
        ({"answer": "<<16-3=13>> <<13*2=>>\n#### 26"}, "not plain arithmetic"),
        ({"answer": "<<16-3=13=13>> <<13*2=26>>\n#### 26"}, "not plain arithmetic"),
        ({"answer": "<<13*2=26>>26\n#### 26"}, "not in the text"),
        ({"question": "Half of the eggs. What does she earn?"}, "has no number"),
        ({"question": GSM8K["question"].replace("a day", "at 3:30")}, "not understood"),
        ({"question": GSM8K["question"].replace("16 eggs", "an 16 eggs")}, "article"),
        ({"question": GSM8K["question"].replace("eats three and", "has three friends and")}, "people who are named"),
    ]
    for change, words in cases:
        with pytest.raises(NoTwin, match=words):
            MAKERS["gsm8k"].twin({**GSM8K, **change}, 1, "id")
    monkeypatch.setattr(makers, "TRIES", 0)
    with pytest.raises(NoTwin, match="no other numbers"):
        MAKERS["gsm8k"].twin(GSM8K, 1, "id")


def test_numbers_stay_of_their_size_and_kind() -> None:
    for text, some in (("5", [2, 3, 4, 6, 7]), ("1", []), ("11", [4, 5, 6, 7, 8, 9, 10, 12]), ("60", [20, 30, 40, 50])):
        (one,) = quantities(text) or []
        assert alternatives(one) == some, text
    (share,) = quantities("95%") or []
    assert max(alternatives(share)) <= 100
    (large,) = quantities("27000") or []
    assert {number % 1000 for number in alternatives(large)} == {0}
    assert min(alternatives(large)) >= 10_000
    (price,) = quantities("$2.5") or []
    assert all((10 * number) % 10 for number in alternatives(price))


@pytest.mark.slow
def test_published_problems_have_twins_whose_formula_holds() -> None:
    """ASDiv as it is: every twin's two numbers give its answer by the operation that gives the published one."""
    maker, made = MAKERS["asdiv"], 0
    for place, row in enumerate(dataset("asdiv").rows[::3]):
        try:
            new = maker.twin(row, 3, str(place)).row
        except NoTwin:
            continue
        made += 1
        (a, b), (c, d) = ([one.value for one in quantities(maker.question(some)) or []] for some in (row, new))
        operations = {"+": (a + b, c + d), "*": (a * b, c * d), "-": (a - b, c - d), "r": (b - a, d - c)}
        operations |= {"/": (a / b, c / d), "\\": (b / a, d / c)}
        fitting = [after for before, after in operations.values() if before == Fraction(str(row["number"]))]
        assert fitting[0] == Fraction(str(new["number"])), row
    assert made > 60
