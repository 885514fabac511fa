"""The trend of a metric over several runs: the slope of a straight line, on the items that all runs have scored.

A slope is a contrast of the runs, as a difference is one of two: every item has a slope, and what is known of a mean
difference (:mod:`audit.stats.pairing.means`, :mod:`audit.stats.pairing.resampled`) is known of a mean slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.core.units import unit_of
from audit.stats.pairing.comparison import clusters_of
from audit.stats.pairing.means import of_means
from audit.stats.pairing.resampled import Both, of_resamples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.stats.definitions.base import Definition
    from audit.stats.interval import Interval
    from audit.stats.pairing.common import CommonItems
    from audit.stats.pairing.difference import Inference

    Numbers = NDArray[np.float64]

ROUNDING = 1e-12
"""A slope this small, as a share of the changes that it is made of, is none."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How far a straight line through the values of all runs goes up or down from the first run to the last one."""

    change: float | None
    """The line's end minus its start, in the metric's unit; null where it cannot be computed (see ``error``)."""
    interval: Interval | None = None
    """Its interval."""
    no_interval: str | None = None
    """Why there is none."""
    p_value: float | None = None
    """Two-sided, of no slope; not adjusted."""
    test: str | None = None
    """Name of the test (:class:`audit.stats.pairing.difference.Inference`)."""
    error: str | None = None
    """Why there is no value."""


def weights_of(places: Sequence[float]) -> Numbers:
    """What the value of each run counts for the change of the least-squares line: its slope times the range of places.

    Args:
        places: Of the runs on the axis, in ascending order; not all the same.
    """
    x = np.asarray(places, dtype=np.float64)
    centred = x - x.mean()
    found: Numbers = centred / float(np.sum(centred**2)) * float(x[-1] - x[0])
    return found


def trend(
    definition: Definition, common: CommonItems, places: Sequence[float], *, unit: str, confidence: float
) -> Trend:
    """The change along the line with its interval and test.

    Args:
        definition: The metric.
        common: The items that all runs have scored.
        places: Of the runs on the axis, in ascending order; not all the same.
        unit: Unit of the metric.
        confidence: Nominal coverage of the interval.
    """
    weights = weights_of(places)
    rows = common.values()
    if rows is not None:
        return _of_items(definition, common, weights, rows, unit, confidence)
    return _of_statistic(definition, common, weights, unit, confidence)


def _of_items(
    definition: Definition, common: CommonItems, weights: Numbers, rows: Numbers, unit: str, confidence: float
) -> Trend:
    """From the slopes of items."""
    scale = float(getattr(definition, "scale", 1.0))
    changes = rows - rows[0]
    slopes = weights @ changes
    # Rounding must not make a slope of items whose ups and downs cancel: signs of nothing would be permuted.
    slopes[np.abs(slopes) <= ROUNDING * np.abs(weights) @ np.abs(changes)] = 0.0
    clusters = clusters_of(definition, (common.sides[0].about[name] for name in common.kept))
    shown = of_means(
        slopes,
        clusters,
        width=_widest(weights, unit) / abs(scale),
        confidence=confidence,
        seed=definition.seed,
        resamples=definition.resamples,
    )
    return _finished(scale * math.fsum(slopes) / len(slopes), shown, _widest(weights, unit), scale)


def _of_statistic(definition: Definition, common: CommonItems, weights: Numbers, unit: str, confidence: float) -> Trend:
    """From resamples of all runs: the same items are drawn for each."""
    draws = [definition.resample(common.chosen(place)) for place in range(len(common.sides))]
    units = {unit: place for place, unit in enumerate(dict.fromkeys(name for one in draws for name in one.units))}
    places = [np.array([units[name] for name in one.units], dtype=np.intp) for one in draws]

    def of_weights(counts: Numbers) -> float:
        values = [one.value(counts[inside]) for one, inside in zip(draws, places, strict=True)]
        return float(weights @ np.array(values))

    runs = Both(len(units), of_weights)
    if not math.isfinite(runs.value):
        return Trend(None, error="the metric has no value on the common items in one of the runs")
    shown = of_resamples(runs, confidence=confidence, seed=definition.seed, resamples=definition.resamples)
    return _finished(runs.value, shown, _widest(weights, unit), 1.0)


def _widest(weights: Numbers, unit: str) -> float:
    """The largest possible change, if the runs with positive weights have the best value and the others the worst."""
    domain = unit_of(unit)
    return float(np.abs(weights).sum()) / 2 * (domain.high - domain.low)


def _finished(change: float, shown: Inference, widest: float, scale: float) -> Trend:
    """The result, with the interval within what is possible."""
    ends = shown.interval
    if ends is None:
        return Trend(change, None, shown.no_interval, shown.p_value, shown.test)
    low, high = sorted(min(max(scale * end, -widest), widest) for end in (ends.low, ends.high))
    return Trend(change, type(ends)(low, high, ends.method, ends.confidence), None, shown.p_value, shown.test)
