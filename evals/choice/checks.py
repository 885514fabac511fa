"""What is refused before any benchmark task runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError, SettingUnavailable, did_you_mean
from audit.core.names import FORCED, PERTURBED, asked_again, check_of
from audit.core.text import named
from audit.evals.asking import check_settings
from audit.evals.catalogue import own_tasks
from audit.evals.choice.chosen import check_folders
from audit.evals.choice.kinds import has_clusters, is_group
from audit.evals.contamination.asked import check_asked
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.own_data.questions import looks_like_questions, read_questions
from audit.evals.robustness.given import read_given
from audit.evals.robustness.registry import wanted as perturbations

if TYPE_CHECKING:
    from collections.abc import Collection

    from audit.core.config import RunConfig, TaskConfig

SEE = "see `audit tasks list --all`."
TASK_FILE = "give a task file (YAML) that turns its rows into prompts: docs/reference/lm_eval.md, Your own questions."
NOTHING_TO_PERTURB = "--perturb: no task of this run can be perturbed: choose benchmark tasks with --tasks"
QUESTIONS = "audit a file of your own questions with --task-file FILE: docs/howto/own_data.md."


def check(config: RunConfig, others: Collection[str] = ()) -> None:
    """Refuse unknown task names, and tasks listed twice, before anything runs.

    Args:
        config: Whose benchmark tasks are checked.
        others: Names that are no benchmark tasks but can be meant where a task is misspelt: those of probes.

    Raises:
        ConfigError: A generation setting cannot be honoured, several answers to an item would be the same, answers are
            to be forced where they are sampled or beyond the limit of thinking, a name is unknown or listed twice, a
            folder of task files is not there or declares a name of the audit's own, a file of questions is at fault,
            clusters are to be drawn where there are none, named items are none, or of a group or no task, nothing can
            be perturbed so, or a task has the name of items that are asked again.
    """
    include = tuple(config.evals.include_path)
    check_folders(include)
    try:
        check_settings(config.evals.gen_kwargs)
    except SettingUnavailable as error:
        msg = f"--gen-kwargs: {error}"
        raise ConfigError(msg) from error
    _check_draws(config)
    _check_forcing(config)
    names = [task.name for task in config.evals.tasks]
    for position, name in enumerate(names):
        if name in names[:position]:
            msg = f"evals.tasks: {name} is listed twice: remove one"
            raise ConfigError(msg)
        if config.evals.tasks[position].file is None and check_of(name):
            check_asked(config, name)
        elif config.evals.tasks[position].file is None:
            _check_name(name, include, others)
        else:
            _check_own_data(config.evals.tasks[position], include)
        if config.evals.tasks[position].by_cluster and not has_clusters(config.evals.tasks[position]):
            msg = f"evals.tasks: the items of {name} are in no clusters: leave out by_cluster"
            raise ConfigError(msg)
    _check_samples(config.evals.samples, names, include)
    asked = perturbations(config.evals.robustness, read_given(config.evals.robustness.paraphrases))
    if asked and all(task.file is None and check_of(task.name) for task in config.evals.tasks):
        raise ConfigError(NOTHING_TO_PERTURB)
    _check_endings(names)


def _check_endings(names: list[str]) -> None:
    """Refuse a task with a name of the kind under which the items of another one are asked again.

    Gate and reports know these by their endings: its metrics would need definitions, and it would not be certified.
    """
    taken = next((name for name in names if asked_again(name)), None)
    if taken is not None:
        ending = FORCED if taken.endswith(FORCED) else PERTURBED
        msg = (
            f"evals.tasks: {named(taken)} ends in {ending}, as do the items of a task that are asked again:"
            " choose another name"
        )
        raise ConfigError(msg)


def _check_draws(config: RunConfig) -> None:
    """Refuse several answers that would all be the same, or that would be compared with one to a perturbed item."""
    wanted = config.evals.samples_per_item
    if wanted > 1 and not config.evals.gen_kwargs.get("temperature"):
        how = "set a temperature (--gen-kwargs temperature=0.8)"
        msg = f"evals.samples_per_item: {wanted} greedy answers are all the same: {how}"
        raise ConfigError(msg)
    if wanted > 1 and config.evals.robustness.perturbations:
        msg = "evals.samples_per_item: perturbed items are answered once: leave out --perturb or --samples-per-item"
        raise ConfigError(msg)


def _check_forcing(config: RunConfig) -> None:
    """Refuse answers forced behind sampled traces, or behind more of a trace than is written."""
    budgets, settings = config.evals.thinking_budgets, config.evals.gen_kwargs
    if not budgets:
        return
    if config.evals.samples_per_item > 1 or settings.get("temperature") or settings.get("do_sample"):
        msg = (
            "--thinking-budget: answers are forced behind the beginning of one greedy text:"
            " leave out --samples-per-item and sampling (--gen-kwargs temperature, do_sample)"
        )
        raise ConfigError(msg)
    if budgets[-1] > config.thinking.tokens:
        limit = config.thinking.tokens
        msg = f"--thinking-budget {budgets[-1]}: no trace gets beyond --thinking-tokens {limit}: raise that limit"
        raise ConfigError(msg)


def _check_name(name: str, include: tuple[Path, ...], others: Collection[str]) -> None:
    """Refuse an unknown task name."""
    if name in others:
        stock = f"{lm_eval_tasks.PREFIX}{name}"
        msg = f"evals.tasks: {name} is a probe: list it under safety.tasks, or {stock} for lm-eval's task"
        raise ConfigError(msg)
    if name in own_tasks():  # lm-eval's names take a second to find
        return
    known = lm_eval_tasks.names(() if name.startswith(lm_eval_tasks.PREFIX) else include)
    plain = name.removeprefix(lm_eval_tasks.PREFIX)
    if plain not in known:
        hint = did_you_mean(name, [*own_tasks(), *others]) or did_you_mean(plain, known)
        file = QUESTIONS if looks_like_questions(name) else TASK_FILE
        advice = file if Path(name).is_file() or looks_like_questions(name) else SEE
        msg = f"unknown task '{named(name)}': {advice}{hint}"
        raise ConfigError(msg)


def _check_own_data(task: TaskConfig, include: tuple[Path, ...]) -> None:
    """Refuse invalid files of questions, and names that other tasks have."""
    if task.name in own_tasks() or check_of(task.name) or task.name in lm_eval_tasks.names(include):
        msg = f"evals.tasks: a task named {task.name} already exists: choose another name for the one with a file"
        raise ConfigError(msg)
    read_questions(task)


def _check_samples(samples: dict[str, list[int | str]], names: list[str], include: tuple[Path, ...]) -> None:
    """Refuse empty lists of items, items of groups, and items of tasks that are not run, as far as that is known."""
    single = bool(samples) and all(not is_group(name, include) for name in names)
    for task, items in samples.items():
        if not items:
            msg = f"--samples: no item of {task} is listed: give at least one position or sample_id"
            raise ConfigError(msg)
        if is_group(task, include):
            msg = f'--samples: {task} is a group: name the tasks in it, {{"task": [0, 3]}}'
            raise ConfigError(msg)
        if single and task not in names:
            msg = f"--samples: {task} is not one of this run's tasks: {', '.join(names)}.{did_you_mean(task, names)}"
            raise ConfigError(msg)
