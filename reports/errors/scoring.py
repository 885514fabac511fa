"""Tasks of one run that ask the same questions, once by likelihood and once by generation: how far they agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.core.records.base import digest_of
from audit.reports.errors.quantity import ERROR_RATE, quantity_of, score_of
from audit.stats.aggregate import is_scored
from audit.stats.intervals import mean_interval
from audit.stats.pairing.means import of_shares
from audit.stats.subgroups.search import is_clustered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample, Suite
    from audit.stats.interval import Interval

FEWEST = 20
"""Questions that both tasks ask, below which they are not compared."""


@dataclass(frozen=True)
class ScoringAgreement:
    """One set of questions, answered by likelihood and by generation."""

    suite: str
    """Suite of both tasks."""
    likelihood: str
    """Task that takes the likeliest option."""
    generation: str
    """Task that has the answer generated."""
    n: int
    """Questions that both ask and have scored."""
    both: int
    """Both ways right."""
    only_likelihood: int
    """Right by likelihood alone."""
    only_generation: int
    """Right by generation alone."""
    agreement: Interval | None
    """Interval of the share of questions that both have right, or both wrong."""
    difference: Interval | None
    """Interval of the share right by generation minus that by likelihood."""
    p_value: float | None
    """Two-sided p-value of equal shares."""

    @property
    def agreed(self) -> float:
        """Share of questions that both ways have right, or both have wrong."""
        return 1 - (self.only_likelihood + self.only_generation) / self.n


@dataclass(frozen=True)
class _Answered:
    """What is kept of a task: few bytes per sample."""

    suite: str
    task: str
    by: Literal["likelihood", "generation"]
    answers: dict[str, tuple[bool, str | None]]
    """Whether the answer to each question is right, and its cluster."""


class ScoringAgreements:
    """Collects tasks one by one, so that their samples need not stay in memory."""

    def __init__(self) -> None:
        self._tasks: list[_Answered] = []

    def add(self, suite: Suite, task: str, samples: Sequence[Sample], metrics: Sequence[Metric]) -> None:
        """Take note of the answers of a task, if all were given in one way and are right or wrong.

        Args:
            suite: Its suite.
            task: Its name.
            samples: All its samples.
            metrics: All its metrics.
        """
        scored = [sample for sample in samples if is_scored(sample) and sample.reference is not None]
        ways = {sample.answered_by for sample in scored}
        if len(ways) != 1 or quantity_of(suite, scored, metrics).name != ERROR_RATE:
            return
        (by,) = ways
        if by is not None:
            answers = {_question(sample): (score_of(sample) == 1.0, sample.cluster) for sample in scored}
            self._tasks.append(_Answered(suite, task, by, answers))

    def found(self, *, seed: int) -> list[ScoringAgreement]:
        """Every pair of tasks with enough questions in common.

        Args:
            seed: Of permuted signs.
        """
        sides: dict[str, list[_Answered]] = {"likelihood": [], "generation": []}
        for one in self._tasks:
            sides[one.by].append(one)
        both = product(sides["likelihood"], sides["generation"])
        pairs = (_compared(one, other, seed) for one, other in both if one.suite == other.suite)
        return [pair for pair in pairs if pair is not None]


def _question(sample: Sample) -> str:
    """What makes two samples the same question: the prompt that the checkpoint saw."""
    return sample.prompt_sha256 or digest_of(sample.prompt)


def _compared(one: _Answered, other: _Answered, seed: int) -> ScoringAgreement | None:
    shared = [key for key in one.answers if key in other.answers]
    if len(shared) < FEWEST:
        return None
    first = np.array([one.answers[key][0] for key in shared], dtype=np.float64)
    second = np.array([other.answers[key][0] for key in shared], dtype=np.float64)
    clusters = [one.answers[key][1] for key in shared]
    names = None
    if is_clustered(clusters):
        names = [f"item {place}" if name is None else f"cluster {name}" for place, name in enumerate(clusters)]
    tested = of_shares(second - first, names, confidence=0.95, seed=seed)
    return ScoringAgreement(
        suite=one.suite,
        likelihood=one.task,
        generation=other.task,
        n=len(shared),
        both=int((first * second).sum()),
        only_likelihood=int((first * (1 - second)).sum()),
        only_generation=int(((1 - first) * second).sum()),
        agreement=mean_interval((first == second).astype(np.float64), clusters=clusters, seed=seed),
        difference=tested.interval,
        p_value=tested.p_value,
    )
