"""Whether checks that are more than a range follow from the numbers they hold, and these from the runs.

Cut answers and gaps are judged again from the judged run alone. A comparison is judged again from its own numbers, and
computed again where the baseline's folder is at hand: next to the run, or given.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core import provenance
from audit.core.errors import AuditError
from audit.core.run_folder import RunFolder
from audit.gate.corrected.judging import judge_corrected
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.judging import check as judged_as
from audit.gate.metrics_file import metrics_digest
from audit.gate.policy import Policy
from audit.gate.rules.differences import judge_difference
from audit.gate.rules.family import Compared, holm
from audit.gate.rules.gap import judge_gap
from audit.gate.rules.truncated import judge_truncated
from audit.stats.records import Records
from audit.stats.recount import COMPUTING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from audit.core.records import (
        BaselineComparison,
        Correction,
        Decision,
        GateCheck,
        Metric,
        MetricDifference,
        Mismatch,
        RunManifest,
    )
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule
    from audit.gate.rules.baseline import Baseline

ON_BASELINE = ("no_worse", "better")
Again = tuple["GateCheck", "Rule", "Metric | None"]
"""A check, its rule, and its metric where the run has it."""


def same_packages(manifest: RunManifest) -> bool:
    """Whether the packages that compute intervals have the versions of the run."""
    versions = provenance.package_versions(COMPUTING)
    return all(manifest.packages.get(name) == versions.get(name) for name in COMPUTING)


def faults(
    run: RunFolder,
    decision: Decision,
    checks: Sequence[Again],
    measured: Measured,
    baseline: RunFolder | None,
) -> Iterator[str]:
    """Why checks are not those that the gate reaches.

    Args:
        run: The judged run.
        decision: Whose checks they are.
        checks: Those of every kind but ``range``.
        measured: Metrics of the run.
        baseline: The baseline's folder; None looks for it next to the run.

    Raises:
        RunFolderError: A file of the run is broken.
    """
    same = same_packages(run.read_manifest())
    looked_at = [one for one in checks if one[0].sequential is not None]  # their numbers are derived elsewhere
    checks = [one for one in checks if one not in looked_at]
    compared = [one for one in checks if one[0].kind in ON_BASELINE]
    if compared and (decision.baseline is None or decision.min_aligned is None):
        yield "it compares with a baseline that it does not name"
        return
    for check, rule, metric in checks:
        if check.kind == "truncated" and metric is None:
            if check.verdict != "INCONCLUSIVE":
                yield f"it finds {check.verdict} for {check.metric}, which was not measured"
        elif check.kind == "truncated" and metric is not None:
            yield from otherwise(check, judge_truncated(rule, metric, measured, _tolerance(rule, decision)))
        elif check.kind == "corrected":
            yield from _corrected_otherwise(run, decision, check, rule, metric, measured)
        elif check.kind == "gap":
            yield from _gap_otherwise(run, decision, check, rule, measured, same=same)
        elif metric is not None and check.kind in ON_BASELINE:
            yield from _in_numbers(check, rule, metric, decision)
    yield from _compared_otherwise(decision, compared, measured)
    yield from _computed_otherwise(run, decision, [*compared, *looked_at], baseline, same=same)


def not_recomputed(run: RunFolder, decision: Decision, baseline: RunFolder | None = None) -> str | None:
    """Why the differences that a verdict rests on could not be computed again; None where they were, or it has none.

    Args:
        run: The judged run.
        decision: The verdict.
        baseline: The baseline's folder; None looks for it next to the run.
    """
    if not any(check.baseline for check in decision.checks) or decision.baseline is None:
        return None
    if folder_of(run, decision, baseline) is None:
        return f"the differences were not recomputed: the baseline {decision.baseline.run_id} is not next to the run"
    if not same_packages(run.read_manifest()):
        return (
            "the differences were not recomputed: packages that compute intervals have other versions than in the run"
        )
    return None


def folder_of(run: RunFolder, decision: Decision, given: RunFolder | None) -> RunFolder | None:
    """The baseline's folder: the one that was given, or one of that name next to the run or in a folder next to its."""
    if given is not None or decision.baseline is None:
        return given
    name = decision.baseline.run_id
    home = run.path.resolve().parent
    if "/" in name or name in {"", ".", ".."}:
        return None
    try:
        places = (place / name for place in (home, *_folders(home.parent)))
        return next((RunFolder(place) for place in places if (place / "manifest.json").is_file()), None)
    except OSError:  # no folder can have such a long name
        return None


