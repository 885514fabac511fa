"""What a rater gets to see of an item: no run, no score, no name of a checkpoint."""

from __future__ import annotations

import re
from datetime import datetime  # noqa: TC003 - pydantic reads the annotations at run time
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import Field

from audit.core.records import Record
from audit.ratings.projects.asking import AnyKind, Value  # noqa: TC001 - as above

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.ratings.projects.item import RatedItem
    from audit.ratings.projects.project import Project

MASK = "█"
"""Stands for one character of a name, so that offsets in the text stay what they are."""
ORDINARY = frozenset(
    [
        "base",
        "instruct",
        "chat",
        "model",
        "checkpoint",
        "tiny",
        "small",
        "medium",
        "large",
        "mini",
        "nano",
        "micro",
        "final",
        "best",
        "latest",
        "test",
        "demo",
        "merged",
        "tuned",
        "trained",
        "train",
        "step",
        "epoch",
        "preview",
        "candidate",
        "baseline",
        "old",
        "new",
        "lora",
        "adapter",
        "awq",
        "gguf",
        "gptq",
        "int",
        "quantized",
        "text",
        "causal",
        "for",
        "and",
        "the",
        "with",
    ]
)
"""Words in names of checkpoints that are words of ordinary texts."""
LEAST_LETTERS = 3
"""Letters that a word of a name has at least to be masked by itself."""


class ShownItem(Record):
    """An item as a rater sees it."""

    item_id: int
    """Its number in the project."""
    task: str
    """The task, whose name says what was asked for."""
    prompt: str
    """What the checkpoint was asked, with names masked."""
    outputs: dict[str, str]
    """The output as ``a``, or two as ``a`` and ``b``, with names masked."""
    options: list[str] = Field(default_factory=list)
    """What it chose from."""
    may_offend: bool
    """Whether the text is to stay folded until the rater asks for it."""
    calibration: bool
    """Whether the expected answers are shown afterwards."""
    questions: list[AnyKind]
    """What is asked."""
    guidelines_version: int
    """Version of the guidelines in force."""
    until: datetime | None = None
    """When the lease ends, UTC; null for an item that this rater has answered."""
    answers: dict[str, Value] = Field(default_factory=dict)
    """What this rater has answered before."""
    comment: str = ""
    """The rater's comment on it."""


def shown(item: RatedItem, project: Project, guidelines_version: int) -> ShownItem:
    """An item without anything that says which checkpoint wrote what."""
    names = tuple(dict.fromkeys([*project.hidden_names, *item.hidden_names]))
    return ShownItem(
        item_id=item.id,
        task=item.task,
        prompt=masked(item.prompt, names),
        outputs={side: masked(output.text, names) for side, output in item.sides(project.seed).items()},
        options=[masked(option, names) for option in item.options],
        may_offend=item.may_offend,
        calibration=item.kind == "calibration",
        questions=project.questions,
        guidelines_version=guidelines_version,
    )


def masked(text: str, names: tuple[str, ...]) -> str:
    """A text of the same length in which the names of checkpoints cannot be read.

    A name is masked whole, with any separators, and word by word; words of ordinary texts stay.

    >>> masked("I am SmolLM, a large model", ("HuggingFaceTB/SmolLM2-135M-Instruct",))
    'I am ██████, a large model'
    """
    pattern = _pattern(names)
    return pattern.sub(lambda found: MASK * len(found[0]), text) if pattern else text


@lru_cache(maxsize=64)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """What matches any form of the names, the longest first."""
    forms = sorted({form for name in names for form in _forms(name)}, key=len, reverse=True)
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(forms)})(?![^\W\d_])", re.IGNORECASE) if forms else None


def _forms(name: str) -> Iterable[str]:
    """Expressions for a name, its last part and its words."""
    for whole in {name, name.rsplit("/", 1)[-1]}:
        words = [word for word in re.split(r"[-_/. ]+", whole) if word]
        # A name of one short word, such as T5, is a name all the same; a number or a letter is none.
        is_name = len(words) > 1 or (len(whole) > 1 and not whole.isdigit() and whole.casefold() not in ORDINARY)
        if words and is_name:
            yield r"[-_/. ]?".join(map(re.escape, words))
        for word in words:
            for part in {word, re.sub(r"\d+.*$", "", word)}:
                letters = sum(character.isalpha() for character in part)
                if letters >= LEAST_LETTERS and part.casefold() not in ORDINARY:
                    yield re.escape(part)
