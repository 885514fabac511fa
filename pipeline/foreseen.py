"""The rules of a policy on what a run will measure, before it does: a misspelt rule would cost the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, did_you_mean
from audit.core.names import FORCED, PERTURBED
from audit.core.text import named
from audit.evals.catalogue import own_tasks
from audit.evals.choice.kinds import is_group
from audit.evals.robustness.metrics import NAMES
from audit.explain.methods.registry import methods
from audit.explain.run.suite import DRIVERS
from audit.gate import rule_checks
from audit.gate.measured import Measured
from audit.gate.rules import limits
from audit.gate.rules.expanding import clauses
from audit.pipeline.plugins import with_plugins
from audit.safety import suite as safety

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import RunConfig, TaskConfig
    from audit.gate.policy import Policy, PolicyFile, Rule


def unmeasured_rules(file: PolicyFile, config: RunConfig) -> list[str]:
    """Rules that the run will leave open, one line each: it does not include their task, or may lack their metric.

    Rules that the gate would refuse are refused by its own functions, on the metrics that tasks and probes declare. Of
    tasks of lm-eval, groups, task files and the user's questions it is not known before the run which metrics they
    have, and which tasks a group has: nothing is said of rules on them. Categories of a slice are those of the probe's
    data; where these cannot be read, nothing is said of rules on slices.

    Args:
        file: The policy.
        config: Of the run.

    Raises:
        ConfigError: A rule names a task, metric or slice that the run cannot have, or asks for what its metric does
            not have, so that the gate would refuse the policy.
    """
    foreseen = _Foreseen(with_plugins(config), file.policy)
    try:
        foreseen.check_optional()
        lines = [line for rule in file.policy.rules for one in clauses(rule) if (line := foreseen.why_open(one))]
    except ConfigError as error:
        msg = f"{file.where}: {error}"
        raise ConfigError(msg) from error
    return [f"{file.where}: {line}" for line in dict.fromkeys(lines)]


class _Foreseen:
    """What is known of a run's tasks and metrics before it begins.

    Args:
        config: Of the run.
        policy: That it will be judged under.
    """

    def __init__(self, config: RunConfig, policy: Policy) -> None:
        include = tuple(config.evals.include_path)
        tasks = (*config.evals.tasks, *config.safety.tasks)
        self._tasks = {task.name: _metrics(task) for task in tasks}
        if config.evals.samples_per_item > 1:  # then there are further metrics
            self._tasks |= {task.name: (self._tasks[task.name][0], False) for task in config.evals.tasks}
        explained = [*config.explain.methods, *([DRIVERS] if config.explain.drivers else [])]
        self._tasks |= {name: (set(), False) for name in explained}
        if config.evals.robustness.perturbations:
            self._tasks |= {f"{task.name}{PERTURBED}": (set(NAMES), False) for task in config.evals.tasks}
        if config.evals.thinking_budgets:  # each has a metric of its task
            self._tasks |= {f"{task.name}{FORCED}": (set(), False) for task in config.evals.tasks}
        self._probes = {task.name for task in config.safety.tasks}
        self._open = any(_is_group(task, include) for task in config.evals.tasks)
        self._optional = policy.optional
        again = (f"{name}{ending}" for name in own_tasks() for ending in (PERTURBED, FORCED))
        self._installed = {*own_tasks(), *again, *safety.TASKS, *methods()}

    def check_optional(self) -> None:
        """Refuse optional tasks that nobody knows; of those of a group the names are not known.

        Raises:
            ConfigError: One is.
        """
        if not self._open:
            rule_checks.check_optional(self._optional, {*self._tasks, *self._installed})

    def why_open(self, rule: Rule) -> str | None:
        """Why the run will leave a rule on one thing open; None where it may not.

        Raises:
            ConfigError: The run cannot have its metric or slice, or the metric not what the rule asks for.
        """
        last = rule.metric.rpartition("/")[2]
        mine = {task: found for task, found in self._tasks.items() if rule.covers(task)}
        if mine:
            why = self._without_metric(rule, last, [*mine.values()])
            for task in [task for task, (names, _) in mine.items() if last in names]:
                self._check(rule.model_copy(update={"metric": f"{task}/{last}"}))
            return why
        if self._open or rule.task in self._optional:
            return None
        if any(rule.covers(task) for task in self._installed):
            return f"{named(rule.metric)} will not be measured: {_no_task(rule)}"
        hint = did_you_mean(rule.metric, sorted(f"{task}/{last}" for task in {*self._tasks, *self._installed}))
        msg = f"unknown metric '{named(rule.metric)}': {_no_task(rule)}, and there is none of that name.{hint}"
        raise ConfigError(msg)

    def _check(self, rule: Rule) -> None:
        """Refuse what the gate will refuse of a rule on a metric that its task declares.

        Raises:
            ConfigError: It will.
        """
        own = own_tasks().get(rule.task)
        of_benchmark = own.metrics if own else None
        declared = safety.foreseen_metrics(rule.task) if rule.task in self._probes else of_benchmark
        if declared is None:
            return
        # The gate asks nothing of a metric without a value; which value it is does not matter to these checks.
        measured = Measured(metric.model_copy(update={"value": 0.0, "error": None}) for metric in declared)
        complete = self._tasks[rule.task][1]
        if complete:
            limits.check_rule(rule, measured, None)
        else:  # further metrics of the same name may have other slices
            limits.check_asked(rule, measured, None)

    def _without_metric(self, rule: Rule, last: str, mine: list[tuple[set[str], bool]]) -> str | None:
        """Why no task that a rule covers will have its metric; None where one may."""
        known = {name for names, _ in mine for name in names}
        if last in known:
            return None
        hint = did_you_mean(last, sorted(known))
        complete = all(whole for _, whole in mine) and not self._open
        if complete and (hint or not rule.is_pattern):
            msg = f"unknown metric '{named(rule.metric)}': {named(rule.task)} has {', '.join(sorted(known))}.{hint}"
            raise ConfigError(msg)
        if complete:
            return f"{named(rule.metric)} will not be measured: no task that {named(rule.task)} matches has it"
        return f"{named(rule.metric)} may not be measured: check its name.{hint}" if hint else None


def _is_group(task: TaskConfig, include: tuple[Path, ...]) -> bool:
    return task.file is None and task.name not in own_tasks() and is_group(task.name, include)


def _no_task(rule: Rule) -> str:
    """That the run has no task of a rule."""
    task = named(rule.task)
    return f"no task of the run matches {task}" if rule.is_pattern else f"the run does not include {task}"


def _metrics(task: TaskConfig) -> tuple[set[str], bool]:
    """Names of a task's metrics as far as they are known, and whether these are all."""
    if task.file is None and task.name in own_tasks():
        return {metric.metric for metric in own_tasks()[task.name].metrics}, True
    if task.file is None and task.name in safety.TASKS:
        return safety.metric_names(task.name)
    return set(), False
