"""The unit of the per-item scores of a task, as far as its metrics show it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.units import SHARE_SCALES, UNITS, unit_of
from audit.stats.definitions.means.mean import Mean
from audit.stats.definitions.registry import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.core.records import Metric, Sample
    from audit.stats.definitions.base import Definition

UNKNOWN = "score"
"""The unit of scores of which nothing is known."""


def unit_of_scores(scored: Sequence[Sample], metrics: Iterable[Metric]) -> str:
    """The unit of the first metric that is a mean of the scores, or a corpus score whose items have it as their score.

    A gap between groups or an area under a curve says nothing about the scores that it is computed from.

    Args:
        scored: The scored samples of a task.
        metrics: Its metrics, primary ones first.

    Returns:
        A name of :data:`audit.core.units.UNITS`; ``score`` where no metric decides it, or a score lies outside its
        range.
    """
    found = (_unit_by(metric, scored) for metric in metrics if metric.slice is None and metric.definition)
    unit = next((unit for unit in found if unit), UNKNOWN)
    return unit if all(unit_of(unit).holds(sample.score or 0.0) for sample in scored) else UNKNOWN


def _unit_by(metric: Metric, scored: Sequence[Sample]) -> str | None:
    """The unit of the scores by one metric; None where it does not say."""
    definition = _definition(metric)
    if isinstance(definition, Mean):
        covered = [(sample.score, definition.of_sample(sample)) for sample in definition.select(scored, None)]
        unit = _unscaled(metric.unit, definition.scale)
    else:
        covered = [(sample.score, sample.scores.get(metric.metric)) for sample in scored]
        unit = metric.unit if metric.unit not in SHARE_SCALES else None
    pairs = [(score, value) for score, value in covered if score is not None and value is not None]
    equal = bool(pairs) and all(math.isclose(score, value, abs_tol=1e-12) for score, value in pairs)
    return unit if equal else None


def _definition(metric: Metric) -> Definition | None:
    """The function of samples behind a metric; None where it cannot be found."""
    try:
        return read(metric.definition or {})
    except (TypeError, ConfigError):
        return None


def _unscaled(unit: str, scale: float) -> str | None:
    """The unit of the values whose mean, times ``scale``, is in ``unit``; None where it has no name."""
    if SHARE_SCALES.get(unit) == scale:
        return "share"
    return unit if scale == 1 and unit in UNITS else None