def _folders(place: Path) -> list[Path]:
    try:
        return sorted(place.iterdir())
    except OSError:
        return []


def _tolerance(rule: Rule, decision: Decision) -> float:
    return decision.max_unscored if rule.max_unscored is None else rule.max_unscored


def otherwise(check: GateCheck, reached: GateCheck) -> Iterator[str]:
    """Why a check is not the one that the gate reaches; what follows an open reason is advice."""
    numbers = ("value", "ci_low", "ci_high", "unit", "higher_is_better")
    if check.verdict != reached.verdict:
        yield f"it finds {check.verdict} for {check.metric}, for which {check.rule} gives {reached.verdict}"
    elif not all(_equal(getattr(check, name), getattr(reached, name)) for name in numbers):
        yield f"its numbers of {check.metric}, {check.rule}, are not those that the samples give"
    elif (check.verdict == "INCONCLUSIVE" and not check.reason.startswith(reached.reason)) or (
        check.verdict != "INCONCLUSIVE" and check.reason != reached.reason
    ):
        yield f"its reason on {check.metric} is not the gate's: {reached.reason}"


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def _gap_otherwise(
    run: RunFolder, decision: Decision, check: GateCheck, rule: Rule, measured: Measured, *, same: bool
) -> Iterator[str]:
    """Why a check on a gap is not the gate's; with other packages, whether it follows from its interval."""
    if same:
        coverage, tolerance = rule.confidence or decision.confidence, _tolerance(rule, decision)
        yield from otherwise(check, judge_gap(rule, measured, Records(run), coverage, tolerance, lambda *_: ""))
        return
    limit = check.maximum or 0.0
    passes = check.ci_high is not None and check.ci_high <= limit
    fails = check.ci_low is not None and check.ci_low > limit
    if (check.verdict == "PASS" and not passes) or (check.verdict == "FAIL") != fails:
        yield f"it finds {check.verdict} for {check.metric}, which {check.rule} does not give"


def _corrected_otherwise(
    run: RunFolder, decision: Decision, check: GateCheck, rule: Rule, metric: Metric | None, measured: Measured
) -> Iterator[str]:
    """Why a check on a corrected metric is not the gate's on the ratings that the decision keeps."""
    if metric is None:
        if check.verdict != "INCONCLUSIVE" or check.corrected:
            yield f"it corrects {check.metric}, which was not measured"
        return
    blocking = rule.model_copy(update={"severity": "block"})
    policy = Policy(rules=[blocking], confidence=decision.confidence, max_unscored=decision.max_unscored)
    samples, kept = Records(run).of(metric) if metric.definition else [], RatedOutputs.of_decision(decision)
    reached = judge_corrected(rule, metric, measured, policy, samples, decision.run_id, kept, advise=False)
    yield from otherwise(check, reached)
    if not same_correction(check.corrected, reached.corrected):
        yield f"its correction of {check.metric} is not the one that its ratings give"


def same_correction(held: Correction | None, again: Correction | None) -> bool:
    """Whether two corrections are equal up to rounding."""
    if held is None or again is None:
        return held is again
    one, other = held.model_dump(), again.model_dump()
    return all(_equal(one[name], other[name]) for name in one)


def _in_numbers(check: GateCheck, rule: Rule, metric: Metric, decision: Decision) -> Iterator[str]:
    """Why a comparison cannot be one of this metric."""
    for found, confidence in (
        (check.baseline, rule.confidence or decision.confidence),
        (check.adjusted, check.adjusted.confidence if check.adjusted else 0.0),
    ):
        if found is not None:
            fault = _in_comparison(found, rule, metric, decision, confidence)
            if fault:
                yield f"its comparison of {check.metric} with the baseline {fault}"


def _in_comparison(
    found: BaselineComparison, rule: Rule, metric: Metric, decision: Decision, confidence: float
) -> str | None:
    """What is wrong with the numbers of a comparison."""
    one, loss = found.difference, rule.no_worse_than_baseline
    relative = loss is not None and loss.relative is not None
    about = ("name", "slice", "suite", "task", "unit", "higher_is_better")
    if any(getattr(one, name) != getattr(metric, name) for name in about):
        return "is of another metric"
    each = (1 + confidence) / 2 if relative else confidence
    if not _equal(found.confidence, confidence) or not _equal(one.confidence, each):
        return "has another coverage than its rule asks for"
    return None if one.error is not None else _in_difference(one, metric, decision)


