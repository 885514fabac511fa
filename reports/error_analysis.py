"""Where a task goes wrong: scores by slice and prompt length, and the samples worth opening."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records import Flag, Suite
from audit.core.units import SHARE_SCALES, unit_of
from audit.reports.score_unit import unit_of_scores
from audit.stats.aggregate import is_scored
from audit.stats.definitions.means.mean import scaled_interval
from audit.stats.intervals import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Metric, Sample
    from audit.stats.intervals import Interval

    Compare = Callable[..., Interval | None]

LISTED = 5
MAX_GROUPS = 24
MIN_FOR_QUARTILES = 20
MAX_REASONS = 8
ERROR_RATE, SHARE_WITH_ONE = "error rate", "share with score 1"
MEAN_SCORE = "mean score"
"""What groups are compared by where scores are neither right nor wrong."""


@dataclass(frozen=True)
class Group:
    """The scored samples of one subset."""

    by: str
    """What divides: a slice's name, or ``prompt length``."""
    name: str
    """Which part, e.g. ``gender`` or ``12 to 31 tokens``."""
    n: int
    """Scored samples in it."""
    value: float
    """Mean of :attr:`ErrorAnalysis.quantity` over them."""
    interval: Interval | None
    """Its confidence interval; null where the samples give none."""


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
    groups: list[Group] = field(default_factory=list)
    """By prompt length, then by each slice."""
    listed_as: str = ""
    """Why the listed samples were chosen, e.g. ``most confident errors``."""
    listed: list[Sample] = field(default_factory=list)
    """Samples worth opening, worst first."""
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


def analyse(
    suite: Suite, task: str, samples: Sequence[Sample], metrics: Sequence[Metric], *, seed: int, listed: int = LISTED
) -> ErrorAnalysis:
    """Find the subsets with the most errors and the samples worth opening.

    Right or wrong answers of a benchmark give an error rate. The 0/1 scores of a probe (a stereotype preferred, a
    leak found) give the share with score 1: a probe scores what it looks for. Everything else is compared by its
    mean.

    Args:
        suite: Suite of the task.
        task: Its name.
        samples: All its samples.
        metrics: All its metrics. The unit of the first primary one says whether scores are shares, its direction
            which end is bad.
        seed: Of the bootstrap; equal samples and seed give equal intervals.
        listed: Samples to list at most.
    """
    scored = [sample for sample in samples if is_scored(sample)]
    primary = next((metric for metric in metrics if metric.primary and metric.slice is None), None)
    quantity, values = _quantity(scored, suite, primary)
    unit = unit_of_scores(scored, metrics) if quantity == MEAN_SCORE else "share"
    badness = badness_of(suite, primary)
    compare = partial(scaled_interval, unit=unit, scale=1.0, seed=seed, resamples=RESAMPLES, confidence=0.95)
    listed_as, worst = _worst(scored, quantity, badness, listed)
    groups = _by_length(scored, values, compare) + _by_slice(scored, values, compare)
    errors = Counter(sample.error or "no finite score" for sample in samples if not is_scored(sample))
    return ErrorAnalysis(
        suite=suite,
        task=task,
        n=len(samples),
        unscored=len(samples) - len(scored),
        truncated=sum(Flag.TRUNCATED_PROMPT in sample.flags for sample in samples),
        flags=dict(Counter(flag.value for sample in samples for flag in sorted(sample.all_flags)).most_common()),
        errors=dict(errors.most_common(MAX_REASONS)),
        quantity=quantity,
        unit=unit,
        overall=_group("all", "all samples", scored, values, compare) if scored else None,
        groups=groups,
        listed_as=listed_as,
        listed=worst,
        telling=[_telling(sample, badness) for sample in worst],
        ends=[_end(sample) for sample in worst] if badness.two_sided and quantity == MEAN_SCORE else [],
    )


def badness_of(suite: str, primary: Metric | None) -> Badness:
    """Which end of a task's scores is worth opening.

    Of benchmarks that is the bad end; of probes the high one, because a probe scores what it looks for. On a scale
    around zero without a good end (a gap between two groups) both ends are findings.
    """
    if primary and primary.higher_is_better is None and _is_two_sided(primary.unit):
        return Badness("largest scores in either direction", abs, two_sided=True)
    if suite == "evals" and not (primary and primary.higher_is_better is False):
        return Badness("lowest scores", lambda score: -score)
    return Badness("highest scores", lambda score: score)


def _is_two_sided(unit: str) -> bool:
    """Whether scores lie on both sides of zero, however far."""
    return unit_of(unit).low < 0


def _telling(sample: Sample, badness: Badness) -> int | None:
    """Which completion to read first: the worst by its value, else the one that is the sample's output."""
    valued = [(one.value, -place) for place, one in enumerate(sample.completions) if one.value is not None]
    if valued:
        return -max(valued, key=lambda pair: (badness.of(pair[0]), pair[1]))[1]
    same = (place for place, one in enumerate(sample.completions) if one.text == sample.output)
    return next(same, 0 if sample.completions else None)


