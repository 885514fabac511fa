"""Where a task goes wrong: what its samples say beyond its metrics, and the samples worth opening."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records import Flag, Suite
from audit.reports.errors.answers import AnswerTable, answer_table
from audit.reports.errors.calibrated import ConfidenceAnalysis, confidence_analysis
from audit.reports.errors.embedding_groups import NOT_SAID, Embedded
from audit.reports.errors.formats import AnswerFormats, answer_formats
from audit.reports.errors.found import Group, GroupSearch, find_groups
from audit.reports.errors.listed import listed_samples
from audit.reports.errors.option_bias import OptionBias, option_bias
from audit.reports.errors.quantity import quantity_of
from audit.stats.aggregate import is_scored
from audit.stats.definitions.means.mean import scaled_interval
from audit.stats.intervals import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample
from audit.reports.errors.quantity import Quantity

LISTED = 5
MAX_REASONS = 8


@dataclass(frozen=True)
class ErrorAnalysis:
    """What the samples of one task say beyond its metrics."""

    suite: Suite
    """Its suite."""
    task: str
    """Its name."""
    n: int
    """Samples, scored or not."""
    unscored: int
    """Samples with an error or without a finite score."""
    truncated: int
    """Samples whose prompt was cut to fit the context."""
    flags: dict[str, int]
    """Kinds of remarks and how many samples carry one."""
    errors: dict[str, int]
    """Why samples could not be scored and how often, most frequent first."""
    quantity: str
    """What the groups compare: ``error rate``, ``share with score 1`` or ``mean score``."""
    unit: str
    """Unit of what the groups compare, as far as it is known."""
    overall: Group | None
    """All scored samples; null when there are none."""
    search: GroupSearch
    """Groups that differ from the rest."""
    formats: AnswerFormats | None = None
    """How many generated answers could be read; null where none was generated."""
    options: OptionBias | None = None
    """Whether options are chosen for position or length; null for tasks that are no choices."""
    calibration: ConfidenceAnalysis | None = None
    """Whether answers are right as often as the checkpoint is sure; null where scores are not right or wrong."""
    answers: AnswerTable | None = None
    """How often each answer is given and right; null unless there are few different answers."""
    listed_as: str = ""
    """Why the listed samples were chosen, e.g. ``most confident errors``."""
    listed: list[Sample] = field(default_factory=list)
    """Samples worth opening, worst first."""
    telling: list[int | None] = field(default_factory=list)
    """For each of them the position of its completion worth reading first; null where one answer was asked for."""
    ends: list[str] = field(default_factory=list)
    """For each of them ``low end`` or ``high end``, where both ends of the scale are listed; else empty."""


def analyse(
    suite: Suite,
    task: str,
    samples: Sequence[Sample],
    metrics: Sequence[Metric],
    *,
    seed: int,
    listed: int = LISTED,
    embedded: Embedded = NOT_SAID,
) -> ErrorAnalysis:
    """Find the groups with the most errors, how answers go wrong, and the samples worth opening.

    Args:
        suite: Suite of the task.
        task: Its name.
        samples: All its samples.
        metrics: All its metrics (:func:`audit.reports.errors.quantity.quantity_of`).
        seed: Of bootstrap, permutations and text clusters; equal samples and seed give equal results.
        listed: Samples to list at most.
        embedded: Embeddings of the samples, or why there are none.
    """
    scored = [sample for sample in samples if is_scored(sample)]
    quantity = quantity_of(suite, scored, metrics)
    worst = listed_samples(suite, scored, quantity.name, metrics, listed)
    errors = Counter(sample.error or "no finite score" for sample in samples if not is_scored(sample))
    return ErrorAnalysis(
        suite=suite,
        task=task,
        n=len(samples),
        unscored=len(samples) - len(scored),
        truncated=sum(Flag.TRUNCATED_PROMPT in sample.flags for sample in samples),
        flags=dict(Counter(flag.value for sample in samples for flag in sorted(sample.all_flags)).most_common()),
        errors=dict(errors.most_common(MAX_REASONS)),
        quantity=quantity.name,
        unit=quantity.unit,
        overall=_overall(scored, quantity, seed) if scored else None,
        search=find_groups(scored, quantity, seed=seed, embedded=embedded),
        formats=answer_formats(scored, quantity, seed=seed),
        options=option_bias(scored),
        calibration=confidence_analysis(scored, quantity, seed=seed),
        answers=answer_table(scored, seed=seed),
        listed_as=worst.listed_as,
        listed=worst.samples,
        telling=worst.telling,
        ends=worst.ends,
    )


def _overall(scored: Sequence[Sample], quantity: Quantity, seed: int) -> Group:
    clusters = [sample.cluster for sample in scored]
    interval = scaled_interval(
        quantity.values, clusters, unit=quantity.unit, scale=1.0, seed=seed, resamples=RESAMPLES, confidence=0.95
    )
    return Group("all", "all samples", len(scored), float(np.mean(quantity.values)), interval)
