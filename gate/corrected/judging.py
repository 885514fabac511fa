"""A rule on a corrected metric: judged on its interval like any other, with what corrected it in its reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.formatting import counted, number
from audit.gate.advice import rounded_up
from audit.gate.corrected.correcting import corrected
from audit.gate.judging import check, judge_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Correction, GateCheck, Metric, Sample
    from audit.gate.corrected.correcting import CorrectedMetric
    from audit.gate.corrected.ratings import RatedOutputs
    from audit.gate.measured import Measured
    from audit.gate.policy import Policy, Rule


def judge_corrected(
    rule: Rule,
    metric: Metric,
    measured: Measured,
    policy: Policy,
    samples: Sequence[Sample],
    run_id: str,
    ratings: RatedOutputs,
    *,
    advise: bool = True,
) -> GateCheck:
    """Judge one rule on one corrected metric.

    Args:
        rule: Of kind ``corrected``.
        metric: What was measured.
        measured: All metrics of the run.
        policy: Says which coverage counts, and how many samples may be unscored.
        samples: All samples of the task.
        run_id: The run.
        ratings: What people say.
        advise: Whether an open check says what would settle it.
    """
    found = corrected(rule, metric, samples, run_id, ratings, rule.confidence or policy.confidence)
    kept = {"corrected": found.correction}
    if found.hindrance:
        todo = _to_rate(found) if advise else ""
        return check(rule, found.metric, "INCONCLUSIVE", f"{found.hindrance}{todo}").model_copy(update=kept)
    if found.correction is None or measured.bounds_of_cut_answers(metric):
        why = "the token limit cut answers, whose whole text nobody could rate: raise the token limit"
        return check(rule, found.metric, "INCONCLUSIVE", why).model_copy(update=kept)
    advice = _advice(found) if advise else lambda *_: ""
    reached = judge_rule(rule, found.metric, measured, policy, advice)
    said = f"{_told(found.correction, metric.unit)}: {reached.reason}"
    return reached.model_copy(update={**kept, "reason": said})


def _told(correction: Correction, unit: str) -> str:
    """What corrected the metric."""
    split = f", {counted(correction.disagreements, 'disagreement')} among raters" if correction.disagreements else ""
    return (
        f"corrected from {number(correction.raw, unit)} by the ratings of {correction.labels:,} of"
        f" {correction.outputs:,} outputs, drawn at random, of which the scorer agrees with"
        f" {100 * (correction.agreement or 0):.3g} % (λ {correction.tuning or 0:.2f}{split})"
    )


def _to_rate(found: CorrectedMetric) -> str:
    """What is to be rated, and why other ratings do not count."""
    if found.correction is None:
        return ""
    todo = ": rate them in the app, under Random sample per task"
    if not found.elsewhere:
        return todo
    others = "1 rated output" if found.elsewhere == 1 else f"{found.elsewhere:,} rated outputs"
    return f"{todo}; {others} outside the draw cannot count: they are no random sample of the outputs"


def _advice(found: CorrectedMetric) -> Callable[[Rule, Metric], str]:
    """How many labels would settle a rule whose limit lies inside the interval."""
    from audit.stats.prediction_powered.share import labels_needed  # noqa: PLC0415 - SciPy takes a second to import

    def advice(rule: Rule, metric: Metric) -> str:
        correction, share = found.correction, found.share
        if correction is None or share is None or metric.value is None or not share.value:
            return "rate more outputs"
        scale = metric.value / share.value
        limits = [limit / scale for limit in (rule.min, rule.max) if limit is not None]
        # A limit outside the interval needs fewer labels than there are.
        needed = max(labels_needed(share, correction.labels, correction.outputs, limit) for limit in limits)
        if math.isinf(needed):
            return f"ratings of all {correction.outputs:,} outputs would not decide it, so measure more items"
        count = min(max(rounded_up(needed), correction.labels + 1), correction.outputs)
        return f"about {count:,} rated outputs would decide this if the value stays: set labels: {count} and rate them"

    return advice
