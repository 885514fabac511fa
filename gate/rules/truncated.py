"""A rule on cut answers: the share of a task's answers that the token limit cut, which is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import number
from audit.gate.judging import check
from audit.stats.aggregate import UNSCORED

if TYPE_CHECKING:
    from audit.core.records import GateCheck, Metric, Verdict
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule


def judge_truncated(rule: Rule, metric: Metric, measured: Measured, tolerance: float) -> GateCheck:
    """Judge the share of cut answers; unscored samples may have been cut, too.

    Args:
        rule: Of kind ``truncated``.
        metric: The count of cut answers of its task.
        measured: All metrics of the run.
        tolerance: Share of the task's samples that may be unscored.
    """
    if metric.value is None or metric.n < 1:
        return _check(rule, None, "INCONCLUSIVE", f"not computed: {metric.error or 'it covers no samples'}")
    limit, share = rule.max_truncated or 0.0, metric.value / metric.n
    said = f"{number(metric.value, 'count')} of {metric.n:,} answers were cut"
    if share > limit:
        return _check(rule, share, "FAIL", said)
    count = measured.unscored(metric)
    if count is None or count.value is None:
        return _check(rule, share, "INCONCLUSIVE", f"{said}, and {metric.task}/{UNSCORED} is missing")
    if not count.value:
        return _check(rule, share, "PASS", said)
    many = f"{said}; {number(count.value, 'count')} of {count.n:,} samples could not be scored"
    tolerated = count.n > 0 and count.value / count.n <= tolerance
    each = max(1.0, metric.n / count.n) if count.n else 1.0  # a sample may have several answers
    passes = tolerated and (metric.value + count.value * each) / metric.n <= limit
    verdict: Verdict = "PASS" if passes else "INCONCLUSIVE"
    return _check(rule, share, verdict, f"{many}{', which counts them as cut' if passes else ''}")


def _check(rule: Rule, share: float | None, verdict: Verdict, reason: str) -> GateCheck:
    found = check(rule, None, verdict, reason)
    return found.model_copy(update={"value": share, "unit": "share", "higher_is_better": False})
