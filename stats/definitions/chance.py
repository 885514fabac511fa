"""What guessing gives: chance levels and majority answers, as functions of the samples that a metric covers."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from audit.core.sensitive import is_hidden
from audit.stats.definitions.corpora.macro import Macro
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.means.members import Members

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.core.records import ChanceOf, Metric, MetricWords, Sample
    from audit.stats.definitions.base import Definition

LEVEL = 0.05
"""Error level of the test that an answer is right more often than an even split explains."""
OPTION = "log_likelihood_"
"""Prefix of the log-likelihood of an option in ``Sample.scores``, where each option has its own prompt."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """How a reader is to take the value of a metric: what its declaration says in addition to the definition."""

    words: MetricWords | None = None
    """Title and phrases."""
    chance: float | ChanceOf | None = None
    """The chance level in the metric's unit, or the name of the function of samples that gives it: ``options`` for the
    share of right options, ``classes`` for macro averages; None where it is not known."""
    ideal: float | None = None
    """The value to aim at, in the metric's unit."""

    @classmethod
    def of(cls, metric: Metric) -> Self:
        """That of a stored metric."""
        return cls(metric.words, metric.chance_of or metric.chance, metric.ideal)

    def fields(
        self, definition: Definition, samples: Sequence[Sample], where: Mapping[str, str] | None
    ) -> dict[str, Any]:
        """The fields of the metric that follow from it.

        Args:
            definition: Of the metric.
            samples: All samples of the task.
            where: The metric's slice.
        """
        fixed: dict[str, Any] = {"words": self.words, "ideal": self.ideal}
        if not isinstance(self.chance, str):
            return {**fixed, "chance": self.chance}
        known = isinstance(definition, Mean | Macro | Members)
        inside = definition.select(samples, where) if known else []
        shown = not any(map(is_hidden, inside))  # the answer is a text of the samples, which readers see unasked
        value, answer = (majority(definition, inside) if shown else None) or (None, None)
        level = chance(definition, inside)
        found = {"chance": level, "majority": value, "majority_answer": answer}
        return {**fixed, "chance_of": self.chance, **found}


def chance(definition: Definition, samples: Sequence[Sample]) -> float | None:
    """The expected value of a metric for a guesser that takes each option of an item with equal probability.

    - A mean of right answers: on an item with k options, one of which is right, the guess is right with probability
      1 / k. The expectation is the mean of 1 / k over the items with a value.
    - Macro recall (balanced accuracy): of the items of each class the guess finds 1 / k on average, so the mean over
      k classes that all occur among the references is 1 / k, too. Precision and F1 are ratios of two numbers
      that both depend on the guesses: no simple expectation is known for them.
    - The score of a group: that of its tasks, where all of them have the same.

    Args:
        definition: Of the metric.
        samples: Those that it covers.

    Returns:
        In the metric's unit; None where an item was not answered by comparing likelihoods of at least two options, or
        where it is not known for another reason.
    """
    if isinstance(definition, Mean):
        counts = [_options(sample) for sample, _ in definition.values(samples)]
        known = [1 / count for count in counts if count]
        return definition.scale * math.fsum(known) / len(known) if known and len(known) == len(counts) else None
    if isinstance(definition, Macro) and definition.of == "recall":
        used = _used(definition, samples)
        classes = _classes(used)
        found = {(sample.reference or "").strip() for sample in used}
        return 1 / len(classes) if classes and found == set(classes) else None
    if isinstance(definition, Members):
        return common(chance(one, inside) for _, one, inside in definition.parts(samples))
    return None


def common(levels: Iterable[float | None]) -> float | None:
    """The chance level that all tasks of a group have; None if they differ or one has none."""
    distinct = set(levels)
    return distinct.pop() if len(distinct) == 1 else None


def majority(definition: Definition, samples: Sequence[Sample]) -> tuple[float, str] | None:
    """The value of always giving the answer that is right most often, and the answer.

    It is known where all items have the same options (yes and no, A to D). An even split makes one option the most
    frequent, too: the answer counts only if it is right more often than that explains, by a one-sided binomial test at
    ``LEVEL``, corrected for the number of options (Bonferroni).

    Args:
        definition: Of the metric: a mean of right answers, or a macro average.
        samples: Those that it covers.
    """
    used = _used(definition, samples)
    classes = _classes(used)
    rights = [sample.choice.right for sample in used if sample.choice is not None]
    if not classes or not rights or None in rights:
        return None
    place, count = max(Counter(rights).items(), key=lambda pair: (pair[1], -(pair[0] or 0)))
    from scipy.special import betainc  # noqa: PLC0415 - a tenth of a second, and most runs of the program need none

    at_least = betainc(count, len(rights) - count + 1, 1 / len(classes))  # the tail of the binomial distribution
    if at_least * len(classes) >= LEVEL:
        return None
    answer = classes[place or 0]
    if isinstance(definition, Mean):
        return definition.scale * count / len(rights), answer
    value = definition.value([sample.model_copy(update={"output": answer}) for sample in used])
    return None if value is None else (value, answer)


def _used(definition: Definition, samples: Sequence[Sample]) -> list[Sample]:
    """The samples that a mean or a macro average is made of; none for other definitions."""
    if isinstance(definition, Mean):
        return [sample for sample, _ in definition.values(samples)]
    if isinstance(definition, Macro):
        return [s for s in samples if s.error is None and s.reference is not None and s.output is not None]
    return []


def _options(sample: Sample) -> int | None:
    """Number of options whose likelihoods were compared; None where it is below two or answers were not found so."""
    if sample.answered_by != "likelihood":
        return None
    if sample.choice is not None:
        count = len(sample.choice.options)
    else:
        count = sum(name.removeprefix(OPTION).isdecimal() for name in sample.scores if name.startswith(OPTION))
    return count if count > 1 else None


def _classes(used: Sequence[Sample]) -> tuple[str, ...]:
    """The options, without surrounding white space, that all items have in this order; empty if they differ."""
    chosen = [sample.choice for sample in used if sample.answered_by == "likelihood" and sample.choice is not None]
    first = chosen[0].options if chosen else []
    alike = len(chosen) == len(used) and all(choice.options == first for choice in chosen)
    return tuple(option.strip() for option in first) if alike else ()


def with_members(metric: Metric, parts: Sequence[Metric]) -> Metric:
    """The score of a group with the words of its tasks' metrics, and the chance level that all of them have.

    Args:
        metric: The score.
        parts: The metrics of the tasks.
    """
    first = parts[0]
    level = common(part.chance if part.chance_of else None for part in parts)
    known = first.chance_of if level is not None else None
    return metric.model_copy(update={"words": first.words, "chance": level, "chance_of": known})
