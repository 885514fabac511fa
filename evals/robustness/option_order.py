"""The options of an item in another order: does the checkpoint choose what is right, or a letter?

Zheng et al. 2024, "Large Language Models Are Not Robust Multiple Choice Selectors" (ICLR, arXiv:2309.03882).
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from audit.evals.prompt_parts import LETTERS
from audit.evals.robustness.asked_item import AskedItem, PromptChange
from audit.evals.robustness.edits import Edit, effective

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NAME = "option_order"
NOT_SHOWN = "its prompt does not show its options one after the other"
NEITHER = "its answers are neither the options that the prompt shows nor their letters or numbers"
NAMES_OTHERS = "an option names other options, so that another order changes what is right"
_LETTER, _DIGIT, _AND = r"\(?\b[a-hj]\b\)?\.?", r"\(?\b[1-9]\b\)?\.?", r"(?:\s*,)?\s*(?:and|or|nor|&)\s*"
_OTHERS = re.compile(
    r"\b(?:all|none|both|neither|either|any|some)(?: of)?(?: the)? (?:above|below|these|those|them)\b"
    r"|\bof (?:the )?(?:above|below)\b|\b(?:above|below)\W*$|^(?:both|neither|either)\b|^all\W*$"
    r"|\b(?:all|none|both|neither|either|any|some|other)(?: of)?(?: the)?(?: other)?"
    r" (?:options?|answers?|choices?|statements?)\b"
    r"|^(?:(?:both|neither|either|only|options?|answers?|choices?|statements?)\s+)*"
    rf"(?:{_LETTER}(?:{_AND}{_LETTER}|\s*,\s*{_LETTER}|\s+{_LETTER}(?=.*\b(?:and|or|nor)\b))+|{_DIGIT}{_AND}{_DIGIT})"
    r"(?:\W+(?:only|alone|are|is|both|correct|true|right|wrong|false|above))*\W*$"
    rf"|^(?:only|options?|answers?|choices?) (?:{_LETTER}|{_DIGIT})\W*$|^\(?[a-hj]\)? (?:only|alone)\W*$",
    re.IGNORECASE,
)
"""Options about other ones: all of the above, both A and C, none."""


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
    if name_others(texts):
        return NAMES_OTHERS
    draws = random.Random(f"{seed}/{NAME}/{item.sample.prompt}")  # noqa: S311 - a draw, not a secret
    by = 1 + int(draws.random() * (count - 1))
    # The option at place i is now shown at place i + by, under the name of that place.
    shown_at = [(place - by) % count for place in range(count)]
    edits = [Edit(span.start, span.end, texts[source]) for span, source in zip(shown, shown_at, strict=True)]
    moved = {option: choice.options[(place + by) % count] for place, option in enumerate(choice.options)}
    found = effective(item.sample.prompt, edits)
    return PromptChange(found, moved if by_name else {}, shown_at) if found else NOT_SHOWN


def name_others(options: Iterable[str]) -> bool:
    """Whether an option is about other ones (``both A and C``, ``none of these``): it may be right in one place only.

    In doubt it is: "both parents" counts, too.
    """
    return any(_OTHERS.search(option.strip()) for option in options)


def _are_names(options: Sequence[str]) -> bool:
    """Whether continuations are the names under which options are shown: A, B, C or 1, 2, 3."""
    letters = list(LETTERS[: len(options)])
    numbers = [str(number + 1) for number in range(len(options))]
    return list(options) in (letters, [f"({letter})" for letter in letters], numbers)