def _in_difference(one: MetricDifference, metric: Metric, decision: Decision) -> str | None:
    """What is wrong with the numbers of a difference."""
    difference, before, after = one.difference, one.baseline, one.candidate
    if difference is None or before is None or after is None or not _equal(difference, after - before):
        return "does not add up"
    if one.aligned < (decision.min_aligned or 1.0) or one.n < 1:
        return "covers too few common items"
    whole = one.aligned == 1 and one.n == metric.n
    if whole and not math.isclose(after, metric.value or 0.0, rel_tol=1e-6, abs_tol=1e-6):
        return "has another value of the judged run"
    if one.ci_low is not None and one.ci_high is not None and not one.ci_low <= difference <= one.ci_high:
        return "has a difference outside its interval"
    return None


def _compared_otherwise(decision: Decision, compared: Sequence[Again], measured: Measured) -> Iterator[str]:
    """Why checks on the baseline do not follow from their numbers, by themselves and together."""
    known = [(check, rule, metric) for check, rule, metric in compared if metric is not None]
    for check, *_ in compared:
        if check.baseline is None and check.verdict != "INCONCLUSIVE":
            yield f"it finds {check.verdict} for {check.metric} without a comparison with the baseline"
    family, held = [], []
    for check, rule, metric in known:
        if check.baseline is None:
            continue
        said = judge_difference(rule, metric, check.baseline, measured, _tolerance(rule, decision), lambda *_: "")
        alone = judged_as(rule, metric, *said).model_copy(update={"baseline": check.baseline})
        family.append(Compared(rule, metric, alone))
        held.append(check)

    def stored(one: Compared, confidence: float) -> BaselineComparison | None:
        found = held[next(place for place, other in enumerate(family) if other is one)].adjusted
        return found if found is not None and _equal(found.confidence, confidence) else None

    for check, reached in zip(held, holm(family, stored, lambda *_: "", decision.share_error_over), strict=True):
        yield from otherwise(check, reached)


def _computed_otherwise(
    run: RunFolder, decision: Decision, compared: Sequence[Again], given: RunFolder | None, *, same: bool
) -> Iterator[str]:
    """Why comparisons are not those that the two runs give, where the baseline is at hand."""
    folder = folder_of(run, decision, given)
    if folder is None or decision.baseline is None:
        return
    from audit.gate.rules import baseline  # noqa: PLC0415 - SciPy takes a second to import

    try:
        manifest, digest = folder.read_manifest(), metrics_digest(folder)
        named = decision.baseline
        found = (manifest.run_id, manifest.model.digest, digest)
        if found != (named.run_id, named.model_digest, named.metrics_sha256):
            yield f"the baseline in {folder.path} is not the run that it was compared with"
            return
        other = baseline.Baseline(folder, run, across=decision.across, min_aligned=decision.min_aligned or 1.0)
        if named != other.reference:
            yield f"it does not name the baseline in {folder.path} as it is"
        if manifest.broken and any(check.baseline for check, *_ in compared):
            yield f"it compares with a baseline whose checkpoint is broken: {manifest.broken}"
        if same:
            yield from _recomputed_otherwise(decision, compared, other)
    except (AuditError, OSError) as error:
        yield f"the comparison with the baseline cannot be made again: {error}"


def _recomputed_otherwise(decision: Decision, compared: Sequence[Again], other: Baseline) -> Iterator[str]:
    """Why comparisons, made again, are not those of the decision."""
    for check, rule, metric in compared:
        if check.sequential is not None and metric is not None and check.kind in ON_BASELINE and other.has(metric):
            other.hindrance(metric)  # names in what the runs differ
            continue
        for held in (check.baseline, check.adjusted):
            if (
                metric is not None
                and held is not None
                and not are_equal(held, other.compared(rule, metric, held.confidence))
            ):
                yield f"its comparison of {check.metric} with the baseline is not the one that the runs give"
    if _lines(decision.mismatches) != _lines(other.mismatches):
        yield "the runs do not differ as it says"


def _lines(mismatches: Sequence[Mismatch]) -> list[str]:
    """Each as text, in an order that does not depend on which metric was compared first."""
    return sorted(one.model_dump_json() for one in mismatches)


def are_equal(held: BaselineComparison, again: BaselineComparison) -> bool:
    """Whether two comparisons are equal up to rounding."""
    one, other = held.model_dump(), again.model_dump()
    flat = [(one["difference"], other["difference"]), (one, other)]
    return all(
        _equal(left[name], right[name]) for left, right in flat for name in left if not isinstance(left[name], dict)
    )
