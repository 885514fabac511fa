"""What a run leaves open of what its policy and its configuration ask for, and what would settle it.

A reader who sees only numbers cannot see the missing ones. Nothing here is a number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from shlex import quote
from typing import TYPE_CHECKING

from audit.core.contradictions import without_metrics
from audit.core.formatting import metric_label, number
from audit.core.words import full_title, task_title
from audit.gate.absence import asked_tasks
from audit.gate.binding.registered import REGISTERED_CHECK
from audit.gate.decide import POLICY_CHECK, RUN_CHECK
from audit.gate.waivers.budget import BUDGET_CHECK
from audit.reports.command_text import commands_in
from audit.reports.lost_metrics import lost_metrics
from audit.stats.aggregate import UNSCORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Decision, GateCheck, Metric, RunManifest


RULE = "the policy"
CONFIGURATION = "the configuration"
NOBODY = "nothing"


@dataclass(frozen=True, slots=True)
class Unassessed:
    """Something that was not assessed."""

    what: str
    """Task, metric or rule."""
    needed_by: str
    """What asks for it: the policy, the configuration, nothing."""
    why: str
    """Why it is open."""
    settled_by: str
    """What would settle it."""
    title: str = ""
    """Titles of task and metric, with what of it is open; empty where the run has none."""

    @property
    def said(self) -> str:
        """What to call it in a sentence."""
        return self.title or self.what


def not_assessed(manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None) -> list[Unassessed]:
    """What is open, each thing once: rules first, then tasks and metrics, then what nobody asked for.

    Args:
        manifest: Of the run.
        metrics: Of the run.
        decision: The gate's verdict on them; None where there is none.
    """
    gaps = [*_rules(manifest, metrics, decision), *_tasks(manifest, metrics), *_numbers(manifest, metrics)]
    gaps += _without_rule(decision)
    once: dict[str, Unassessed] = {}
    for gap in gaps:
        once.setdefault(gap.what, gap)
    titles = {metric_label(one): full_title(manifest, one) for one in metrics if one.words}
    titles |= {task: task_title(manifest, task) for task in manifest.words}
    return [_titled(gap, titles) for gap in once.values()]


def _titled(gap: Unassessed, titles: Mapping[str, str]) -> Unassessed:
    """With the title of the metric or task that it begins with or is about."""
    for name, title in titles.items():
        if gap.what == name or gap.what.startswith(f"{name} "):
            rule = gap.what.removeprefix(name).strip()
            return replace(gap, title=f"{title}, {rule}" if rule else title)
        if gap.what == f"uncertainty of {name}":
            return replace(gap, title=f"Uncertainty of {title}")
    return gap


def _resume(manifest: RunManifest) -> str:
    """What measures the rest of a run; of a broken checkpoint nothing does."""
    return (
        "another checkpoint: this one is broken" if manifest.broken else f"audit run --resume {quote(manifest.run_id)}"
    )


def _rules(manifest: RunManifest, metrics: Sequence[Metric], decision: Decision | None) -> list[Unassessed]:
    """Rules that the gate left open, and those on optional tasks that did not run."""
    if decision is None:
        how = f"audit gate {quote(manifest.run_id)} --policy FILE"
        return [Unassessed("the release as a whole", RULE, "there is no verdict on these numbers", how)]
    ran = {metric.task for metric in metrics}
    opened = [check for check in decision.checks if check.verdict == "INCONCLUSIVE" and check.metric != RUN_CHECK]
    gaps = [
        Unassessed(f"{check.metric} {check.rule}", RULE, check.reason, _settling(check, manifest, ran))
        for check in opened
    ]
    optional = [one for one in decision.not_judged if one.rule is not None]
    return [
        *gaps,
        *(
            Unassessed(f"{one.metric} {one.rule}", RULE, f"optional: {one.reason}", _getting(one.task, manifest))
            for one in optional
        ),
    ]


def _settling(check: GateCheck, manifest: RunManifest, ran: set[str]) -> str:
    """What settles an open rule: the missing task, or what the gate's reason says."""
    on_a_task = check.metric not in {BUDGET_CHECK, POLICY_CHECK, REGISTERED_CHECK}
    if on_a_task and check.task not in ran:
        return _getting(check.task, manifest)
    return "; ".join(commands_in(check.reason)) or "see why it is open"


def _getting(task: str, manifest: RunManifest) -> str:
    """How a task that did not run gets measured."""
    if any(one.task == task for one in (*manifest.not_run, *manifest.left_out)) or task in asked_tasks(manifest):
        return f"supply what is missing, then {_resume(manifest)}"
    return f"a run with this task: audit run --tasks {quote(task)}"


def _tasks(manifest: RunManifest, metrics: Sequence[Metric]) -> list[Unassessed]:
    """Tasks of the configuration that the run lacks."""
    missing = [(one.task, one.reason) for one in (*manifest.not_run, *manifest.left_out)]
    missing += [(task, "it left no metric") for task in without_metrics(manifest, metrics)]
    return [Unassessed(task, CONFIGURATION, reason, _getting(task, manifest)) for task, reason in missing]


def _numbers(manifest: RunManifest, metrics: Sequence[Metric]) -> list[Unassessed]:
    """Metrics without a value, primary ones without an interval, samples without a score."""
    metrics = sorted(metrics, key=lambda metric: (metric.task, metric_label(metric)))
    gaps = [
        Unassessed(lost.label, CONFIGURATION, f"not computed: {lost.why}", _resume(manifest))
        for lost in lost_metrics(metrics)
    ]
    gaps += [
        Unassessed(
            f"uncertainty of {metric_label(metric)}", CONFIGURATION, f"no interval: {metric.no_interval}", "more items"
        )
        for metric in metrics
        if metric.primary and metric.value is not None and metric.no_interval
    ]
    unscored = [metric for metric in metrics if metric.metric == UNSCORED and metric.value and not metric.slice]
    return gaps + [
        Unassessed(
            f"{number(metric.value, 'count')} of {metric.n:,} samples of {metric.task}",
            CONFIGURATION,
            "they could not be scored: no metric includes them",
            "a new run" if manifest.status == "complete" else _resume(manifest),
        )
        for metric in unscored
    ]


def _without_rule(decision: Decision | None) -> list[Unassessed]:
    """Numbers that no rule is about: they were measured, and nobody said which values are good."""
    if decision is None:
        return []
    return [
        Unassessed(one.metric, NOBODY, "measured, but no rule of the policy is about it", f"a rule on {one.metric}")
        for one in decision.not_judged
        if one.rule is None
    ]
