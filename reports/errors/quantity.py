"""What groups of samples are compared by: an error rate, a share of what a probe looks for, or a mean score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.units import SHARE_SCALES, unit_of
from audit.reports.score_unit import unit_of_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample, Suite

MEAN_SCORE, ERROR_RATE, FOUND_SHARE = "mean score", "error rate", "share with score 1"


@dataclass(frozen=True)
class Quantity:
    """A number per scored sample, whose mean groups are compared by."""

    name: str
    """``error rate``, ``share with score 1`` or ``mean score``."""
    unit: str
    """Unit of its mean, as far as it is known."""
    values: list[float]
    """One per scored sample."""
    worse: int
    """1 if higher values are worse, -1 if lower ones are, 0 if both ends are findings."""


def quantity_of(suite: Suite, scored: Sequence[Sample], metrics: Sequence[Metric]) -> Quantity:
    """What the scored samples of a task are compared by.

    Right or wrong answers of a benchmark give an error rate. The 0/1 scores of a probe (a stereotype preferred, a
    leak found) give the share with score 1: a probe scores what it looks for. Everything else is compared by its mean.

    Args:
        suite: Suite of the task.
        scored: Its scored samples.
        metrics: All its metrics. The unit of the first primary one says whether scores are shares, its direction
            which end is bad.
    """
    primary = primary_of(metrics)
    scores = [score_of(sample) for sample in scored]
    name = quantity_name(suite, primary, is_binary=set(scores) <= {0.0, 1.0})
    if name == MEAN_SCORE:
        lower_is_better = primary is not None and primary.higher_is_better is False
        worse = 0 if is_two_sided(primary) else -1 if suite == "evals" and not lower_is_better else 1
        return Quantity(name, unit_of_scores(scored, metrics), scores, worse)
    return Quantity(name, "share", [1.0 - score for score in scores] if name == ERROR_RATE else scores, 1)


def quantity_name(suite: str, primary: Metric | None, *, is_binary: bool) -> str:
    """``error rate``, ``share with score 1`` or ``mean score``.

    Args:
        suite: Suite of the task.
        primary: Its first primary metric.
        is_binary: Whether all its scores are 0 or 1.
    """
    # A chrF that is 0 throughout is no error rate: the unit decides, not the values alone.
    share = primary is None or primary.unit in SHARE_SCALES
    if not share or not is_binary:
        return MEAN_SCORE
    right_or_wrong = suite == "evals" and (primary is None or primary.higher_is_better is not False)
    return ERROR_RATE if right_or_wrong else FOUND_SHARE


def primary_of(metrics: Sequence[Metric]) -> Metric | None:
    """The first primary metric over all items."""
    return next((metric for metric in metrics if metric.primary and metric.slice is None), None)


def is_two_sided(primary: Metric | None) -> bool:
    """Whether scores lie on both sides of zero, however far, and neither end is good (a gap between two groups)."""
    return primary is not None and primary.higher_is_better is None and unit_of(primary.unit).low < 0


def score_of(sample: Sample) -> float:
    """The score of a sample that has one."""
    return sample.score if sample.score is not None else float("nan")
