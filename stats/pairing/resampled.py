"""Interval and test of the difference of two metrics that are no means: both on the same draws of common units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.interval import Interval, critical, outer
from audit.stats.pairing.difference import Inference

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from audit.stats.definitions.base import Resampling

    Numbers = NDArray[np.float64]

FEWEST_DRAWN = 10
"""Below this many independent units there is no bootstrap, only Student's t with the jackknife's standard error."""
MOST_DRAWN = 1_000
"""Above this many there is none either: skewness no longer matters, and thousands of evaluations cost minutes."""
GROUPS = 200
"""Number of groups of units that are left out in turn, where there are more than ``MOST_DRAWN`` units."""
MOST_VALUES = 5_000_000
"""Maximum number of units in all resamples (at least 2,000 resamples)."""


@dataclass(frozen=True, slots=True)
class Both:
    """Two runs of the same units."""

    units: int
    """Number of independent units."""
    of_weights: Callable[[Numbers], float]
    """Candidate minus baseline if unit ``i`` counts ``weights[i]`` times; NaN if either then has no value."""

    @property
    def value(self) -> float:
        """The difference on the data."""
        return self.of_weights(np.ones(self.units))


def both(baseline: Resampling, candidate: Resampling) -> Both:
    """Draw two runs together.

    Args:
        baseline: The metric of the baseline.
        candidate: The metric of the candidate.
    """
    places = {unit: place for place, unit in enumerate(dict.fromkeys([*baseline.units, *candidate.units]))}
    first, second = (np.array([places[unit] for unit in side.units], dtype=np.intp) for side in (baseline, candidate))

    def of_weights(weights: Numbers) -> float:
        return candidate.value(weights[second]) - baseline.value(weights[first])

    return Both(len(places), of_weights)


def of_resamples(runs: Both, *, confidence: float, seed: int, resamples: int) -> Inference:
    """The outer ends of the expanded BCa bootstrap and of Student's t with the jackknife's standard error.

    With few or very many units, Student's t alone.

    Args:
        runs: Both runs.
        confidence: Nominal coverage.
        seed: Seed of the draws.
        resamples: Number of resamples.
    """
    value = runs.value
    left_out = jackknife(runs, seed)
    groups = len(left_out)
    if groups < 2:
        return Inference(no_interval="there is only one independent item or cluster")
    if not np.isfinite(left_out).all():
        return Inference(no_interval="it has no value without one of the items or clusters")
    error = math.sqrt((groups - 1) / groups * float(np.sum((left_out - value) ** 2)))
    if error <= 1e-12 * max(1.0, abs(value)):
        return Inference(no_interval="the difference is the same without any of the items or clusters")
    effect = value / (error * math.sqrt(runs.units))
    ends, p_value = _jackknife_t(value, error, groups - 1, confidence)
    test = "jackknife_t"
    if FEWEST_DRAWN <= runs.units <= MOST_DRAWN:
        found, other = bca(value, _draws(runs, value, seed, resamples), left_out, confidence)
        ends, p_value, test = outer(found, ends), max(p_value, other), "bca_bootstrap"
    shown = Inference(ends, None, p_value, test, effect, "d_z", groups - 1)
    change = float(np.abs(groups * value - (groups - 1) * left_out).mean())  # of the jackknife's pseudo-values
    return replace(shown, growth=(shown.standard_error or 0.0) ** 2 / change)


def _jackknife_t(value: float, error: float, freedom: int, confidence: float) -> tuple[Interval, float]:
    """Student's interval and p-value."""
    from scipy import special  # noqa: PLC0415 - half a second to import

    reach = critical(confidence, freedom) * error
    return (
        Interval(value - reach, value + reach, "jackknife_t", confidence),
        float(2 * special.stdtr(freedom, -abs(value) / error)),
    )


def jackknife(runs: Both, seed: int) -> Numbers:
    """The difference without each unit in turn, or each of ``GROUPS`` random groups of more than ``MOST_DRAWN`` units.

    Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 11; groups: Kott 2001, "The Delete-a-Group
    Jackknife", Journal of Official Statistics 17:521.
    """
    codes = np.arange(runs.units)
    if runs.units > MOST_DRAWN:
        codes = np.random.default_rng(seed).permutation(runs.units) % GROUPS
    return np.array([runs.of_weights((codes != group).astype(np.float64)) for group in range(int(codes.max()) + 1)])


def _draws(runs: Both, value: float, seed: int, resamples: int) -> Numbers:
    """The difference on resamples of whole units; one without a value says nothing and counts as ``value``."""
    generator = np.random.default_rng(seed)
    count = min(resamples, max(2_000, MOST_VALUES // runs.units))
    found = np.empty(count)
    for place in range(count):
        drawn = generator.integers(runs.units, size=runs.units)
        found[place] = runs.of_weights(np.bincount(drawn, minlength=runs.units).astype(np.float64))
    return np.where(np.isnan(found), value, found)


def bca(value: float, draws: Numbers, left_out: Numbers, confidence: float) -> tuple[Interval, float]:
    """Expanded BCa interval (:func:`audit.stats.bootstrap.bca_bootstrap`), and the p-value at which it ends at 0.

    Efron 1987, "Better Bootstrap Confidence Intervals", JASA 82:171, equations 3.9 and 6.6; expanded for few units as
    by Hesterberg 2015, *The American Statistician* 69, section 4.2.

    Args:
        value: The difference on the data.
        draws: The difference on resamples.
        left_out: The difference without each unit in turn.
        confidence: Nominal coverage.
    """
    from scipy import special  # noqa: PLC0415 - half a second to import

    deviations = left_out.mean() - left_out
    acceleration = float(np.sum(deviations**3) / (6 * np.sum(deviations**2) ** 1.5))
    bias = float(special.ndtri(_below(draws, value)))
    freedom = len(left_out) - 1
    expansion = math.sqrt((freedom + 1) / freedom)
    reach = critical(confidence, freedom) * expansion
    shifted = np.array([bias - reach, bias + reach])
    low, high = np.quantile(draws, special.ndtr(bias + shifted / (1 - acceleration * shifted)))
    zero = float(special.ndtri(_below(draws, 0.0))) - bias
    statistic = (zero / (1 + acceleration * zero) - bias) / expansion
    p_value = max(1 / (len(draws) + 1), float(2 * special.stdtr(freedom, -abs(statistic))))
    return Interval(float(low), float(high), "expanded_bca_bootstrap", confidence), p_value


def _below(draws: Numbers, value: float) -> float:
    """Share of draws below a value, half of those equal to it; never 0 or 1."""
    share = (np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / (2 * len(draws))
    return float(np.clip(share, 0.5 / len(draws), 1 - 0.5 / len(draws)))
