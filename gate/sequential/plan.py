"""Which tasks get more items next, and how many: those that the open rules need, about as many as they need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.core.records import GateCheck, TaskLooks

FIRST = 50
"""Items of each task at the first look."""
LEAST, MOST = 1.25, 2.0
"""By how much the items of a task grow from look to look: each look takes time, and an estimate may be wrong."""
RESERVE = 1.1
"""More items than estimated: a look that comes a little too early costs another one."""


def open_checks(checks: Iterable[GateCheck], tasks: Mapping[str, TaskLooks]) -> list[GateCheck]:
    """Blocking rules that more items of their task can decide.

    Args:
        checks: All of a decision.
        tasks: The tasks that can get more items.
    """
    return [
        one
        for one in checks
        if one.blocking == "INCONCLUSIVE"
        and one.sequential is not None
        and not one.sequential.last
        and one.task in tasks
        and has_more(tasks[one.task])
    ]


def has_more(task: TaskLooks) -> bool:
    """Whether a task can get more items."""
    return task.most is None or task.limit < task.most


def next_limits(checks: Iterable[GateCheck], tasks: Mapping[str, TaskLooks]) -> dict[str, int]:
    """The limits of the tasks that get more items before the next look; empty if nothing is open.

    Rules that only all items of a task can decide wait until no other rule is open: the others may have decided the
    policy by then.

    Args:
        checks: All of a decision.
        tasks: The tasks that can get more items.
    """
    open_ = open_checks(checks, tasks)
    early = [one for one in open_ if one.sequential and one.sequential.items]
    if not early:
        return {one.task: _all_of(tasks[one.task]) for one in open_}
    wanted: dict[str, float] = {}
    for one in early:
        wanted[one.task] = min(wanted.get(one.task, math.inf), _growth(one))
    return {task: min(_all_of(tasks[task]), _larger(tasks[task], by)) for task, by in wanted.items()}


def _larger(task: TaskLooks, by: float) -> int:
    """The limit that grows by a factor; by a whole cluster at least, where whole ones are drawn."""
    return max(math.ceil(task.limit * by - 1e-9), task.limit + (task.largest_cluster or 0))


def _growth(check: GateCheck) -> float:
    """By how much the task of an open rule has to grow."""
    found = check.sequential
    if found is None or found.needed is None or not found.items:
        return MOST
    return min(max(RESERVE * found.needed / found.items, LEAST), MOST)


def _all_of(task: TaskLooks) -> int:
    """The limit that takes all items."""
    return task.most if task.most is not None else max(1, task.limit) * 2
