"""Probes with fewer resamples: for tests that look at values, or only at whether there is an interval."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.safety.metrics import ProbeMetric
    from audit.safety.probe import Probe

RESAMPLES = 200


def resampled(metrics: Iterable[ProbeMetric]) -> tuple[ProbeMetric, ...]:
    """The metrics with fewer resamples."""
    return tuple(replace(one, definition=replace(one.definition, resamples=RESAMPLES)) for one in metrics)


def quick(probe: Probe[Any]) -> Probe[Any]:
    """The probe with fewer resamples."""
    more = probe.more_metrics
    return replace(
        probe,
        metrics=resampled(probe.metrics),
        more_metrics=(lambda context: resampled(more(context))) if more else None,
    )
