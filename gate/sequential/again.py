"""Whether checks on tasks that were looked at are those that the gate reaches.

They are judged again from the samples. A comparison needs the baseline's folder for that; without it, its verdict has
to follow from the interval that it holds.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.policy import Policy
from audit.gate.rules.again import are_equal, folder_of, otherwise, same_correction, same_packages
from audit.gate.rules.differences import gain_of
from audit.gate.rules.judge import Judge
from audit.gate.sequential.looked import Looked, family_of
from audit.stats.sequential import EARLY, last_confidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Decision, GateCheck, Metric, SequentialCheck
    from audit.core.run_folder import RunFolder
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule
    from audit.gate.rules.baseline import Baseline

Again = tuple["GateCheck", "Rule", "Metric | None"]
"""A check, its rule, and its metric where the run has it."""


def faults(
    run: RunFolder,
    decision: Decision,
    checks: Sequence[Again],
    rules: Sequence[Rule],
    measured: Measured,
    baseline: RunFolder | None,
) -> Iterator[str]:
    """Why checks are not those that the gate reaches.

    Args:
        run: The judged run.
        decision: Whose checks they are.
        checks: Those on tasks that were looked at.
        rules: Of all checks.
        measured: Metrics of the run.
        baseline: The baseline's folder; None looks for it next to the run.

    Raises:
        AuditError: A file is broken.
    """
    if not checks:
        return
    manifest = run.read_manifest()
    folder = folder_of(run, decision, baseline) if decision.baseline else None
    policy = Policy(
        rules=[one.model_copy(update={"severity": "block"}) for one in rules],
        confidence=decision.confidence,
        max_unscored=decision.max_unscored,
        min_aligned=decision.min_aligned or 1.0,
        share_error_over=decision.share_error_over,
    )
    kept = RatedOutputs.of_decision(decision)
    judge = Judge(run, manifest, measured, policy, _read(run, decision, folder), kept)
    same, looked = same_packages(manifest), Looked(manifest, None)
    for check, rule, metric in checks:
        if rule.needs_baseline and folder is None:
            yield from _in_numbers(check, rule, family_of(rule, rules) * decision.share_error_over, decision, looked)
            continue
        reached = judge.looked_at(rule, metric, rules) if metric is not None else None
        if reached is not None and (same or not _is_resampled(reached)):
            yield from otherwise(check, reached)
            yield from _with_other_numbers(check, reached)
        elif reached is not None:  # with other packages, fixed intervals may differ in the last digits
            if check.verdict != reached.verdict:
                yield f"it finds {check.verdict} for {check.metric}, for which {check.rule} gives {reached.verdict}"
            yield from _by_other_evidence(check, reached)
        elif check.verdict != "INCONCLUSIVE":
            yield f"it finds {check.verdict} for {check.metric}, which cannot be judged"


def _read(run: RunFolder, decision: Decision, folder: RunFolder | None) -> Baseline | None:
    """The baseline; SciPy, which comparing needs, takes a second to import."""
    if folder is None:
        return None
    from audit.gate.rules.baseline import Baseline  # noqa: PLC0415 - see above

    return Baseline(folder, run, across=decision.across, min_aligned=decision.min_aligned or 1.0)


def _is_resampled(reached: GateCheck) -> bool:
    """Whether the interval of a check may depend on versions of packages: not that of evidence or of labels."""
    return reached.kind != "corrected" and reached.sequential is not None and reached.sequential.last


def _by_other_evidence(check: GateCheck, reached: GateCheck) -> Iterator[str]:
    """Why a check does not rest on evidence of the same kind, coverage and items."""
    if check.sequential != reached.sequential:
        yield f"its check of {check.metric}, {check.rule}, is not by the evidence that the samples give"


def _with_other_numbers(check: GateCheck, reached: GateCheck) -> Iterator[str]:
    """Why a check does not rest on the evidence that the samples give."""
    yield from _by_other_evidence(check, reached)
    if not same_correction(check.corrected, reached.corrected):
        yield f"its correction of {check.metric} is not the one that its ratings give"
    pair = check.baseline, reached.baseline
    if (pair[0] is None) != (pair[1] is None) or (pair[0] and pair[1] and not are_equal(pair[0], pair[1])):
        yield f"its comparison of {check.metric} with the baseline is not the one that the runs give"


def _in_numbers(check: GateCheck, rule: Rule, tests: int, decision: Decision, looked: Looked) -> Iterator[str]:
    """Why a verdict does not follow from the comparison that the check holds.

    Whether the baseline was looked at is not known.
    """
    found = check.sequential
    if found and (
        found.tests != tests or not any(map(partial(_has, check), _coverages(found, rule, decision, looked)))
    ):
        yield f"its comparison of {check.metric} with the baseline has not the coverage that its rule asks for"
    gain = gain_of(rule, check.baseline) if check.baseline else None
    if check.verdict != "INCONCLUSIVE" and (check.sequential is None or gain is None or gain.verdict != check.verdict):
        yield f"it finds {check.verdict} for {check.metric}, which does not follow from its comparison"


def _coverages(found: SequentialCheck, rule: Rule, decision: Decision, looked: Looked) -> Iterator[float]:
    """The coverages that the interval of a check on the baseline may have."""
    nominal, loss = rule.confidence or decision.confidence, rule.no_worse_than_baseline
    if not found.last:
        each = (1 + nominal) / 2 if loss is not None and loss.relative is not None else nominal
        yield 1 - (1 - each) * EARLY
        return
    if looked.is_complete(rule):
        yield last_confidence(nominal)
    if not looked.at_task(rule):
        yield nominal


def _has(check: GateCheck, confidence: float) -> bool:
    """Whether a check, and its comparison, has a coverage."""
    held = [one.confidence for one in (check.sequential, check.baseline) if one is not None]
    return all(math.isclose(one, confidence, abs_tol=1e-12) for one in held)
