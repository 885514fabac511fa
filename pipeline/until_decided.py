"""A run that goes on until a policy is decided: what it starts with, and what each look adds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import ConfigError, RunFolderError
from audit.core.records import Looks, TaskLooks
from audit.evals.choice.kinds import has_clusters, in_random_order
from audit.explain.methods.registry import METHODS
from audit.gate import evidence
from audit.gate.absence import asked_tasks
from audit.gate.decide import decide, going_on_command, refuse_without_baseline
from audit.gate.sequential.plan import FIRST, next_limits, open_checks
from audit.safety import suite as safety

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from audit.core.config import RunConfig, TaskConfig
    from audit.core.progress import Progress
    from audit.core.records import Decision, GateCheck, RunManifest, TaskResult
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile, Rule

SHOWN = 3
"""Open rules that are named at each look."""


@dataclass(frozen=True, slots=True)
class UntilDecided:
    """The policy that says how many items a run measures.

    Raises:
        ConfigError: The policy needs a baseline, and there is none.
    """

    policy: PolicyFile
    """The policy."""
    baseline: RunFolder | None = None
    """The run that its rules compare with."""

    def __post_init__(self) -> None:
        """Refuse a policy that could not be judged once the first items are measured.

        Raises:
            ConfigError: The policy needs a baseline, and there is none.
        """
        refuse_without_baseline(self.policy, self.baseline)

    def tasks(self, config: RunConfig) -> list[str]:
        """Tasks and probes that the policy has rules on, as far as they are configured, in the baseline, or named.

        Raises:
            RunFolderError: The baseline cannot be read.
        """
        manifest = self.baseline.read_manifest() if self.baseline else None
        known = [task.name for task in (*config.evals.tasks, *config.safety.tasks)]
        known += [task for task in (asked_tasks(manifest) if manifest else ()) if task not in known]
        rules = self.policy.policy.rules
        named = [rule.task for rule in rules if not rule.is_pattern and rule.task not in METHODS]
        matched = [task for task in known if task not in METHODS and any(rule.covers(task) for rule in rules)]
        return list(dict.fromkeys([*matched, *named]))

    def command(self, folder: RunFolder) -> str:
        """The command that goes on with a run."""
        return going_on_command(folder, self.policy.where, self.baseline.path if self.baseline else None)

    def begin(self, config: RunConfig) -> tuple[RunConfig, Looks]:
        """The configuration of the first look, and what is known of the tasks before it.

        Tasks with clusters are drawn by cluster, unless the baseline has other items. Other tasks have their whole
        limit at once, after the last look: groups, probes drawn by group or stratum, tasks whose items are named, and
        those that the policy has no rule on.

        Raises:
            ConfigError: A limit is a share, or there is no task to look at.
            RunFolderError: The baseline cannot be read.
        """
        theirs = self.baseline.read_manifest() if self.baseline else None
        tasks: dict[str, TaskLooks] = {}
        by_cluster: set[str] = set()
        for task in (*config.evals.tasks, *config.safety.tasks):
            rules = [rule for rule in self.policy.policy.rules if rule.covers(task.name)]
            if not rules or task.name in config.evals.samples:
                continue
            if self._can_be_drawn_by_cluster(task, rules):
                by_cluster.add(task.name)
            elif not _is_in_random_order(task, config):
                continue
            tasks[task.name] = TaskLooks(limit=0, most=_most(task, rules, theirs))
        if not tasks:
            msg = (
                f"{self.policy.where}: no task of this run can be decided early: the rules must be on one of its "
                "tasks, other than a group or one whose items are named; for items in clusters, the baseline must have "
                "all items, or be drawn with by_cluster: true: use --policy in place of --until-decided"
            )
            raise ConfigError(msg)
        looks = Looks(
            policy=self.policy.name,
            policy_sha256=self.policy.sha256,
            baseline=theirs.run_id if theirs else None,
            looks=0,
            decided=False,
            tasks=tasks,
        )
        firsts = {name: min(FIRST, one.most or FIRST) for name, one in tasks.items()}
        return with_limits(config, firsts, by_cluster), looks

    def _can_be_drawn_by_cluster(self, task: TaskConfig, rules: list[Rule]) -> bool:
        """Whether a task has clusters, and the baseline the items of those that will be drawn.

        Raises:
            RunFolderError: The baseline cannot be read.
        """
        if not _has_clusters(task):
            return False
        if self.baseline is None or not any(rule.needs_baseline for rule in rules):
            return True
        theirs = self.baseline.read_manifest()
        listed = [one for suite in ("evals", "safety") for one in (theirs.config.get(suite) or {}).get("tasks", [])]
        if any(one.get("name") == task.name and one.get("by_cluster") for one in listed):
            return True
        counts = [len(self.baseline.read_samples(*one)) for one in self.baseline.tasks() if one[1] == task.name]
        return sum(counts) >= theirs.items_available.get(task.name, math.inf)

    def goes_on(self, folder: RunFolder) -> bool:
        """Whether a run is to be looked at again.

        Raises:
            RunFolderError: It was begun with another policy or baseline, or without looks, or is a replay.
        """
        manifest, name = folder.read_manifest(), folder.path.name
        looks = manifest.looks
        if manifest.replay_of:
            msg = f"{name}: a replay has the items of its run: resume it without --until-decided"
            raise RunFolderError(msg)
        if looks is None:
            msg = f"{name}: its size was fixed when it began: resume it without --until-decided"
            raise RunFolderError(msg)
        if looks.policy_sha256 != self.policy.sha256:
            msg = f"{name}: it was looked at with another policy, {looks.policy}: resume it with that one"
            raise RunFolderError(msg)
        theirs = self.baseline.read_manifest().run_id if self.baseline else None
        if looks.baseline != theirs:
            msg = f"{name}: its baseline is {looks.baseline or 'none'}, not {theirs or 'none'}: give that one"
            raise RunFolderError(msg)
        return not looks.decided

    def look(self, folder: RunFolder, config: RunConfig, progress: Progress) -> RunConfig | None:
        """Judge the rules on what is measured, and write down that it was done.

        Args:
            folder: The run, as if it had been interrupted.
            config: What was measured up to now.
            progress: Shows what is open.

        Returns:
            The configuration of the next look; None where nothing is open that more items could decide.
        """
        manifest = folder.read_manifest()
        decision = decide(folder, self.policy, METHODS, self.baseline)
        looks = manifest.looks
        if looks is None:
            return None
        limits = next_limits(decision.checks, looks.tasks)
        decided = not any(one.blocking == "INCONCLUSIVE" for one in _rules(decision, looks))
        looks = looks.model_copy(update={"looks": looks.looks + 1, "decided": decided})
        evidence.seal(folder, manifest.model_copy(update={"looks": looks}))
        progress.step(_said(looks, open_checks(decision.checks, looks.tasks), limits, decision))
        return with_limits(config, limits) if limits else None


def refuse_without_policy(folder: RunFolder) -> None:
    """Refuse to finish a run that was to go on until a policy is decided, and is not.

    A replay has the items of its run, decided or not.

    Raises:
        RunFolderError: It is such a run; the message gives the command that goes on.
    """
    manifest = folder.read_manifest()
    looks = manifest.looks
    if looks is None or looks.decided or manifest.replay_of:
        return
    command = going_on_command(folder, looks.policy, looks.baseline)
    msg = f"{folder.path.name}: it was to go on until its policy is decided: {command}"
    raise RunFolderError(msg)


def with_limits(config: RunConfig, limits: dict[str, int], by_cluster: Collection[str] = ()) -> RunConfig:
    """The configuration with these limits of tasks, by name, and these tasks drawn by cluster."""

    def changed(task: TaskConfig) -> TaskConfig:
        limit, clusters = limits.get(task.name, task.limit), task.by_cluster or task.name in by_cluster
        return task.model_copy(update={"limit": limit, "by_cluster": clusters})

    update: dict[str, Any] = {
        name: getattr(config, name).model_copy(
            update={"tasks": [changed(task) for task in getattr(config, name).tasks]}
        )
        for name in ("evals", "safety")
    }
    return config.model_copy(update=update)


def changed_tasks(before: RunConfig, after: RunConfig) -> set[str]:
    """Tasks whose limits differ."""
    limits = {task.name: task.limit for task in (*before.evals.tasks, *before.safety.tasks)}
    return {task.name for task in (*after.evals.tasks, *after.safety.tasks) if task.limit != limits[task.name]}


def only(config: RunConfig, tasks: set[str], *, looked_at: bool) -> RunConfig:
    """The configuration with some of its tasks alone.

    Args:
        config: With all of them.
        tasks: Those to keep.
        looked_at: Whether they are looked at; otherwise their items may be named.
    """
    update = {
        "evals": {
            "tasks": [task for task in config.evals.tasks if task.name in tasks],
            "samples": {} if looked_at else config.evals.samples,
        },
        "safety": {"tasks": [task for task in config.safety.tasks if task.name in tasks]},
    }
    return config.model_copy(
        update={name: getattr(config, name).model_copy(update=fields) for name, fields in update.items()}
    )


def again(run: RunFolder, config: RunConfig) -> Looks | None:
    """The looks of a run that is made again: they decided how many items it has, and so how many its replay has.

    Args:
        run: The run.
        config: What is measured of it.

    Raises:
        RunFolderError: It cannot be read.
    """
    looks = run.read_manifest().looks
    if looks is None:
        return None
    names = {task.name for task in (*config.evals.tasks, *config.safety.tasks)}
    kept = {name: one.model_copy(update={"limit": 0}) for name, one in looks.tasks.items() if name in names}
    return looks.model_copy(update={"tasks": kept}) if kept else None


def measured_up_to(looks: Looks, config: RunConfig, fresh: set[str], results: Iterable[TaskResult]) -> Looks:
    """The looks, with the limits that tasks are measured up to.

    Args:
        looks: As before.
        config: What was measured.
        fresh: Tasks that were measured under it.
        results: What was measured.
    """
    limits = {task.name: task.limit for task in (*config.evals.tasks, *config.safety.tasks)}
    tasks, found = dict(looks.tasks), {one.task: one for one in results if one.items_available is not None}
    for name in looks.tasks.keys() & fresh & found.keys():
        size, limit = found[name].items_available or 0, limits.get(name)
        reached = size if limit is None or limit == "all" else min(size, int(limit))
        most = size if tasks[name].most is None else min(size, tasks[name].most or size)
        update = {"limit": reached, "most": most, "largest_cluster": found[name].largest_cluster}
        tasks[name] = tasks[name].model_copy(update=update)
    return looks.model_copy(update={"tasks": tasks})


def _is_in_random_order(task: TaskConfig, config: RunConfig) -> bool:
    """Whether a larger limit of a task adds independent items in one random order."""
    if task.file is None and task.name in safety.TASKS:
        return safety.in_random_order(task.name)
    return in_random_order(task, tuple(config.evals.include_path))


def _has_clusters(task: TaskConfig) -> bool:
    """Whether the items of a task are in clusters, which can be drawn as a whole."""
    if task.file is None and task.name in safety.TASKS:
        return safety.has_clusters(task.name)
    return has_clusters(task)


def _most(task: TaskConfig, rules: list[Rule], baseline: RunManifest | None) -> int | None:
    """Greatest limit of a task: its own, and that of the baseline, beyond which nothing can be compared.

    Raises:
        ConfigError: One is a share.
    """
    limits = [task.limit]
    if baseline is not None and any(rule.needs_baseline for rule in rules):
        limits += [
            one.get("limit")
            for suite in ("evals", "safety")
            for one in (baseline.config.get(suite) or {}).get("tasks", [])
            if one.get("name") == task.name
        ]
    counts = [limit for limit in limits if limit is not None and limit != "all"]
    share = next((limit for limit in counts if limit < 1), None)
    if share is not None:
        msg = f"--until-decided: the limit of {task.name} is {share}: give a number of items, or all, in both runs"
        raise ConfigError(msg)
    return min(int(limit) for limit in counts) if counts else None


def _rules(decision: Decision, looks: Looks) -> list[GateCheck]:
    """The checks on tasks that were looked at."""
    return [one for one in decision.checks if one.task in looks.tasks]


def _said(looks: Looks, open_: list[GateCheck], limits: dict[str, int], decision: Decision) -> str:
    """What a look showed, in one line."""
    judged = _rules(decision, looks)
    counts = [f"{sum(one.verdict == word for one in judged)} {word}" for word in ("PASS", "FAIL", "INCONCLUSIVE")]
    line = f"look {looks.looks}: {', '.join(counts)}"
    if not limits:
        why = "every blocking rule is decided" if looks.decided else "more items could decide none of the open rules"
        return f"{line}: {why}"
    names = ", ".join(f"{one.metric} {one.rule}" for one in open_[:SHOWN])
    more = f" and {len(open_) - SHOWN} more" if len(open_) > SHOWN else ""
    following = ", ".join(f"{task} to {limit}" for task, limit in limits.items())
    return f"{line}; open: {names}{more}; goes on with {following}"
