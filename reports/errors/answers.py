"""How often each answer is given and right, and which is taken for which."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records import Flag
from audit.core.sensitive import is_hidden
from audit.reports.errors.chosen import chosen_options
from audit.stats.answers.balance import answer_shares, confusion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.interval import Interval

ALPHA = 0.05
FEWEST = 10
"""Answered samples below which shares of answers say too little."""
MOST_CLASSES = 12
"""Different answers that a table shows; of more, each is rare."""
OTHER = "another answer"


@dataclass(frozen=True)
class AnswerRow:
    """One of the possible answers."""

    label: str
    """The answer, or the position of the option: ``option 2``."""
    given: int
    """Samples for which it is given."""
    right: int
    """Samples for which it is right."""
    both: int
    """Samples for which it is given and right."""
    difference: Interval | None
    """Interval of the share given minus the share right, adjusted for the number of answers."""
    p_value: float
    """Two-sided p-value of equal shares, adjusted for the number of answers."""
    is_other: bool = False
    """Whether it stands for all answers that are right for no sample."""

    @property
    def dominates(self) -> bool:
        """Whether it is given more often than it is right, beyond chance."""
        return self.p_value <= ALPHA and self.difference is not None and self.difference.low > 0


@dataclass(frozen=True)
class AnswerTable:
    """Answers of a task with few different ones."""

    of: str
    """What they are: ``answer``, or ``position of the option``."""
    n: int
    """Samples with an answer and a right one."""
    rows: list[AnswerRow]
    """In the order of positions, or the most frequent right answer first."""
    confusion: list[list[int]]
    """Number of samples by right answer (rows) and given answer (columns), both in the order of ``rows``."""


def answer_table(scored: Sequence[Sample], *, seed: int) -> AnswerTable | None:
    """The answers to samples of a task; None unless they are choices of few options, or of few classes.

    Options that are the same in all samples are named by their text, others by their position, which is an answer only
    if the prompt lists them. Samples without an answer, or without a right one, are left out.

    Args:
        scored: Its scored samples.
        seed: Of permuted signs.
    """
    found = _of_options(scored) or _of_classes(scored)
    if found is None:
        return None
    of, labels, given, right, clusters = found
    if len(given) < FEWEST:
        return None
    shares = answer_shares(given, right, len(labels), clusters, seed=seed, alpha=ALPHA)
    rows = [
        AnswerRow(label, one.given, one.right, one.both, one.difference, one.p_value, is_other=label is OTHER)
        for label, one in zip(labels, shares, strict=True)
    ]
    return AnswerTable(of, len(given), rows, confusion(given, right, len(labels)).tolist())


Coded = tuple[str, list[str], "NDArray[np.intp]", "NDArray[np.intp]", "list[str | None]"]
"""What answers are, the label of each, codes of given and right ones, clusters."""


def _of_options(scored: Sequence[Sample]) -> Coded | None:
    """Choices by the text or the position of their options."""
    choices = chosen_options(scored)
    if choices is None or not (choices.fixed or choices.listed):
        return None
    most = max(map(len, choices.options))
    if most > MOST_CLASSES:
        return None
    if choices.fixed and choices.shown:
        return "answer", [text.strip() for text in choices.options[0]], choices.chosen, choices.right, choices.clusters
    labels = [f"option {place + 1}" for place in range(most)]
    return "position of the option", labels, choices.chosen, choices.right, choices.clusters


def _of_classes(scored: Sequence[Sample]) -> Coded | None:
    """Generated answers that are one of few classes; those of hidden samples have names that readers must ask for."""
    unread = {Flag.UNPARSED_ANSWER, Flag.EMPTY_OUTPUT}
    pairs = [
        (sample.reference.strip(), sample.output.strip(), sample.cluster)
        for sample in scored
        if sample.choice is None
        and sample.reference is not None
        and sample.output is not None
        and unread.isdisjoint(sample.flags)
        and not is_hidden(sample)
    ]
    references = Counter(right for right, _, _ in pairs)
    if not 2 <= len(references) <= MOST_CLASSES or len(pairs) < 3 * len(references):
        return None
    labels = [label for label, _ in sorted(references.items(), key=lambda one: (-one[1], one[0]))]
    codes = {label: code for code, label in enumerate(labels)}
    given = [codes.get(output, len(labels)) for _, output, _ in pairs]
    if max(given) == len(labels):
        if given.count(len(labels)) > len(given) / 2:  # texts in other words are no classes
            return None
        labels.append(OTHER)
    right = np.array([codes[reference] for reference, _, _ in pairs], dtype=np.intp)
    return "answer", labels, np.array(given, dtype=np.intp), right, [cluster for _, _, cluster in pairs]
