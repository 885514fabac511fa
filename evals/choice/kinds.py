"""What the name of a benchmark task stands for: one task or a group, items in clusters or in one random order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.names import check_of
from audit.evals.catalogue import own_tasks
from audit.evals.lm_eval import tasks as lm_eval_tasks

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.config import TaskConfig


def is_group(name: str, include: tuple[Path, ...]) -> bool:
    """Whether a name is that of a group or tag, which stands for several tasks.

    Args:
        name: A task name of the audit, of lm-eval or of the user's folders.
        include: Task files, and folders of them.
    """
    if name in own_tasks():  # lm-eval's names take a second to find
        return False
    known = lm_eval_tasks.names(() if name.startswith(lm_eval_tasks.PREFIX) else include)
    plain = name.removeprefix(lm_eval_tasks.PREFIX)
    return plain in known and known[plain] is None


def in_random_order(task: TaskConfig, include: tuple[Path, ...]) -> bool:
    """Whether a larger limit of a task adds independent items in one random order: it has no clusters, and is no group.

    Those of a task with clusters are in such an order where whole clusters are drawn (:func:`has_clusters`).

    Args:
        task: One of the audit's own tasks, of lm-eval, of the user's folders, or on the user's questions.
        include: Task files, and folders of them.
    """
    if task.file is not None or task.name in own_tasks():
        return not has_clusters(task)
    if check_of(task.name):
        return False
    return not is_group(task.name, include)


def has_clusters(task: TaskConfig) -> bool:
    """Whether the items of a task are in clusters, which can be drawn as a whole.

    Args:
        task: As in :func:`in_random_order`.
    """
    if task.file is not None:
        return task.cluster is not None
    return task.name in own_tasks() and own_tasks()[task.name].cluster is not None
