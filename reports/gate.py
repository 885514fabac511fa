"""The release gate: does the evidence of a run satisfy a policy?

Three verdicts, judged on confidence intervals. A rule PASSes when the whole interval lies in its range, FAILs when
the whole interval lies outside, and is INCONCLUSIVE in between. What was not measured completely never passes: a
missing or null metric, no interval, an interval below the policy's confidence, unscored samples in the task, a run
that is not complete. A checkpoint that computes NaN FAILs whatever the rules are. Violations of rules on several
slices of one metric are Holm-adjusted.
``docs/design/reports.md`` says why a violation still fails where samples are missing.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.core import evidence
from audit.core.aggregate import IF_RIGHT, IF_WRONG, UNSCORED
from audit.core.contradictions import without_metrics
from audit.core.errors import ConfigError, did_you_mean
from audit.core.records import INTERRUPTED, Decision, GateCheck, Verdict
from audit.reports.cut_answers import cut_text
from audit.reports.formatting import interval, metric_label, number, slice_text
from audit.reports.metrics_file import read_metrics
from audit.reports.multiplicity import adjusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.core.records import Metric, RunManifest
    from audit.core.run_folder import RunFolder
    from audit.reports.multiplicity import Judged
    from audit.reports.policy import PolicyFile, Rule

RUN_CHECK = "run/status"
"""Name of the check on the run as a whole; the first of every decision."""
EXIT_PASS, EXIT_FAIL, EXIT_INCONCLUSIVE, EXIT_INCOMPLETE = 0, 10, 11, 13


def decide(run: RunFolder, file: PolicyFile, known_tasks: Callable[[], Iterable[str]] = tuple) -> Decision:
    """Judge every rule of a policy on the metrics of a run.

    Args:
        run: The run folder; nothing is written to it.
        file: The policy.
        known_tasks: Gives the names of all tasks this installation can run; asked only when a rule names a task
            the run knows nothing of.

    Raises:
        EvidenceInvalid: The files of the folder contradict each other.
        ConfigError: A rule names a task, metric or slice that cannot exist.
        RunFolderError: The folder cannot be read.
    """
    evidence.check(run, ())
    manifest = run.read_manifest()
    metrics, digest = read_metrics(run, manifest)
    confidence = file.policy.confidence
    judged: list[Judged] = []
    for rule in file.policy.rules:
        metric = find(rule, metrics)
        if metric is None and manifest.broken:
            check = _check(rule, None, "INCONCLUSIVE", "nothing was measured: the checkpoint is broken")
        elif metric is None:
            check = _check(rule, None, "INCONCLUSIVE", _why_absent(rule, manifest, metrics, known_tasks))
        else:
            check = judge(rule, metric, metrics, confidence)
        judged.append((rule, metric, check))
    checks = [run_check(manifest, metrics), *adjusted(judged, confidence)]
    if overall([check.verdict for check in checks]) == "PASS":
        # The libraries that compute intervals take a second to import: only what is to pass pays for it.
        evidence.check(run, {rule.metric for rule in file.policy.rules})
    return Decision(
        run_id=manifest.run_id,
        model_digest=manifest.model.digest,
        policy=file.name,
        policy_sha256=file.sha256,
        metrics_sha256=digest,
        verdict=overall([check.verdict for check in checks]),
        checks=checks,
        decided=datetime.now(UTC),
    )


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL if any fails, else INCONCLUSIVE if any is, else PASS; nothing judged is INCONCLUSIVE."""
    found = set(verdicts)
    if "FAIL" in found:
        return "FAIL"
    return "INCONCLUSIVE" if "INCONCLUSIVE" in found or not found else "PASS"


def exit_code(decision: Decision) -> int:
    """0 PASS, 10 FAIL, 13 when an incomplete run is why it cannot pass, 11 for other INCONCLUSIVE verdicts."""
    if decision.verdict == "FAIL":
        return EXIT_FAIL
    if decision.verdict == "PASS":
        return EXIT_PASS
    incomplete = any(check.metric == RUN_CHECK and check.verdict != "PASS" for check in decision.checks)
    return EXIT_INCOMPLETE if incomplete else EXIT_INCONCLUSIVE


def verdict_line(decision: Decision) -> str:
    """``2 of 12 checks fail, 1 inconclusive, 9 pass``; kinds that do not occur are left out."""
    verdicts = [check.verdict for check in decision.checks]
    words: tuple[tuple[Verdict, str], ...] = (("FAIL", "fail"), ("INCONCLUSIVE", "inconclusive"), ("PASS", "pass"))
    counted = [f"{verdicts.count(verdict)} {word}" for verdict, word in words if verdict in verdicts]
    if not counted:
        return "no checks"
    number_of, _, word = counted[0].partition(" ")
    return ", ".join([f"{number_of} of {len(verdicts)} checks {word}", *counted[1:]])


