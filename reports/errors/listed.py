"""The samples of a task that are worth opening first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.reports.errors.quantity import ERROR_RATE, FOUND_SHARE, MEAN_SCORE, is_two_sided, primary_of, score_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Metric, Sample, Suite


@dataclass(frozen=True)
class ListedSamples:
    """Samples worth opening, worst first."""

    listed_as: str
    """Why they were chosen, e.g. ``most confident errors``."""
    samples: list[Sample]
    """They themselves."""
    telling: list[int | None] = field(default_factory=list)
    """For each of them the position of its completion worth reading first; null where one answer was asked for."""
    ends: list[str] = field(default_factory=list)
    """For each of them ``low end`` or ``high end``, where both ends of the scale are listed; else empty."""


@dataclass(frozen=True)
class Badness:
    """Which scores of a task are worth opening first."""

    listed_as: str
    """The reason in words."""
    of: Callable[[float], float]
    """Larger for worse scores."""
    two_sided: bool = False
    """Whether both ends are listed."""


def listed_samples(
    suite: Suite, scored: Sequence[Sample], quantity: str, metrics: Sequence[Metric], most: int
) -> ListedSamples:
    """The samples to open first; ties in the order of sample ids.

    Args:
        suite: Suite of the task.
        scored: Its scored samples.
        quantity: Name of what groups of them are compared by.
        metrics: All its metrics.
        most: Samples at most.
    """
    badness = badness_of(suite, primary_of(metrics))
    listed_as, worst = _worst(scored, quantity, badness, most)
    return ListedSamples(
        listed_as=listed_as,
        samples=worst,
        telling=[_telling(sample, badness) for sample in worst],
        ends=[_end(sample) for sample in worst] if badness.two_sided and quantity == MEAN_SCORE else [],
    )


def badness_of(suite: str, primary: Metric | None) -> Badness:
    """Which end of a task's scores is worth opening.

    Of benchmarks that is the bad end; of probes the high one, because a probe scores what it looks for. On a scale
    around zero without a good end (a gap between two groups) both ends are findings.
    """
    if is_two_sided(primary):
        return Badness("largest scores in either direction", abs, two_sided=True)
    if suite == "evals" and not (primary and primary.higher_is_better is False):
        return Badness("lowest scores", lambda score: -score)
    return Badness("highest scores", lambda score: score)


def _telling(sample: Sample, badness: Badness) -> int | None:
    """Which completion to read first: the worst by its value, else the one that is the sample's output."""
    valued = [(one.value, -place) for place, one in enumerate(sample.completions) if one.value is not None]
    if valued:
        return -max(valued, key=lambda pair: (badness.of(pair[0]), pair[1]))[1]
    same = (place for place, one in enumerate(sample.completions) if one.text == sample.output)
    return next(same, 0 if sample.completions else None)


def _worst(scored: Sequence[Sample], quantity: str, badness: Badness, listed: int) -> tuple[str, list[Sample]]:
    """The samples worth opening, worst first, with the reason; ties in the order of sample ids."""
    stable = sorted(scored, key=lambda sample: sample.sample_id)
    confident = sorted(stable, key=lambda sample: -_confidence(sample))
    if quantity == ERROR_RATE:
        wrong = [sample for sample in confident if score_of(sample) == 0.0]
        return "most confident errors" if any(map(_confidence, wrong)) else "errors", wrong[:listed]
    if quantity == FOUND_SHARE:
        return "samples with score 1", [sample for sample in confident if score_of(sample) == 1.0][:listed]
    worst = sorted(stable, key=lambda sample: -badness.of(score_of(sample)))
    return badness.listed_as, _both_ends(worst, listed) if badness.two_sided else worst[:listed]


def _both_ends(worst: Sequence[Sample], listed: int) -> list[Sample]:
    """The largest magnitudes, among them at least ``listed // 2`` of each end that has so many; zero is no end."""
    low, high = ([one for one in worst if sign * score_of(one) > 0] for sign in (-1, 1))
    reserved = [*low[: listed // 2], *high[: listed // 2]]
    others = [one for one in (*low, *high) if not any(one is kept for kept in reserved)]
    others.sort(key=lambda sample: -abs(score_of(sample)))
    return sorted([*reserved, *others][:listed], key=lambda sample: -abs(score_of(sample)))


def _end(sample: Sample) -> str:
    """The end of the scale that a score lies at."""
    return "low end" if score_of(sample) < 0 else "high end"


def _confidence(sample: Sample) -> float:
    """The checkpoint's probability of its choice; 0 where the task has none."""
    return sample.confidence or 0.0
