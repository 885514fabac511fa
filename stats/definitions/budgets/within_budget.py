"""The share of right answers within a thinking budget, from one generation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from audit.core.records import Flag
from audit.stats.definitions.means.mean import SCORES, TRUNCATED_OUTPUT, Mean, field_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True)
class ThoughtAnswer:
    """One answer and what it took."""

    value: float
    """What it scores."""
    tokens: int
    """Tokens of the reasoning trace before it, markers included; 0 if there was none."""
    flags: Collection[Flag]
    """Its flags."""

    @property
    def is_open(self) -> bool:
        """Whether its trace was cut, and would have gone on for at least one more token."""
        return Flag.THINKING_CUT in self.flags

    @property
    def is_given(self) -> bool:
        """Whether there is an answer: neither was the trace cut, nor did the text end inside it by itself."""
        return not self.is_open and Flag.THINKING_ONLY not in self.flags


def thought_answers(sample: Sample, of: str) -> list[ThoughtAnswer] | None:
    """The answers to an item: its completions, or the one answer where it has none.

    Args:
        sample: The item.
        of: Field of a sample: ``score``, or ``scores.NAME``; of a completion its ``value``, or that label.

    Returns:
        None if the item, or one of its answers, has no value, or if the tokens of a trace were not recorded.
    """
    if sample.error is not None:
        return None
    found = []
    for value, tokens, flags in _numbers(sample, of):
        if value is None or tokens is None:
            return None
        found.append(ThoughtAnswer(value, tokens, flags))
    return found


def _numbers(sample: Sample, of: str) -> Iterator[tuple[float | None, int | None, Collection[Flag]]]:
    """Value, tokens of thinking and flags of each answer."""
    if not sample.completions:
        yield field_of(sample, of), sample.thinking_tokens, sample.flags
    for one in sample.completions:
        value = one.labels.get(of.removeprefix(SCORES)) if of.startswith(SCORES) else one.value
        yield value, one.thinking_tokens, one.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinBudget(Mean):
    """The mean over items of what answers score that took at most ``budget`` tokens of thinking; others score 0.

    A run that stops thinking after ``budget`` tokens, and takes a trace that has not ended for no answer, has this
    value, if decoding is greedy: all budgets up to the run's own limit are measured by one generation. Muennighoff et
    al. 2025, "s1: Simple test-time scaling" (arXiv:2501.19393, section 3.1), end the trace at the budget and have the
    checkpoint answer all the same ("budget forcing"); answers within the budget are the same there, and others may be
    right, so this value is a lower limit of theirs. A trace that was cut after c tokens did not end within a budget up
    to c (it is censored there), and is an open case for a larger one: it scores 0, and with ``if_cut`` this value, as
    an answer cut by its own limit does. A text that ended by itself inside its trace is no answer within any budget. Of
    several answers to an item the mean counts.
    """

    NAME: ClassVar[str] = "within_budget"

    budget: Annotated[int, Field(ge=0)]
    """Most tokens of a trace, its markers included."""

    def of_sample(self, sample: Sample) -> float | None:
        """What the item scores within the budget; null if it has no value, or tokens were not recorded."""
        answers = thought_answers(sample, self.of)
        return sum(map(self.of_answer, answers)) / len(answers) if answers else None

    def of_answer(self, answer: ThoughtAnswer) -> float:
        """What one answer scores within the budget."""
        if answer.tokens + answer.is_open > self.budget or Flag.THINKING_ONLY in answer.flags:
            return 0.0
        if self.if_cut is not None and TRUNCATED_OUTPUT in answer.flags:
            return self.if_cut
        return answer.value if answer.is_given else 0.0
