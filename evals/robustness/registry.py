"""All perturbations by name: those of the question's text, and those that need more than it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, did_you_mean
from audit.core.text import printable
from audit.evals.robustness import option_order
from audit.evals.robustness.asked_item import NO_QUESTION, PromptChange
from audit.evals.robustness.changeable import words
from audit.evals.robustness.edits import Edit, effective
from audit.evals.robustness.given import same_numbers
from audit.evals.robustness.perturbations import TEXT, TextPerturbation

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.config import RobustnessConfig
    from audit.evals.robustness.asked_item import AskedItem
    from audit.evals.robustness.given import Wordings

ALL = "all"
"""Every perturbation that needs no file, and those that the given file has rows for."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """A way to ask an item again with a changed prompt."""

    name: str
    """As it is asked for, and in the slice ``perturbation``."""
    changes: str
    """What it changes."""
    leaves: str
    """What it leaves alone."""
    plan: Callable[[AskedItem, Wordings, int], PromptChange | str]
    """How an item is changed, from what was given and the run's seed; why it cannot be where it is a text."""
    needs: str | None = None
    """Column of the given file without which it changes nothing; None if it needs no file."""


def _of_text(one: TextPerturbation) -> Perturbation:
    """A perturbation of the question's text."""

    def plan(item: AskedItem, given: Wordings, seed: int) -> PromptChange | str:
        del given
        found = item.questions()
        return item.of_question(one.of(item.text(found[0]), seed) if found else [], one.lacks)

    return Perturbation(one.name, one.changes, one.leaves, plan)


def _option_order(item: AskedItem, given: Wordings, seed: int) -> PromptChange | str:
    del given
    return option_order.plan(item, seed)


def _synonyms(item: AskedItem, given: Wordings, seed: int) -> PromptChange | str:
    """Each word of the question that is listed becomes the word given for it."""
    del seed
    found = item.questions()
    if not found:
        return NO_QUESTION
    text = item.text(found[0])
    listed = [(word, given.words[word.text.lower()]) for word in words(text) if word.text.lower() in given.words]
    edits = [Edit(word.start, word.end, _as_capital(word.text, instead)) for word, instead in listed]
    return item.of_question(effective(text, edits), "no word of its question is listed")


def _as_capital(word: str, instead: str) -> str:
    """A word with a capital where the word that it replaces has one."""
    return instead[:1].upper() + instead[1:] if word[:1].isupper() else instead


def _paraphrase(item: AskedItem, given: Wordings, seed: int) -> PromptChange | str:
    """The question in the wording given for it, unless it holds other numbers."""
    del seed
    found = item.questions()
    if not found:
        return NO_QUESTION
    text = item.text(found[0])
    instead = given.question(item.sample.sample_id, text)
    if instead is None:
        return "no other wording of its question is given"
    if not same_numbers(text, instead):
        return "the other wording of its question holds other numbers"
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    edits = effective(text, [Edit(0, len(text), f"{before}{instead}{after}")])
    return item.of_question(edits, "the other wording of its question is the same")


def _instruction(item: AskedItem, given: Wordings, seed: int) -> PromptChange | str:
    """The instruction in the wording given for it, outside fields and few-shot examples."""
    del seed
    prompt = item.sample.prompt
    kept = [(span.start, span.end) for span in item.sample.spans]
    edits = []
    for text, instead in given.instructions.items():
        start = prompt.find(text)
        while start >= 0:
            end = start + len(text)
            if not any(a < end and start < b for a, b in kept):
                edits.append(Edit(start, end, instead))
            start = prompt.find(text, end)
    edits = [edit for edit in edits if not any(edit != one and _holds(one, edit) for one in edits)]
    try:
        found = effective(prompt, edits)
    except ValueError:
        return "several of the given instructions overlap in its prompt"
    return PromptChange(found) if found else "its prompt holds no instruction for which another wording is known"


def _holds(outer: Edit, inner: Edit) -> bool:
    """Whether an edit lies inside a longer one: the longest instruction counts."""
    return outer.start <= inner.start and inner.end <= outer.end


PERTURBATIONS: dict[str, Perturbation] = {
    one.name: one
    for one in (
        *map(_of_text, TEXT),
        Perturbation(
            option_order.NAME,
            "options are rotated, so that each has another letter",
            "the question, the texts of the options and the letters or numbers in front of them",
            _option_order,
        ),
        Perturbation(
            "synonyms",
            "each listed word of the question becomes the word given for it (column `word`)",
            "words that are not listed",
            _synonyms,
            needs="word",
        ),
        Perturbation(
            "paraphrase",
            "the question in the wording given for it, e.g. translated there and back (`sample_id` or `question`)",
            "a question whose other wording has other numbers is not perturbed",
            _paraphrase,
            needs="question",
        ),
        Perturbation(
            "instruction",
            "the instruction in another wording: that of the task file, or the given one (column `instruction`)",
            "the question, the options and the few-shot examples",
            _instruction,
        ),
    )
}
"""By name, in the order in which they are asked."""


def wanted(config: RobustnessConfig, given: Wordings) -> list[Perturbation]:
    """The perturbations of a run, in the order of :data:`PERTURBATIONS`.

    Args:
        config: Which are asked for.
        given: The rows of its file.

    Raises:
        ConfigError: One is unknown or needs rows that are not given, or there is a file, or a limit, and no
            perturbation.
    """
    names = config.perturbations
    if not names:
        if config.paraphrases is not None or config.limit is not None:
            msg = "--paraphrases and --perturb-limit need --perturb: add it, or leave them out"
            raise ConfigError(msg)
        return []
    unknown = next((name for name in names if name != ALL and name not in PERTURBATIONS), None)
    if unknown is not None:
        hint = did_you_mean(unknown, [*PERTURBATIONS, ALL])
        known = f"use {', '.join(PERTURBATIONS)} or {ALL}"
        msg = f"--perturb: unknown perturbation '{printable(unknown, 60)}': {known}.{hint}"
        raise ConfigError(msg)
    without = next((one for one in PERTURBATIONS.values() if one.name in names and not _has_rows(one, given)), None)
    if without is not None:
        column = "sample_id or question" if without.needs == "question" else without.needs
        msg = f"--perturb {without.name}: needs rows with {column}: give --paraphrases FILE (docs/howto/robustness.md)"
        raise ConfigError(msg)
    return [one for one in PERTURBATIONS.values() if one.name in names or (ALL in names and _has_rows(one, given))]


def _has_rows(one: Perturbation, given: Wordings) -> bool:
    """Whether what a perturbation needs is given."""
    rows = {
        "word": given.words,
        "question": given.by_sample or given.by_question,
    }
    return one.needs is None or bool(rows[one.needs])
