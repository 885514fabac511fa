"""The rules of a policy one by one: each on one metric, asking for one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError, did_you_mean
from audit.core.text import named
from audit.stats.aggregate import TRUNCATED_OUTPUTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from audit.core.records import RunManifest
    from audit.gate.measured import Measured
    from audit.gate.policy import Rule

NOTHING: dict[str, Any] = {
    "min": None,
    "max": None,
    "no_worse_than_baseline": None,
    "better_than_baseline": False,
    "max_gap": None,
    "max_truncated": None,
    "corrected": None,
}
"""A rule that asks for nothing."""
FIELDS = {
    "range": ("min", "max"),
    "no_worse": ("no_worse_than_baseline",),
    "better": ("better_than_baseline",),
    "gap": ("max_gap",),
    "truncated": ("max_truncated",),
    "corrected": ("min", "max", "corrected"),
}
"""What a rule of each kind asks for."""


def expanded(
    rules: Iterable[Rule], manifest: RunManifest, runs: Iterable[Measured], own: Collection[str]
) -> list[Rule]:
    """Every rule on one metric that asks for one thing, in the order of the policy.

    A pattern stands for the metrics of that name in either run, and for tasks that did not run or broke: what they
    would have given is open. A pattern that only tasks of this installation match stays as it is, to be reported as not
    measured.

    Args:
        rules: Of the policy.
        manifest: Of the judged run.
        runs: Metrics of the judged run, and of the baseline if there is one.
        own: Names of the audit's own tasks, probes and methods.

    Raises:
        ConfigError: A pattern matches no task, or its metric is a misspelling of one that a task has.
    """
    known = list(runs)
    return [one for rule in rules for concrete in _on_metrics(rule, manifest, known, own) for one in clauses(concrete)]


def clauses(rule: Rule) -> Iterator[Rule]:
    """A rule for each thing that a rule asks for; one on cut answers is on the count of its task."""
    for kind in rule.kinds:
        asked = NOTHING | {name: getattr(rule, name) for name in FIELDS[kind]}
        if kind == "truncated":
            asked["metric"] = f"{rule.task}/{TRUNCATED_OUTPUTS}"
        yield rule.model_copy(update=asked)


def _on_metrics(rule: Rule, manifest: RunManifest, runs: list[Measured], own: Collection[str]) -> list[Rule]:
    """The rule on every metric that its pattern stands for."""
    if not rule.is_pattern:
        return [rule]
    last = rule.metric.rpartition("/")[2]
    found = {metric.name for run in runs for metric in run.all if metric.metric == last and rule.covers(metric.task)}
    found |= {f"{task}/{last}" for task in _without_result(manifest, runs[0]) if rule.covers(task)}
    if found:
        return [rule.model_copy(update={"metric": name}) for name in sorted(found)]
    if any(rule.covers(task) for task in own):
        _refuse_misspelt(rule, last, runs)
        return [rule]
    names = {f"{task}/{last}" for task in runs[0].tasks()}
    hint = did_you_mean(rule.metric, sorted(names | {metric.name for metric in runs[0].all}))
    msg = f"{named(rule.metric)}: no task of the run has such a metric, and none that did not run matches.{hint}"
    raise ConfigError(msg)


def _refuse_misspelt(rule: Rule, last: str, runs: list[Measured]) -> None:
    """Refuse the name of a metric that is nearly one of a task that the pattern covers.

    A task of this installation that did not run may have a metric that no other task has: such a rule is open.

    Raises:
        ConfigError: It is.
    """
    known = sorted({metric.metric for run in runs for metric in run.all if rule.covers(metric.task)})
    hint = did_you_mean(last, known)
    if hint:
        none = f"no task that {named(rule.task)} matches has a metric '{named(last)}'"
        msg = f"unknown metric '{named(rule.metric)}': {none}.{hint}"
        raise ConfigError(msg)


def _without_result(manifest: RunManifest, measured: Measured) -> set[str]:
    """Tasks of benchmarks and probes that were asked for and left no metric, or broke."""
    asked = {
        task["name"]
        for suite in ("evals", "safety")
        for task in (manifest.config.get(suite) or {}).get("tasks", [])
        if "name" in task
    }
    asked |= {one.task for one in manifest.not_run if one.suite != "explain"} | {one.task for one in manifest.left_out}
    broke = {one.task for one in measured.all if one.value is None and one.slice is None and one.suite != "explain"}
    return {task for task in asked if not measured.of_task(task)} | broke
