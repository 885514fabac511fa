"""The perturbations of a run, and those that need more than the question."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.config import RobustnessConfig
from audit.core.errors import ConfigError
from audit.core.records import Span
from audit.evals.robustness.asked_item import NO_QUESTION, AskedItem, PromptChange
from audit.evals.robustness.edits import edited
from audit.evals.robustness.given import Wordings
from audit.evals.robustness.registry import PERTURBATIONS, wanted
from tests.evals.robustness.items import item, spans_of

PROMPT = (
    "Answer briefly. Answer briefly in English.\n"
    "Q: Answer briefly: which Big town has 3 big ports?\nA: no\n\nQ:  Is 3 big? \nA:"
)


def asked() -> AskedItem:
    example = Span(name="example 1", kind="example", start=43, end=PROMPT.index("no") + 2)
    return AskedItem(item(PROMPT, spans=[example, *spans_of(PROMPT, question=" Is 3 big? ")]))


def perturbed(name: str, given: Wordings, one: AskedItem | None = None) -> str:
    found = PERTURBATIONS[name].plan(one or asked(), given, 1)
    return edited((one or asked()).sample.prompt, found.edits) if isinstance(found, PromptChange) else found


def test_instructions_outside_fields_and_examples() -> None:
    given = Wordings(instructions={"Answer briefly.": "Be brief.", "Answer briefly in English.": "Use English."})
    assert perturbed("instruction", given) == PROMPT.replace(
        "Answer briefly. Answer briefly in English.", "Be brief. Use English."
    )
    longest = Wordings(instructions={"Answer": "Say", "Answer briefly in English.": "Use English."})
    assert perturbed("instruction", longest) == PROMPT.replace(
        "Answer briefly. Answer briefly in English.", "Say briefly. Use English."
    )
    assert (
        perturbed("instruction", Wordings(instructions={"which": "what"}))
        == "its prompt holds no instruction for which another wording is known"
    )
    across = Wordings(instructions={"briefly. Answer": "x", "Answer briefly.": "y"})
    assert perturbed("instruction", across) == "several of the given instructions overlap in its prompt"


@pytest.mark.parametrize(
    ("instead", "found"),
    [
        ("Is three large?", "the other wording of its question holds other numbers"),
        ("Is 3 big?", "the other wording of its question is the same"),
        ("How large is 3?", PROMPT.replace(" Is 3 big? ", " How large is 3? ")),
    ],
)
def test_paraphrases(instead: str, found: str) -> None:
    assert perturbed("paraphrase", Wordings(by_question={"Is 3 big?": instead})) == found
    assert perturbed("paraphrase", Wordings(by_sample={"a": instead})) == found


def test_synonyms_of_listed_words_in_the_question_alone() -> None:
    given = Wordings(words={"is": "are", "big": "large"})
    assert perturbed("synonyms", given) == PROMPT.replace(" Is 3 big? ", " Are 3 large? ")
    assert perturbed("synonyms", Wordings(words={"town": "city"})) == "no word of its question is listed"


@pytest.mark.parametrize("name", ["typos", "synonyms", "paraphrase"])
def test_a_question_whose_place_is_not_known(name: str) -> None:
    given = Wordings(words={"is": "are"}, by_sample={"a": "b"})
    assert perturbed(name, given, AskedItem(item(PROMPT))) == NO_QUESTION


def test_a_question_to_which_a_perturbation_cannot_apply() -> None:
    short = "Q: 3 + 4?"
    one = AskedItem(item(short, spans=spans_of(short, question="3 + 4?")))
    assert perturbed("typos", Wordings(), one).startswith("the question has no word of at least four letters")
    assert perturbed("case", Wordings(), one) == "the language of the question has no capitals"


def test_all_are_those_that_can_apply() -> None:
    plain = [name for name, one in PERTURBATIONS.items() if one.needs is None]
    letters = ["typos", "insertion", "deletion", "swap"]
    assert plain == [*letters, "case", "whitespace", "word_order", "option_order", "instruction"]
    every = RobustnessConfig(perturbations=["all"])
    assert [one.name for one in wanted(every, Wordings())] == plain
    given = Wordings(words={"a": "b"})
    assert [one.name for one in wanted(every, given)] == [*plain[:-1], "synonyms", "instruction"]
    assert [one.name for one in wanted(RobustnessConfig(perturbations=["swap", "typos"]), given)] == ["typos", "swap"]
    assert wanted(RobustnessConfig(), Wordings()) == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (RobustnessConfig(perturbations=["typo"]), "unknown perturbation 'typo': use typos, .*Did you mean"),
        (RobustnessConfig(perturbations=["synonyms"]), "--perturb synonyms: needs rows with word: give --paraphrases"),
        (RobustnessConfig(perturbations=["paraphrase"]), "needs rows with sample_id or question"),
        (RobustnessConfig(limit=3), "need --perturb: add it"),
        (RobustnessConfig(paraphrases=Path("x.csv")), "need --perturb: add it"),
    ],
)
def test_what_is_refused(config: RobustnessConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        wanted(config, Wordings())
