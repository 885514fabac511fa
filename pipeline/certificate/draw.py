"""Which items of a run are asked again for its certificate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.core.names import check_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import TaskResult

GROWTH = 1.25
"""Factor by which the share of items grows until it holds enough requests."""


def draw(config: RunConfig, results: Sequence[TaskResult]) -> RunConfig:
    """The configuration of the part that is asked again: the first items of each task's random order.

    A task's items come in an order drawn with the run's seed, and a smaller limit takes the first ones of a larger
    limit's: so they are a random part of the run's. The same share of each task is taken, one item at least, and the
    share grows until the items have enough requests.

    Args:
        config: Of the run.
        results: Those with items that can be asked again.
    """
    share = config.certificate.share
    least = max(config.certificate.least, config.certificate.bounds.least)
    while share < 1 and _requests(results, share) < least:
        share = min(1.0, share * GROWTH)
    sizes = {result.task: math.ceil(share * len(result.samples)) for result in results}
    named = {_plain(task) for task in (*config.evals.tasks, *config.safety.tasks)}
    of_group = max((size for task, size in sizes.items() if task not in named), default=0)
    benchmarks = [task for task in config.evals.tasks if task.file or check_of(task.name) is None]
    evals_part = {
        "tasks": _smaller(benchmarks, sizes, of_group),
        "samples": {task: ids[: sizes[task]] for task, ids in config.evals.samples.items() if task in sizes},
        "robustness": config.evals.robustness.model_copy(update={"perturbations": []}),
        "thinking_budgets": [],
    }
    safety_part = {"tasks": _smaller(config.safety.tasks, sizes, 0)}
    parts = {
        "evals": config.evals.model_copy(update=evals_part),
        "safety": config.safety.model_copy(update=safety_part),
    }
    return config.model_copy(update=parts)


def _smaller(tasks: Sequence[TaskConfig], sizes: Mapping[str, int], of_group: int) -> list[TaskConfig]:
    """Tasks with their smaller limit, those of groups with one for each member; those without items are left out."""
    smaller = []
    for task in tasks:
        size = sizes.get(_plain(task), of_group)
        if task.limit not in {None, "all"} and float(task.limit or 0) >= 1:
            size = min(size, int(task.limit or 0))
        if size:
            smaller.append(task.model_copy(update={"limit": size}))
    return smaller


def _plain(task: TaskConfig) -> str:
    """The name that a task's results have."""
    return task.name.rpartition(":")[2]


def _requests(results: Sequence[TaskResult], share: float) -> int:
    """Requests of a share of each task's items: one for each option, or one text."""
    total = 0
    for result in results:
        size = math.ceil(share * len(result.samples))
        first = result.samples[0]
        scored = first.choice is not None and first.answered_by != "generation"
        total += size * (len(first.choice.options) if scored and first.choice else 1)
    return total
