"""Which rules are on tasks that were looked at, in the judged run or its baseline, and whether all items are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.core.records import GateCheck, RunManifest, TaskLooks
    from audit.gate.policy import Rule


class Looked:
    """The looks at the judged run and its baseline.

    Whoever looks at a run and stops it when its results are clear has chosen its size by its results. That stays so
    whatever policy judges it afterwards.

    Args:
        run: Manifest of the judged run.
        baseline: Manifest of the baseline; None without one.
    """

    def __init__(self, run: RunManifest, baseline: RunManifest | None) -> None:
        self._run = run.looks.tasks if run.looks else {}
        self._baseline = baseline.looks.tasks if baseline and baseline.looks else {}

    def concerns(self, rule: Rule) -> bool:
        """Whether a rule is judged by evidence that holds whenever one looks.

        Rules on a baseline share one error: where one of them was looked at, all have their part of it.
        """
        if rule.needs_baseline:
            return bool(self._run or self._baseline)
        return rule.task in self._run

    def at_task(self, rule: Rule) -> bool:
        """Whether a rule's own task was looked at."""
        return bool(self._sides(rule))

    def at_baseline(self, task: str) -> bool:
        """Whether a task of the baseline was looked at."""
        return task in self._baseline

    def largest_cluster(self, task: str) -> int | None:
        """Items of the largest cluster in a task's data set, where the judged run drew whole clusters."""
        return self._run[task].largest_cluster if task in self._run else None

    def largest_cluster_of_baseline(self, task: str) -> int | None:
        """The same of the baseline."""
        return self._baseline[task].largest_cluster if task in self._baseline else None

    def is_complete(self, rule: Rule) -> bool:
        """Whether the task has as many items as was fixed before the first look, and no more."""
        return all(one.most is not None and one.limit == one.most for one in self._sides(rule))

    def limit_of_more(self, rule: Rule, needed: int | None, available: Mapping[str, int]) -> int | None:
        """The limit that adds the items which a rule on a task of the judged run needs.

        Args:
            rule: The rule.
            needed: Items that would decide it; None: all that were fixed before the first look.
            available: Items of the data set of each task.

        Returns:
            None where the task has all of its items, and where the limit would give another task more than were fixed
            for it, which has no last look then.
        """
        mine = self._run.get(rule.task)
        if mine is None or mine.most is None or mine.limit >= mine.most:
            return None
        limit = min(needed or mine.most, mine.most)
        beyond = [name for name, one in self._run.items() if one.most is not None and one.most < limit]
        return None if any(available.get(name, limit) > (self._run[name].most or 0) for name in beyond) else limit

    def _sides(self, rule: Rule) -> Sequence[TaskLooks]:
        runs = (self._run, self._baseline) if rule.needs_baseline else (self._run,)
        return [run[rule.task] for run in runs if rule.task in run]


def is_looked_at(check: GateCheck, manifest: RunManifest) -> bool:
    """Whether a check has to be one by evidence that holds whenever one looks, as far as the judged run shows."""
    if check.sequential is not None:
        return True
    if manifest.looks is None:
        return False
    return check.kind in ("no_worse", "better") or check.task in manifest.looks.tasks


def family_of(rule: Rule, rules: Iterable[Rule]) -> int:
    """Rules of which any may fail by chance together with this one, itself included.

    The families are those of a run whose size was fixed: all blocking rules on the baseline, and all slices of a
    metric with limits.
    """
    if rule.needs_baseline:
        family = sum(one.needs_baseline and one.severity == "block" for one in rules)
        return max(1, family)
    if rule.kind != "range" or not rule.slice:
        return 1
    return max(1, len({one.target for one in rules if one.kind == "range" and one.slice and one.metric == rule.metric}))
