"""The options of an item in another order: does the checkpoint choose what is right, or a letter?

Zheng et al. 2024, "Large Language Models Are Not Robust Multiple Choice Selectors" (ICLR, arXiv:2309.03882).
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from audit.evals.prompt_parts import LETTERS
from audit.evals.robustness.asked_item import AskedItem, PromptChange
from audit.evals.robustness.edits import Edit, effective

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "option_order"
NOT_SHOWN = "its prompt does not show its options one after the other"
NEITHER = "its answers are neither the options that the prompt shows nor their letters or numbers"


def plan(item: AskedItem, seed: int) -> PromptChange | str:
    """All options move on by the same number of places, around the end; their letters and numbers stay.

    Every option gets another letter. The number of places is drawn.

    Args:
        item: An item with options.
        seed: The run's seed.
    """
    shown, choice = item.options(), item.sample.choice
    if len(shown) < 2 or choice is None:
        return NOT_SHOWN
    texts = [item.text(span) for span in shown]
    count = len(texts)
    names = [option.strip() for option in choice.options]
    by_name = _are_names(names)
    if not by_name and names != [text.strip() for text in texts]:
        return NEITHER
    draws = random.Random(f"{seed}/{NAME}/{item.sample.prompt}")  # noqa: S311 - a draw, not a secret
    by = 1 + int(draws.random() * (count - 1))
    # The option at place i is now shown at place i + by, under the name of that place.
    edits = [Edit(span.start, span.end, texts[(place - by) % count]) for place, span in enumerate(shown)]
    moved = {option: choice.options[(place + by) % count] for place, option in enumerate(choice.options)}
    found = effective(item.sample.prompt, edits)
    return PromptChange(found, moved if by_name else {}) if found else NOT_SHOWN


def _are_names(options: Sequence[str]) -> bool:
    """Whether continuations are the names under which options are shown: A, B, C or 1, 2, 3."""
    letters = list(LETTERS[: len(options)])
    numbers = [str(number + 1) for number in range(len(options))]
    return list(options) in (letters, [f"({letter})" for letter in letters], numbers)