def run_check(manifest: RunManifest, metrics: Sequence[Metric]) -> GateCheck:
    """Whether everything that was asked for was measured; a broken checkpoint fails whatever the policy asks."""
    absent = without_metrics(manifest, metrics)
    complete = manifest.status == "complete" and not manifest.not_run and not manifest.broken and not absent
    verdict: Verdict = "FAIL" if manifest.broken else "PASS" if complete else "INCONCLUSIVE"
    why = "" if complete else f": {manifest.broken or _why_incomplete(manifest, metrics)}"
    return GateCheck(
        metric=RUN_CHECK,
        rule="status complete",
        value=None,
        ci_low=None,
        ci_high=None,
        verdict=verdict,
        reason=f"status {manifest.status}{why}",
    )


def _why_incomplete(manifest: RunManifest, metrics: Sequence[Metric]) -> str:
    """What is missing, and what to do where something can be done."""
    if manifest.status == "running" or manifest.finished is None:
        return "finish it with 'audit run --resume'"
    if manifest.not_run:
        first = manifest.not_run[0]
        return f"{len(manifest.not_run)} not run, first {first.task} ({first.reason})"
    if INTERRUPTED in manifest.warnings:
        return f"interrupted: finish it with 'audit run --resume {manifest.run_id}'"
    broken = [metric for metric in metrics if metric.value is None and (metric.slice is None or metric.n)]
    if broken:
        return f"{len(broken)} not computed, first {metric_label(broken[0])} ({broken[0].error})"
    absent = without_metrics(manifest, metrics)
    if absent:
        return f"{len(absent)} left no metric, first {absent[0]}: finish it with 'audit run --resume {manifest.run_id}'"
    return "it ended early: finish it with 'audit run --resume'"


def find(rule: Rule, metrics: Sequence[Metric]) -> Metric | None:
    """The metric a rule is about, slice included."""
    wanted = (rule.metric, rule.slice or None)
    return next((metric for metric in metrics if (metric.name, metric.slice or None) == wanted), None)


def judge(rule: Rule, metric: Metric, metrics: Sequence[Metric], confidence: float) -> GateCheck:
    """Judge one rule on one metric.

    Args:
        rule: The range.
        metric: What was measured.
        metrics: All metrics of the run: the task's unscored samples are counted among them.
        confidence: Lowest nominal coverage that counts.
    """
    hindrance = _hindrance(metric, confidence)
    if hindrance:
        return _check(rule, metric, "INCONCLUSIVE", hindrance)
    low, high = _with_cut_answers(metric, metrics)
    verdict = judge_interval(low, high, rule.min, rule.max)
    shown = interval(low, high, metric.unit)
    cut = cut_text(metric, metrics) if (low, high) != _ends(metric) else ""
    note, advice = (f" ({cut})", "raise the token limit") if cut else ("", "measure more items")
    reasons = {
        "PASS": f"{shown} satisfies the rule{note}",
        "FAIL": f"{shown} violates the rule{note}",
        "INCONCLUSIVE": f"{shown} straddles the limit{note}: {advice}",
    }
    gap = _unscored(metric, metrics)
    if gap and verdict == "PASS":
        return _check(rule, metric, "INCONCLUSIVE", gap)
    return _check(rule, metric, verdict, reasons[verdict])


def judge_interval(low: float, high: float, minimum: float | None, maximum: float | None) -> Verdict:
    """Where the interval ``[low, high]`` lies relative to the allowed range, limits included."""
    floor = -math.inf if minimum is None else minimum
    ceiling = math.inf if maximum is None else maximum
    if floor <= low and high <= ceiling:
        return "PASS"
    return "FAIL" if high < floor or low > ceiling else "INCONCLUSIVE"


def _with_cut_answers(metric: Metric, metrics: Sequence[Metric]) -> tuple[float, float]:
    """The interval, widened by what answers that the token limit cut leave open: nobody knows what they would say."""
    low, high = _ends(metric)
    names = {f"{metric.name}{IF_WRONG}", f"{metric.name}{IF_RIGHT}"}
    for other in metrics:
        if other.name in names and other.suite == metric.suite and (other.slice or None) == (metric.slice or None):
            ends = [end for end in (other.value, *_ends(other)) if end is not None and math.isfinite(end)]
            low, high = min(low, *ends), max(high, *ends)
    return low, high


def _ends(metric: Metric) -> tuple[float, float]:
    low = metric.ci_low if metric.ci_low is not None else math.nan
    return low, metric.ci_high if metric.ci_high is not None else math.nan


