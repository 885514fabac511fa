"""Why a run lacks the metric of a rule: a reason where it could have had it, an error where it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError, did_you_mean
from audit.core.text import named

if TYPE_CHECKING:
    from collections.abc import Collection

    from audit.core.records import RunManifest
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule


def why_absent(rule: Rule, manifest: RunManifest, measured: Measured, own: Collection[str]) -> str:
    """Why the run lacks the metric of a rule.

    What went wrong first comes first: the checkpoint, then the task, then the run, then what was asked for.

    Args:
        rule: Whose metric the run lacks.
        manifest: Of the run.
        measured: Its metrics.
        own: Names of the audit's own tasks, probes and methods.

    Raises:
        ConfigError: No run could have the metric: the name is wrong.
    """
    reason = (
        _checkpoint_broke(manifest)
        or _task_left_others(rule.task, measured)
        or _task_did_not_run(rule.task, manifest)
        or _task_was_left_out(rule.task, manifest)
        or _run_ended_before(rule.task, manifest)
    )
    if reason:
        return reason
    if rule.task in own:
        return f"the run did not include the task {named(rule.task)}"
    raise _unknown(rule, measured, own)


def asked_tasks(manifest: RunManifest) -> set[str]:
    """Names of the tasks and explanation methods that the run's configuration lists."""
    names: set[str] = set()
    for suite in ("evals", "safety"):
        section: dict[str, Any] = manifest.config.get(suite) or {}
        names |= {task["name"] for task in section.get("tasks", []) if "name" in task}
    return names | set((manifest.config.get("explain") or {}).get("methods", []))


def _checkpoint_broke(manifest: RunManifest) -> str | None:
    return "nothing was measured: the checkpoint is broken" if manifest.broken else None


def _task_left_others(task: str, measured: Measured) -> str | None:
    """A task that left other metrics broke, or only the baseline's has it: a name that none has was refused before."""
    mine = measured.of_task(task)
    if not mine:
        return None
    errors = [metric.error for metric in mine if metric.value is None and metric.slice is None]
    return f"the task broke: {errors[0] or 'no reason given'}" if errors else "the task has no such metric or slice"


def _task_did_not_run(task: str, manifest: RunManifest) -> str | None:
    reason = next((one.reason for one in manifest.not_run if one.task == task), None)
    return None if reason is None else f"the task did not run: {reason}"


def _task_was_left_out(task: str, manifest: RunManifest) -> str | None:
    """The run's own remark on a task of a group that it left out."""
    return next((one.left_out_text for one in manifest.left_out if one.task == task), None)


def _run_ended_before(task: str, manifest: RunManifest) -> str | None:
    if task not in asked_tasks(manifest):
        return None
    if manifest.status == "running":  # a run that goes on is not judged
        how = "was killed"
    elif manifest.interrupted:
        how = "was interrupted"
    else:
        how = "failed" if manifest.status == "failed" else "ended"
    return f"the run {how} before {task} was measured: run/status says how to finish it"


def _unknown(rule: Rule, measured: Measured, own: Collection[str]) -> ConfigError:
    """A name that neither the run nor this installation has, with the nearest one that exists."""
    last = rule.metric.rpartition("/")[2]
    possible = {metric.name for metric in measured.all} | {f"{name}/{last}" for name in own}
    hint = did_you_mean(rule.metric, sorted(possible))
    reason = f"neither the run nor this installation has a task '{named(rule.task)}'"
    return ConfigError(f"unknown metric '{named(rule.metric)}': {reason}.{hint}")
