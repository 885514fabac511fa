"""Parts of a declared probe by themselves: one judged item, and the metrics of judged samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig
from audit.safety import running
from audit.safety.probe import Answered, Context, Probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample
    from audit.engine import Score


def judged(probe: Probe[Any], item: object, scores: Sequence[Score]) -> Sample:
    """The sample of an item whose continuations have these scores."""
    (blank,) = running.blanks(probe, [item])
    return probe.judge(Answered(item, blank, Context(RunConfig()), tuple(scores)))


def metrics(probe: Probe[Any], samples: Sequence[Sample], items: Sequence[object], seed: int = 1) -> list[Metric]:
    """The metrics of samples of a data set of these items."""
    return running.metrics_of(probe, samples, items, Context(RunConfig(seed=seed)))
