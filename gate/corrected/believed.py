"""Whether a metric that a model judged may be believed: how far people agree with the judge, from its settings.

A metric of a judge has a ``rubric`` and a ``judge_checkpoint`` among its settings. It counts in a rule only where the
same judge with the same rubric was measured on people's labels, and did well enough. A metric corrected by
people's labels of a random sample of its own outputs needs no such measurement: its interval holds the judge's errors.
Neither does a count of what happened, such as answers without a verdict; a count of what the judge says does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.stats.agreement.judges import faults_of
from audit.stats.definitions import CountOfScores, PoweredMean, is_count

if TYPE_CHECKING:
    from audit.core.records import Metric

JUDGED = ("rubric", "judge_checkpoint")
"""Settings of a metric that a model judged."""
HAPPENED = ("scores.without_verdict",)
"""Scores whose count is a fact, whatever the judge is worth."""


def why_not_believed(metric: Metric) -> str | None:
    """Why a rule cannot rest on a metric, because a judge decided it; None where none did, or the judge was measured.

    Args:
        metric: Any.
    """
    if not any(name in metric.settings for name in JUDGED) or _happened(metric):
        return None
    if (metric.definition or {}).get("name") == PoweredMean.NAME:
        return None
    faults = faults_of(metric.settings)
    if not faults:
        return None
    return (
        f"a model judged it ({metric.settings.get('judge', 'unnamed')}), and {'; '.join(faults)}: measure the judge"
        " with `audit judge measure`, or let people label a random sample of the outputs"
    )


def _happened(metric: Metric) -> bool:
    """Whether a metric counts what happened, and not what the judge says of it."""
    definition = metric.definition or {}
    says = definition.get("name") == CountOfScores.NAME and definition.get("of") not in HAPPENED
    return is_count(metric) and not says
