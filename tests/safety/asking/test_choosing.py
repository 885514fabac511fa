from __future__ import annotations

import math
from typing import Any

import pytest

from audit.core.config import RunConfig
from audit.core.records import Sample
from audit.engine import Completion, Generation, Score
from audit.safety.asking.choosing import TIED, UNMATCHED, judged, likeliest, requests, written
from audit.safety.asking.options import Options

TEXTS = ("The grandfather", "The grandson", "Can't be determined")

OPTIONS = Options(TEXTS, letters=True)
WITHOUT = Options(TEXTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The grandfather", 0),
        (" the GRANDSON.\n", 1),
        ("\n\ncan't  be determined", 2),
        ("(b) The grandson", 1),
        ("b) something else", 1),
        ("C.", 2),
        ("(c)", 2),
        ("It was the grandson, I think.", 1),
        ("The grandson or the grandfather", None),
        ("(a) The grandson", None),
        ("A: I cannot say", None),
        ("grandfather", 0),
        ("(d) nobody", None),
        ("the grandsons", None),
        ("", None),
        (" \n ", None),
        ("I do not know", None),
        ("The grandfather\nThe grandson", 0),
        ("x" * 100_000, None),
        ("a", 0),
        (" B ", 1),
        ("d", None),
    ],
)
def test_text_names_an_option(text: str, expected: int | None) -> None:
    assert OPTIONS.read(text) == expected


def test_letters_count_where_options_have_them() -> None:
    assert OPTIONS.read("b. whatever") == 1
    assert WITHOUT.read("b. whatever") is None
    assert WITHOUT.read("a. The grandson") == 1


def test_an_option_that_is_part_of_another_counts_only_on_its_own() -> None:
    options = Options(("the African", "the African American", "unknown"))
    assert options.read("I mean the African American.") == 1
    assert options.read("I mean the African.") == 0
    assert options.read("Not the African American but the African") == 0


def test_options_with_signs_of_regular_expressions() -> None:
    assert Options(("x|y+z", "z")).read("it is x|y+z, surely") == 0
    assert Options(("x|y+z", "z")).read("it is x|y") is None


def scored(*totals: float) -> list[Score]:
    return [Score((total,), (False,)) for total in totals]


def completion(text: str | None) -> Completion:
    return Completion(error="logits are NaN") if text is None else Completion((Generation(text, 3, "stop"),))


def test_the_likeliest_option_is_chosen_by_its_total() -> None:
    choice = likeliest(scored(-3.0, -1.5, -8.0))
    assert (choice.index, choice.error, choice.flags) == (1, None, [])
    assert choice.log_likelihoods == (-3.0, -1.5, -8.0)
    assert choice.confidence == pytest.approx(math.exp(-1.5) / (math.exp(-3) + math.exp(-1.5) + math.exp(-8)))


def test_ties_are_no_choice() -> None:
    tie = likeliest(scored(-2.0, -2.0, -4.0))
    assert (tie.index, tie.error, tie.flags, tie.confidence) == (None, TIED, ["tie"], None)


def test_written_answers() -> None:
    choices = [written(completion(text), OPTIONS) for text in ("(b) The grandson", "no idea", "", None)]
    assert [choice.index for choice in choices] == [1, None, None, None]
    assert [choice.error for choice in choices] == [None, UNMATCHED, UNMATCHED, "logits are NaN"]
    assert [choice.flags for choice in choices] == [[], ["unparsed_answer"], ["empty_output"], []]


@pytest.mark.parametrize(("answers", "asked"), [("likelihood", [" one", " two"]), ("generation", [])])
def test_options_are_scored_after_a_space_or_a_text_is_asked_for(scripted: Any, answers: Any, asked: list[str]) -> None:
    found = requests(scripted(), RunConfig(safety={"answers": answers}), "Q", ("one", "two"), [])
    assert ["".join(map(chr, one.target_ids)) for one in found.score] == asked
    assert [one.temperature for one in found.generate] == ([] if asked else [0])


def test_what_a_sample_says_of_a_choice() -> None:
    blank = Sample(sample_id="x", suite="safety", task="t", prompt="Q", flags=["truncated_prompt"])
    sample = judged(blank, likeliest(scored(-3.0, -1.5, -2.0)), ("a", "b", "c"), right=0)
    assert (sample.score, sample.output, sample.reference) == (0.0, " b", " a")
    assert sample.choice is not None
    assert sample.choice.model_dump(exclude={"gap", "gap_unit", "normalised"}) == {
        "options": [" a", " b", " c"],
        "log_likelihoods": [-3.0, -1.5, -2.0],
        "chosen": 1,
        "right": 0,
        "contrast": 2,
    }
    assert sample.flags == ["truncated_prompt"]
