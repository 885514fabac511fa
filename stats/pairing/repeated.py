"""Comparison of repeated runs: several runs of a sampled task on each side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from audit.core.errors import UsageError
from audit.stats.interval import Interval, critical
from audit.stats.pairing.alignment import Side, aligned, check_clusters, side
from audit.stats.pairing.comparison import asked, finished, nothing
from audit.stats.pairing.difference import Inference
from audit.stats.pairing.resampled import Both, both, jackknife

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import Sample
    from audit.stats.definitions.base import Definition
    from audit.stats.pairing.difference import Difference


def compared_repeats(
    definition: Definition,
    baseline: Sequence[Sequence[Sample]],
    candidate: Sequence[Sequence[Sample]],
    *,
    unit: str,
    higher_is_better: bool | None,
    slice: Mapping[str, str] | None = None,  # noqa: A002 - the record's field name
    confidence: float = 0.95,
    margin: float | None = None,
) -> Difference:
    """Compare the mean of repeated runs: another run, and other items, would have given another difference.

    Items and runs are two ways of clustering the same answers. Their variances add up, and what both contain, the
    variance of single answers, is subtracted once (Cameron, Gelbach and Miller 2011, "Robust Inference With Multiway
    Clustering", Journal of Business & Economic Statistics 29:238), here with the jackknife's variances. The result is
    never below either part. Student's quantile has as many degrees of freedom as the runs leave, or the
    items, if they are fewer.

    Args:
        definition: The metric.
        baseline: All samples of each run of the baseline.
        candidate: The same of the candidate.
        unit: Unit of the metric.
        higher_is_better: Direction; None where neither end is good.
        slice: The metric's slice.
        confidence: Nominal coverage of the interval.
        margin: Loss that would be tolerated, above 0, in the metric's unit.

    Returns:
        The difference, on items that have a value in every run.

    Raises:
        UsageError: A side has fewer than two runs, or one of the reasons of
            :func:`audit.stats.pairing.comparison.compared`.
    """
    if min(len(baseline), len(candidate)) < 2:
        msg = f"{len(baseline)} baseline and {len(candidate)} candidate runs: repeats need at least two on each side"
        raise UsageError(msg)
    sides = [
        [side(definition, samples, slice, f"{name} run {place}") for place, samples in enumerate(runs, 1)]
        for name, runs in (("baseline", baseline), ("candidate", candidate))
    ]
    for runs, name in zip(sides, ("baseline", "candidate"), strict=True):
        for place, run in enumerate(runs[1:], 2):
            check_clusters(runs[0], run, f"{name} run 1", f"{name} run {place}")
    alignment = aligned(_together(sides[0]), _together(sides[1]))
    found = asked(unit, higher_is_better, alignment, margin)
    if not alignment.paired:
        return nothing(found)
    kept = frozenset(alignment.paired)
    draws = [[definition.resample(run.only(kept)) for run in runs] for runs in sides]
    first = draws[0][0]
    # Each run against the first one of the baseline, so that all have the same units.
    against = [[both(first, drawn) for drawn in runs] for runs in draws]
    start = first.value(np.ones(len(first.units)))
    values = [start + float(np.mean([one.value for one in runs])) for runs in against]
    if not all(map(math.isfinite, values)):
        return nothing(found, "the metric has no value on the common items in one of the runs")
    shown, units = _multiway(against, values[1] - values[0], confidence)
    found |= {"baseline": values[0], "candidate": values[1], "value": values[1] - values[0]}
    return finished(found, shown, units)


def _together(runs: Sequence[Side]) -> Side:
    """What all runs of a side have: an item has a value if it has one in every run."""
    common = set.intersection(*(set(run.every) for run in runs))
    return Side(
        definition=runs[0].definition,
        every={name: sample for name, sample in runs[0].every.items() if name in common},
        about={name: sample for run in runs for name, sample in run.about.items()},
        valued=frozenset.intersection(*(run.valued for run in runs)),
        values={},
        chosen=[],
    )


def _multiway(against: Sequence[Sequence[Both]], value: float, confidence: float) -> tuple[Inference, int]:
    """Interval and test, and the number of units; runs are given as differences from a common one."""
    units = against[0][0].units
    left_out = [np.array([jackknife(run, seed=0) for run in runs]) for runs in against]
    groups = left_out[0].shape[1]
    if groups < 2:
        return Inference(no_interval="there is only one independent item or cluster"), units
    if not all(np.isfinite(side).all() for side in left_out):
        return Inference(no_interval="it has no value without one of the items or clusters"), units
    whole = [np.array([run.value for run in runs]) for runs in against]
    items = _jackknifed(left_out[1].mean(axis=0) - left_out[0].mean(axis=0), value)
    repeats = sum(float(side.var(ddof=1)) / len(side) for side in whole)
    single = sum(map(_of_answers, left_out, whole))
    error = math.sqrt(max(items + repeats - single, items, repeats))
    if error <= 1e-12 * max(1.0, abs(value)):
        return Inference(no_interval="all runs are the same"), units
    freedom = min(groups, sum(map(len, whole)) - 1) - 1
    from scipy import special  # noqa: PLC0415 - half a second to import

    reach = critical(confidence, freedom) * error
    p_value = float(2 * special.stdtr(freedom, -abs(value) / error))
    ends = Interval(value - reach, value + reach, "multiway_t", confidence)
    return Inference(ends, None, p_value, "multiway_t", freedom=freedom), units


def _of_answers(left_out: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """Variance of a side's mean that is due to single answers: what differs between runs, item by item."""
    deviations, count = left_out - left_out.mean(axis=0), len(whole)
    return sum(map(_jackknifed, deviations, whole - whole.mean())) / (count * (count - 1))


def _jackknifed(left_out: NDArray[np.float64], value: float) -> float:
    """The jackknife's variance."""
    return (len(left_out) - 1) / len(left_out) * float(np.sum((left_out - value) ** 2))
