"""The release gate: does the evidence of a run satisfy a policy?

Three verdicts, judged on confidence intervals. A rule PASSes when the whole interval lies in its range, FAILs when
the whole interval lies outside, and is INCONCLUSIVE in between; a share also has to pass the exact binomial test.
What was not measured completely never passes: a missing or null metric, no interval, an interval below the policy's
confidence, more unscored samples in the task than the policy tolerates, a run that is not complete but for optional
tasks, a comparison with the baseline that could not be made. A broken checkpoint (one that computes NaN, for example)
FAILs whatever the rules are. Violations of rules on several slices of one metric are Holm-adjusted, and so are those
of all rules on a baseline. Rules that cannot be meant are refused.
``docs/design/reports.md`` says why a violation still fails where samples are missing.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from shlex import quote
from typing import TYPE_CHECKING, Any

from audit.core import collector, names
from audit.core.contradictions import without_metrics
from audit.core.errors import ConfigError, ExitCode, RunFolderError, UsageError
from audit.core.formatting import metric_label
from audit.core.records import Decision, GateCheck, Verdict
from audit.gate import evidence, rule_checks
from audit.gate.absence import asked_tasks
from audit.gate.binding.certified import CERTIFICATE_CHECK, certificate_checks, recorded_bounds
from audit.gate.binding.registered import registered_checks
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.measured import Measured
from audit.gate.metrics_file import read_metrics
from audit.gate.progress import is_going_on
from audit.gate.rules import limits
from audit.gate.rules.expanding import expanded
from audit.gate.rules.judge import Judge
from audit.gate.waivers.budget import BUDGET_CHECK, budget_checks
from audit.gate.waivers.budget import recorded as recorded_budget
from audit.gate.waivers.judging import is_on_waiver, waive
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, not_computed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from audit.core.records import RunManifest
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import Policy, PolicyFile, Rule
    from audit.gate.rules.baseline import Baseline
    from audit.gate.waivers.waiver_file import WaiverFile
    from audit.stats.records import Records
    from audit.stats.recount import Recount

RUN_CHECK = "run/status"
"""Name of the check on the run as a whole; the first of every decision."""
POLICY_CHECK = "policy/rules"
"""Name of the check that fails to pass where no rule is left to judge."""


@collector.paused()
def decide(
    run: RunFolder,
    file: PolicyFile,
    known: Collection[str] = (),
    baseline: RunFolder | None = None,
    waivers: WaiverFile | None = None,
    today: date | None = None,
    ratings: RatedOutputs | None = None,
    numbers: Recount | None = None,
) -> Decision:
    """Judge every rule of a policy on the metrics of a run.

    Args:
        run: The run folder; nothing is written to it.
        file: The policy.
        known: Names of this installation's attribution methods. A rule on one of them, or on one of the audit's own
            tasks and probes, that the run knows nothing of is open; on any other task it is an error.
        baseline: The run that rules compare with.
        waivers: Rules that may be broken; None waives nothing.
        today: The day, UTC, for which waivers are judged; None takes that of the clock.
        ratings: What people say about outputs; None takes the database in the folder of runs. Only rules on corrected
            metrics read it.
        numbers: From :func:`audit.gate.evidence.check_files` on this run, where its files have been checked already;
            what it compared with the samples is not compared again. None checks them.

    Raises:
        EvidenceInvalid: The files of the folder contradict each other.
        ConfigError: A rule names a task, metric or slice that cannot exist, or a limit that its unit does not have; or
            it compares with a baseline, and there is none.
        RunFolderError: A folder cannot be read, or its run is still going on.
    """
    refuse_without_baseline(file, baseline)
    manifest = _ended_manifest(run)
    own = {*names.TASKS, *names.PROBES, *known}
    numbers = numbers or evidence.check_files(run)
    metrics, digest = read_metrics(run, manifest)
    measured, policy = Measured(metrics), file.policy
    other = _baseline(run, policy, baseline)
    with _naming(file):
        optional = _optional(policy, manifest, measured, own)
        rules = expanded(policy.rules, manifest, [measured, *([other.measured] if other else [])], own)
        kept = ratings or RatedOutputs.next_to(run)
        judge = Judge(run, manifest, measured, policy, other, kept, _going_on(run, manifest, file, baseline))
        checked = _checked_tasks(numbers, judge.records, rules, other)
        judged, left_out = judge.judged(rules, own, optional, checked)
    budget = recorded_budget(policy.budget)
    day = (today or datetime.now(UTC).date()) if waivers else None
    waived = waive(judged, waivers, day, manifest, file.sha256)
    checks = [run_check(manifest, measured, optional, run.path)]
    bounds = recorded_bounds(policy.certificate)
    checks += [*registered_checks(manifest, file.name, file.sha256), *budget_checks(budget, manifest)]
    checks += [*certificate_checks(bounds, manifest, judged), *waived.checks]
    checks += [*([] if judged else [nothing_judged()]), *waived.faults]
    verdict = overall(check.blocking for check in checks)
    return Decision(
        run_id=manifest.run_id,
        model_digest=manifest.model.digest,
        policy=file.name,
        policy_sha256=file.sha256,
        policy_version=policy.policy_version,
        confidence=policy.confidence,
        max_unscored=policy.max_unscored,
        optional=sorted(optional),
        metrics_sha256=digest,
        verdict=verdict,
        checks=checks,
        not_judged=[*left_out, *rule_checks.not_looked_at(rules, measured)],
        warnings=[*rule_checks.warnings(rules, measured), *limits.warnings(rules, measured)],
        budget=budget,
        certificate=bounds,
        share_error_over=policy.share_error_over,
        waiver_file=waivers.name if waivers else None,
        waivers_sha256=waivers.sha256 if waivers else None,
        judged_for=day,
        waivers=waived.judged,
        **_about_baseline(policy, other),
    )


def going_on_command(run: RunFolder, policy: str, baseline: Path | str | None) -> str:
    """The command that adds items to a run until a policy is decided.

    Args:
        run: The run.
        policy: Path or name of the policy.
        baseline: Folder or run-id of the baseline; None without one.
    """
    compared = f" --baseline {quote(str(baseline))}" if baseline else ""
    return f"audit run --until-decided {quote(policy)}{compared} --resume {quote(str(run.path))}"


def _going_on(run: RunFolder, manifest: RunManifest, file: PolicyFile, baseline: RunFolder | None) -> str:
    """The command of :func:`going_on_command`; empty where it would add no item, or refuse."""
    looks = manifest.looks
    theirs = baseline.read_manifest().run_id if baseline else None
    if looks is None or looks.decided or (looks.policy_sha256, looks.baseline) != (file.sha256, theirs):
        return ""
    return going_on_command(run, file.where, baseline.path if baseline else None)


def refuse_without_baseline(file: PolicyFile, baseline: RunFolder | None) -> None:
    """Refuse to judge rules on a baseline without one.

    Raises:
        ConfigError: There is such a rule.
    """
    rules = [rule for rule in file.policy.rules if rule.needs_baseline]
    if rules and baseline is None:
        first = f"{rules[0].target}: {rules[0].text}"
        count = "1 rule compares" if len(rules) == 1 else f"{len(rules)} rules compare"
        msg = f"{file.where}: {count} with a baseline ({first}): give the run with --baseline RUN"
        raise ConfigError(msg)


def _baseline(run: RunFolder, policy: Policy, folder: RunFolder | None) -> Baseline | None:
    """The baseline, its files checked; SciPy, which comparing needs, takes a second to import."""
    if folder is None:
        return None
    from audit.gate.rules.baseline import Baseline  # noqa: PLC0415 - see above

    return Baseline(folder, run, across=policy.across, min_aligned=policy.min_aligned, task_by_task=True)


def _about_baseline(policy: Policy, baseline: Baseline | None) -> dict[str, Any]:
    """What a decision says about its baseline."""
    if baseline is None:
        return {}
    return {
        "baseline": baseline.reference,
        "min_aligned": policy.min_aligned,
        "across": list(dict.fromkeys(policy.across)),
        "mismatches": baseline.mismatches,
    }


def _ended_manifest(run: RunFolder) -> RunManifest:
    """The manifest of a run that has ended, or was killed.

    Raises:
        RunFolderError: It cannot be read, or the run is still going on.
    """
    manifest = run.read_manifest()
    if manifest.status == "running" and is_going_on(run):
        msg = f"{run.path}: this run is still going on, or its journal is open elsewhere: judge it when it has ended"
        raise RunFolderError(msg)
    return manifest


def _checked_tasks(
    numbers: Recount | None, records: Records, rules: Sequence[Rule], baseline: Baseline | None
) -> Iterator[str]:
    """The tasks of both runs by name, each when its numbers have been found to be what its samples give.

    Values are derived again in both runs; of the judged run also the intervals that the rules are on, with those of the
    bounds that cut answers leave open. Task by task, because then samples are read once for checks and rules.

    Args:
        numbers: What compares the judged run's numbers; None if it has none.
        records: Its samples.
        rules: Rules on metrics of tasks, no patterns.
        baseline: The baseline, its files checked.

    Raises:
        EvidenceInvalid: The first number that differs.
        UsageError: A metric's definition is of a package that is not installed.
    """
    judged = {f"{rule.metric}{ending}" for rule in rules for ending in ("", IF_WRONG, IF_RIGHT)}
    tasks = {*(numbers.tasks if numbers else ()), *(baseline.tasks if baseline else ())}
    for suite, task in sorted(tasks, key=itemgetter(1, 0)):
        try:
            if numbers:
                numbers.check_task(suite, task, judged, records)
            if baseline:
                baseline.check_task(suite, task)
        except ConfigError as error:  # a definition that no package brings is not the policy's fault
            raise UsageError(str(error)) from error
        yield task


@contextmanager
def _naming(file: PolicyFile) -> Iterator[None]:
    """Errors in a policy begin with the path of its file, as typed."""
    try:
        yield
    except ConfigError as error:
        msg = f"{file.where}: {error}"
        raise ConfigError(msg) from error


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """FAIL if any fails, else INCONCLUSIVE if any is, else PASS; nothing judged is INCONCLUSIVE."""
    found = set(verdicts)
    if "FAIL" in found:
        return "FAIL"
    return "INCONCLUSIVE" if "INCONCLUSIVE" in found or not found else "PASS"


def exit_code(decision: Decision) -> int:
    """14 where a waiver takes no effect, 10 where another check than the budget's fails, 0 PASS.

    13 where an incomplete run, its certificate or its budget is why it cannot pass, 11 for other INCONCLUSIVE verdicts.
    """
    blocking = [check for check in decision.checks if check.blocking != "PASS"]
    if any(map(is_on_waiver, blocking)):
        return ExitCode.WAIVER
    if any(check.verdict == "FAIL" and check.metric != BUDGET_CHECK for check in blocking):
        return ExitCode.FAIL
    if decision.verdict == "PASS":
        return ExitCode.DONE
    incomplete = any(check.metric in {RUN_CHECK, BUDGET_CHECK, CERTIFICATE_CHECK} for check in blocking)
    return ExitCode.INCOMPLETE if incomplete else ExitCode.INCONCLUSIVE


def verdict_line(decision: Decision) -> str:
    """``2 of 12 checks fail, 1 inconclusive, 2 waived, 7 pass``; kinds that do not occur are left out."""
    verdicts = [
        "waived" if check.waived_by else check.verdict for check in decision.checks if check.severity == "block"
    ]
    words = (("FAIL", "fail"), ("INCONCLUSIVE", "inconclusive"), ("waived", "waived"), ("PASS", "pass"))
    counted = [f"{verdicts.count(verdict)} {word}" for verdict, word in words if verdict in verdicts]
    if not counted:
        return "no checks"
    number_of, _, word = counted[0].partition(" ")
    line = ", ".join([f"{number_of} of {len(verdicts)} checks {word}", *counted[1:]])
    warned = sum(check.severity == "warn" and check.verdict != "PASS" for check in decision.checks)
    return f"{line}; {warned} more of severity warn {'do' if warned > 1 else 'does'} not pass" if warned else line


def not_judged_lines(decision: Decision) -> list[str]:
    """What no rule judged: one line for all metrics without a rule, one for each rule on a task that did not run."""
    rules = [f"{one.metric} {one.rule}: optional, {one.reason}" for one in decision.not_judged if one.rule is not None]
    metrics = [one.metric for one in decision.not_judged if one.rule is None]
    return [*rules, *([f"no rule is about {', '.join(metrics)}"] if metrics else [])]


def run_check(manifest: RunManifest, measured: Measured, optional: set[str], where: Path | str | None) -> GateCheck:
    """Whether everything was measured but what is optional; a broken checkpoint fails whatever the policy asks.

    Args:
        manifest: Of the run.
        measured: Its metrics.
        optional: Tasks that the release can do without.
        where: Folder of the run, for the command that finishes it; None leaves that out.
    """
    missing = [one.task for one in manifest.not_run if one.task not in optional]
    missing += [task for task in without_metrics(manifest, measured.all) if task not in optional]
    without = [one.task for one in manifest.not_run if one.task in optional]
    certified = not (manifest.certificate and manifest.certificate.faults)
    ended = without and _ended(manifest) and certified and not not_computed(measured.all)
    complete = manifest.status == "complete" or ended
    verdict: Verdict = "PASS" if complete and not missing else "INCONCLUSIVE"
    why = f", without the optional {', '.join(without)}" if without else ""
    if manifest.broken or verdict != "PASS":
        why = f": {manifest.broken or _why_incomplete(manifest, measured, missing, where)}"
    reached: Verdict = "FAIL" if manifest.broken else verdict
    return _on_no_metric(RUN_CHECK, "status complete", reached, f"status {manifest.status}{why}")


def _ended(manifest: RunManifest) -> bool:
    """Whether a partial run came to its end: it was not killed, did not crash and was not interrupted."""
    return manifest.status == "partial" and manifest.finished is not None and not manifest.interrupted


def _why_incomplete(manifest: RunManifest, measured: Measured, missing: Sequence[str], where: Path | str | None) -> str:
    """What is missing, and what to do where something can be done."""
    resume = f"finish it with audit run --resume {quote(str(where))}" if where else ""
    if manifest.status == "running" or manifest.finished is None:
        return f"it was killed: {resume}"
    if missing:
        reasons = {one.task: f"{len(missing)} not run, first {one.task} ({one.reason})" for one in manifest.not_run}
        return reasons.get(missing[0], f"{len(missing)} left no metric, first {missing[0]}: {resume}")
    if manifest.interrupted:
        stopped_by = manifest.spent.stopped_by if manifest.spent else None
        return f"{f'its budget of {stopped_by} was spent' if stopped_by else 'interrupted'}: {resume}"
    if manifest.certificate and manifest.certificate.faults:
        return f"the certificate of the engine does not hold: {'; '.join(manifest.certificate.faults)}"
    broken = not_computed(measured.all)
    if broken:
        return f"{len(broken)} not computed, first {metric_label(broken[0])} ({broken[0].error})"
    return f"it ended early: {resume}"


def nothing_judged() -> GateCheck:
    """A policy of which no rule is left decides nothing."""
    reason = "every rule is on an optional task that did not run"
    return _on_no_metric(POLICY_CHECK, "one rule judged", "INCONCLUSIVE", reason)


def _on_no_metric(name: str, rule: str, verdict: Verdict, reason: str) -> GateCheck:
    """A check of the gate's own, which has no limits."""
    nothing = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return GateCheck(metric=name, rule=rule, verdict=verdict, reason=reason, **nothing)


def _optional(policy: Policy, manifest: RunManifest, measured: Measured, own: set[str]) -> set[str]:
    """Tasks that the release can do without: those of the policy, and those that the run's configuration marks.

    Raises:
        ConfigError: The policy names one that neither the run nor this installation knows.
    """
    if policy.optional:
        of_run = {*asked_tasks(manifest), *measured.tasks(), *(one.task for one in manifest.not_run)}
        rule_checks.check_optional(policy.optional, of_run | own)
    return {*policy.optional, *(one.task for one in manifest.not_run if one.optional)}
