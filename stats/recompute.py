"""A metric, computed again from the samples of its task by its definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.stats import definitions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Metric, Sample
    from audit.stats.definitions import Estimate


def recompute(metric: Metric, samples: Sequence[Sample], *, interval: bool = True) -> Estimate:
    """What the definition of a metric makes of the samples of its task.

    Args:
        metric: With a ``definition``.
        samples: All of the task.
        interval: Whether the interval is computed, too.

    Raises:
        TypeError: The metric has no definition, or one that cannot be followed.
    """
    definition = definitions.read(metric.definition or {})
    inside = definition.select(samples, metric.slice)
    return definition.estimate(inside, unit=metric.unit, confidence=metric.confidence, interval=interval)


def differences(metric: Metric, samples: Sequence[Sample], *, interval: bool) -> Iterator[str]:
    """Where a metric differs from what its definition makes of the samples; nothing for one without a definition.

    Args:
        metric: Of a task.
        samples: All of the task.
        interval: Whether the interval is computed again, too.
    """
    if metric.definition is None:
        return
    try:
        found = recompute(metric, samples, interval=interval)
    except TypeError as error:
        yield f"{metric.name} has a definition that cannot be followed: {error}"
        return
    name = f"{metric.name} with slice {metric.slice}" if metric.slice else metric.name
    if found.value is None or (metric.n, metric.missing) != (found.n, found.missing):
        counts = f"n {metric.n}, missing {metric.missing}"
        yield f"{name} has {counts}, the samples give n {found.n}, missing {found.missing}"
        return
    if not _equal(metric.value, found.value):
        yield f"{name} is {shown(metric.value)}, the samples give {shown(found.value)}"
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    if interval and not (_equal(metric.ci_low, low) and _equal(metric.ci_high, high)):
        said, given = (f"{shown(a)} to {shown(b)}" for a, b in ((metric.ci_low, metric.ci_high), (low, high)))
        yield f"the interval of {name} is {said}, the samples give {given}"


def _equal(one: float | None, other: float | None) -> bool:
    """Whether two numbers are the same but for rounding, or both absent."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def shown(value: float | None) -> str:
    """A number of a metric in a message."""
    return "none" if value is None else f"{value:.6g}"