def _quantity(scored: Sequence[Sample], suite: Suite, primary: Metric | None) -> tuple[str, list[float]]:
    """What groups are compared by, and its value per sample."""
    scores = [_score(sample) for sample in scored]
    quantity = quantity_of(suite, primary, is_binary=set(scores) <= {0.0, 1.0})
    return quantity, [1.0 - score for score in scores] if quantity == ERROR_RATE else scores


def quantity_of(suite: str, primary: Metric | None, *, is_binary: bool) -> str:
    """What the groups of a task are compared by: its error rate, the share with score 1, or the mean score.

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
    return ERROR_RATE if right_or_wrong else SHARE_WITH_ONE


def _worst(scored: Sequence[Sample], quantity: str, badness: Badness, listed: int) -> tuple[str, list[Sample]]:
    """The samples worth opening, worst first, with the reason; ties in the order of sample ids."""
    stable = sorted(scored, key=lambda sample: sample.sample_id)
    confident = sorted(stable, key=lambda sample: -_confidence(sample))
    if quantity == ERROR_RATE:
        wrong = [sample for sample in confident if _score(sample) == 0.0]
        return "most confident errors" if any(map(_confidence, wrong)) else "errors", wrong[:listed]
    if quantity == SHARE_WITH_ONE:
        return "samples with score 1", [sample for sample in confident if _score(sample) == 1.0][:listed]
    worst = sorted(stable, key=lambda sample: -badness.of(_score(sample)))
    return badness.listed_as, _both_ends(worst, listed) if badness.two_sided else worst[:listed]


def _both_ends(worst: Sequence[Sample], listed: int) -> list[Sample]:
    """The largest magnitudes, among them at least ``listed // 2`` of each end that has so many; zero is no end."""
    low, high = ([one for one in worst if sign * _score(one) > 0] for sign in (-1, 1))
    reserved = [*low[: listed // 2], *high[: listed // 2]]
    others = [one for one in (*low, *high) if not any(one is kept for kept in reserved)]
    others.sort(key=lambda sample: -abs(_score(sample)))
    return sorted([*reserved, *others][:listed], key=lambda sample: -abs(_score(sample)))


def _end(sample: Sample) -> str:
    """The end of the scale that a score lies at."""
    return "low end" if _score(sample) < 0 else "high end"


def _by_length(scored: Sequence[Sample], values: Sequence[float], compare: Compare) -> list[Group]:
    """Up to four groups of similar size by prompt length in tokens, shortest first, none for few or equal lengths.

    Equally long prompts stay together, so that groups are no quarters; the tokens are their names.
    """
    lengths = np.array([sample.tokens_in for sample in scored])
    if len(scored) < MIN_FOR_QUARTILES or lengths.min() == lengths.max():
        return []
    quarter = np.searchsorted(np.quantile(lengths, [0.25, 0.5, 0.75]), lengths, side="left")
    groups = []
    for index in np.unique(quarter):
        inside = np.flatnonzero(quarter == index)
        ends = sorted({int(lengths[inside].min()), int(lengths[inside].max())})
        name = f"{' to '.join(f'{end:,}' for end in ends)} tokens"
        groups.append(_subset("prompt length", name, inside.tolist(), scored, values, compare))
    return groups


def _by_slice(scored: Sequence[Sample], values: Sequence[float], compare: Compare) -> list[Group]:
    """One group per slice value, the largest slices first; a slice that is the same everywhere is useless."""
    members: dict[str, dict[str, list[int]]] = {}
    for index, sample in enumerate(scored):
        for key, value in sample.slices.items():
            members.setdefault(key, {}).setdefault(value, []).append(index)
    groups = []
    for key in sorted(members):
        parts = sorted(members[key].items(), key=lambda part: (-len(part[1]), part[0]))
        if len(parts) > 1:
            groups += [_subset(key, name, inside, scored, values, compare) for name, inside in parts[:MAX_GROUPS]]
    return groups


def _subset(
    by: str, name: str, inside: Sequence[int], scored: Sequence[Sample], values: Sequence[float], compare: Compare
) -> Group:
    return _group(by, name, [scored[i] for i in inside], [values[i] for i in inside], compare)


def _group(by: str, name: str, samples: Sequence[Sample], values: Sequence[float], compare: Compare) -> Group:
    interval = compare(values, [sample.cluster for sample in samples])
    return Group(by=by, name=name, n=len(values), value=float(np.mean(values)), interval=interval)


def _score(sample: Sample) -> float:
    """The score of a sample that has one."""
    return sample.score if sample.score is not None else float("nan")


def _confidence(sample: Sample) -> float:
    """The checkpoint's probability of its choice; 0 where the task has none."""
    return sample.confidence or 0.0