def _hindrance(metric: Metric, confidence: float) -> str | None:
    """Why a metric cannot be judged at all."""
    if metric.value is None or metric.error:
        return f"not computed: {metric.error or 'no reason given'}"
    low, high = _ends(metric)
    if metric.ci_low is None or metric.ci_high is None:
        return "no confidence interval"
    if not all(math.isfinite(end) for end in (metric.value, low, high)) or low > high:
        return f"not a usable interval: {low} to {high}"
    if metric.n < 1:
        return "no items behind the value"
    if metric.confidence < confidence:
        return f"its interval covers {metric.confidence:.0%}, the policy asks for {confidence:.0%}"
    return None


def _unscored(metric: Metric, metrics: Sequence[Metric]) -> str | None:
    """Why the task's count of unscored samples, or items that the metric left out, keep the metric from passing."""
    if metric.missing:
        return f"{metric.missing:,} of {metric.n + metric.missing:,} scored items have no value"
    name = f"{metric.task}/{UNSCORED}"
    count = next((m for m in metrics if m.name == name and m.suite == metric.suite and m.slice is None), None)
    if count is None or count.value is None:
        return f"{name} is missing: nobody knows how many samples could not be scored"
    if count.value > 0:
        return f"{number(count.value, 'count')} of {count.n} samples could not be scored"
    return None


def _check(rule: Rule, metric: Metric | None, verdict: Verdict, reason: str) -> GateCheck:
    return GateCheck(
        metric=rule.target,
        rule=rule.text,
        value=metric.value if metric else None,
        ci_low=metric.ci_low if metric else None,
        ci_high=metric.ci_high if metric else None,
        verdict=verdict,
        reason=reason,
    )


def _why_absent(
    rule: Rule, manifest: RunManifest, metrics: Sequence[Metric], known_tasks: Callable[[], Iterable[str]]
) -> str:
    """Why the run lacks a metric that it could have had.

    Raises:
        ConfigError: It could not have had it: the name is wrong.
    """
    task, _, measure = rule.metric.rpartition("/")
    for skipped in manifest.not_run:
        if skipped.task == task:
            return f"the task did not run: {skipped.reason}"
    mine = [metric for metric in metrics if metric.task == task]
    if mine:
        return _why_absent_from_task(rule, mine)
    if task in asked_tasks(manifest):
        return f"the run ended before {task}: status {manifest.status}"
    known = set(known_tasks())
    if task in known:
        return f"the run did not include the task {task}"
    possible = {metric.name for metric in metrics} | {f"{name}/{measure}" for name in known}
    hint = did_you_mean(rule.metric, sorted(possible))
    msg = f"policy: unknown metric {rule.metric!r}: neither the run nor this installation has a task {task!r}.{hint}"
    raise ConfigError(msg)


def _why_absent_from_task(rule: Rule, mine: Sequence[Metric]) -> str:
    """The same, for a task that ran.

    Raises:
        ConfigError: The task computed everything it can, and this is not among it.
    """
    broken = next((metric for metric in mine if metric.value is None and metric.slice is None), None)
    same = [metric for metric in mine if metric.name == rule.metric]
    if not same and broken is None:
        msg = f"policy: unknown metric {rule.metric!r}.{did_you_mean(rule.metric, {metric.name for metric in mine})}"
        raise ConfigError(msg)
    if same and broken is None:
        _check_slice(rule, same)
    if broken is not None and not same:
        return f"the task broke: {broken.error}"
    return f"no items in the slice {slice_text(rule.slice)}" if rule.slice else "measured on slices alone"


def _check_slice(rule: Rule, same: Sequence[Metric]) -> None:
    """Refuse a slice that the metric cannot have; the run lists every category of the data, drawn or not.

    Raises:
        ConfigError: Its key or value is none of the metric's.
    """
    known: dict[str, set[str]] = {}
    for metric in same:
        for key, value in (metric.slice or {}).items():
            known.setdefault(key, set()).add(value)
    for key, value in (rule.slice or {}).items():
        if not known:
            msg = f"policy: {rule.metric} is measured on all items alone: leave out its slice"
        elif key not in known:
            msg = f"policy: {rule.metric} has no slice {key!r}: it has {', '.join(sorted(known))}."
            msg += did_you_mean(key, known)
        elif value not in known[key]:
            has = ", ".join(sorted(known[key]))
            msg = f"policy: {rule.metric} has no slice {slice_text({key: value})}: {key} is one of {has}."
            msg += did_you_mean(value, sorted(known[key]))
        else:
            continue
        raise ConfigError(msg)


def asked_tasks(manifest: RunManifest) -> set[str]:
    """Names of the tasks that the run's configuration lists."""
    names: set[str] = set()
    for suite in ("evals", "safety"):
        section: dict[str, Any] = manifest.config.get(suite) or {}
        names |= {task["name"] for task in section.get("tasks", []) if "name" in task}
    names |= set((manifest.config.get("explain") or {}).get("methods", []))
    return names
