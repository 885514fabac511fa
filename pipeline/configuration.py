"""The configuration of a run: which tasks, how many items, every path in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.assets.settings import data_dirs
from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import ConfigError
from audit.evals.choice.chosen import expand
from audit.evals.choice.kinds import is_group
from audit.evals.contamination.asked import with_checks
from audit.pipeline.plugins import with_plugins
from audit.safety import suite as safety

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import Limit


def choose_tasks(
    config: RunConfig,
    typed: list[str],
    limit: Limit | None,
    samples: dict[str, list[int | str]] | list[int | str] | None = None,
    own: Sequence[TaskConfig] = (),
) -> RunConfig:
    """The configuration with these tasks alone, each in its suite; ``limit`` holds for all of them.

    Args:
        config: As resolved from profile and file.
        typed: Tasks and probes: names, globs, task files and folders of them; none keeps the configured ones. Those
            that are not configured get the run's limit.
        limit: Items per task; None keeps the configured limits.
        samples: Items by benchmark task, or of the one that is chosen.
        own: Tasks on the user's own questions, run in addition to those that are typed; without any, they alone.

    Raises:
        ConfigError: A plug-in cannot be loaded, a name is empty, a file or folder is not there, a glob fits nothing,
            or items are given together with a limit or without the task that they belong to.
    """
    config = with_plugins(config)
    configured = {task.name: task for task in (*config.evals.tasks, *config.safety.tasks)}
    names, include = expand(typed, config.evals.include_path, safety.TASKS)
    new = {name: TaskConfig(name=name, limit=config.limit) for name in names}
    added = [task if task.limit else task.model_copy(update={"limit": config.limit}) for task in own]
    chosen = [*(configured.get(name, new[name]) for name in names), *added] or list(configured.values())
    if limit is not None:
        chosen = [task.model_copy(update={"limit": limit}) for task in chosen]
        config = config.model_copy(update={"limit": limit})
    of_safety = {task.name for task in config.safety.tasks} | set(safety.TASKS)
    of_safety -= {task.name for task in chosen if task.file is not None}
    evaluated = [task for task in chosen if task.name not in of_safety]
    update = {"tasks": evaluated, "include_path": include}
    if samples is not None:
        update["samples"] = _by_task(samples, [task.name for task in evaluated], tuple(include), limit)
    return with_checks(
        config.model_copy(
            update={
                "evals": config.evals.model_copy(update=update),
                "safety": config.safety.model_copy(update={"tasks": [t for t in chosen if t.name in of_safety]}),
            }
        )
    )


def _by_task(
    samples: dict[str, list[int | str]] | list[int | str],
    names: list[str],
    include: tuple[Path, ...],
    limit: Limit | None,
) -> dict[str, list[int | str]]:
    """The items that are run, by task."""
    if limit is not None:
        msg = "--samples names the items: leave out --limit"
        raise ConfigError(msg)
    if isinstance(samples, dict):
        return samples
    if len(names) != 1:
        msg = f'--samples: {len(names)} benchmark tasks are chosen: give JSON from task to items, {{"boolq": [0, 3]}}'
        raise ConfigError(msg)
    if is_group(names[0], include):
        msg = f'--samples: {names[0]} is a group: give JSON from its tasks to items, {{"task": [0, 3]}}'
        raise ConfigError(msg)
    return {names[0]: samples}


def extended(config: RunConfig, limit: Limit | None) -> RunConfig:
    """The configuration of a run that is to have more items.

    Args:
        config: As the run has it.
        limit: Of every task that has a smaller one; larger ones stay.

    Raises:
        ConfigError: No limit is given, a count and a share are to be compared, or no task gets more items.
    """
    if limit is None:
        msg = "--extend: how many items of each task? Give --limit N, a share or all"
        raise ConfigError(msg)

    def larger(task: TaskConfig) -> TaskConfig:
        return task.model_copy(update={"limit": _larger(task.limit, limit, task.name)})

    wanted = config.model_copy(
        update={
            "limit": _larger(config.limit, limit, "the run"),
            "evals": config.evals.model_copy(update={"tasks": [larger(task) for task in config.evals.tasks]}),
            "safety": config.safety.model_copy(update={"tasks": [larger(task) for task in config.safety.tasks]}),
        }
    )
    if _drawn(wanted) == _drawn(config):
        msg = "--extend: the run has these items already: give a larger --limit, or start a new run for others"
        raise ConfigError(msg)
    return wanted


def _drawn(config: RunConfig) -> list[TaskConfig]:
    """The tasks whose items are drawn up to a limit, rather than named."""
    return [task for task in (*config.evals.tasks, *config.safety.tasks) if task.name not in config.evals.samples]


def _larger(old: Limit | None, new: Limit, name: str) -> Limit | None:
    """The limit that takes more items."""
    if old is None or old == "all" or new == "all":
        return "all"
    if (old < 1) != (new < 1):
        msg = f"--extend: the limit of {name} is {old}: give a {'share' if old < 1 else 'number of items'}, or all"
        raise ConfigError(msg)
    return max(old, new)


def anchored(config: RunConfig) -> RunConfig:
    """The configuration with absolute paths and AUDIT_DATA's folders, so that a run resumes from anywhere."""
    return config.model_copy(update={"data_dirs": list(data_dirs())}).resolved(Path.cwd())
