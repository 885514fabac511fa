"""The checks that a configuration asks for, as tasks of the run, and running one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.config import TaskConfig
from audit.core.errors import RAISED_BY_OTHERS, AssetMissing, AuditError, ConfigError, TaskUnavailable, did_you_mean
from audit.core.names import CHECKS, check_of
from audit.core.records import TaskResult
from audit.core.text import named
from audit.evals.catalogue import own_tasks
from audit.evals.contamination.corpus_files import corpus_files, documents
from audit.evals.lm_eval import tasks as lm_eval_tasks

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.engine import Engine

SUITE = "evals"
ORDER, MIN_K, OVERLAP, TWINS = CHECKS
TWINNED = ("asdiv", "gsm8k")
"""Benchmark tasks whose problems can have twins."""


def with_checks(config: RunConfig) -> RunConfig:
    """The configuration with a task for each check of each benchmark task, after it; those that are there stay.

    Raises:
        ConfigError: Overlap has no corpus, or a corpus is not looked in; twins or checks are wanted, and no task of
            the run can have them.
    """
    wanted = config.evals.contamination
    checks = [*dict.fromkeys(wanted.checks), *([TWINS] if wanted.twins else [])]
    if OVERLAP in checks and not wanted.corpus:
        msg = "--contamination overlap: name what to look in: --corpus PATH"
        raise ConfigError(msg)
    named_checks = {known[1] for task in config.evals.tasks if (known := check_of(task.name)) is not None}
    if wanted.corpus and OVERLAP not in {*checks, *named_checks}:
        msg = "--corpus: nothing looks in it: add --contamination overlap"
        raise ConfigError(msg)
    names = {task.name for task in config.evals.tasks}
    tasks: list[TaskConfig] = []
    added = 0
    for task in config.evals.tasks:
        tasks.append(task)
        if (known := check_of(task.name)) is not None and task.file is None:
            added += known[1] in checks
            continue
        of_task = [check for check in checks if check != TWINS or task.name in TWINNED]
        added += len(of_task)
        new = [(f"{task.name}.{check}", check) for check in of_task]
        tasks += [_task_of(task, name, check) for name, check in new if name not in names]
    if checks and not added:
        what = f"--twins: only {' and '.join(TWINNED)} have twins" if wanted.twins else "--contamination"
        msg = f"{what}: no task of this run can be checked: choose benchmark tasks with --tasks"
        raise ConfigError(msg)
    return config.model_copy(update={"evals": config.evals.model_copy(update={"tasks": tasks})})


def _task_of(base: TaskConfig, name: str, check: str) -> TaskConfig:
    """The task of a check; items of most benchmarks cannot be rewritten by a rule, so that Min-K % ++ is optional."""
    optional = base.optional or check == MIN_K
    return TaskConfig(name=name, limit=base.limit, when_present=base.when_present, optional=optional)


def check_asked(config: RunConfig, name: str) -> None:
    """Refuse a check of what cannot be checked, before anything runs.

    Args:
        config: Of the run.
        name: ``TASK.CHECK``.

    Raises:
        ConfigError: The benchmark task is unknown or a group, twins cannot be made of it, or the corpus is at fault.
    """
    base, check = check_of(name) or (name, "")
    include = tuple(config.evals.include_path)
    with_file = any(task.name == base and task.file is not None for task in config.evals.tasks)
    if not with_file and base not in own_tasks():
        known = lm_eval_tasks.names(() if base.startswith(lm_eval_tasks.PREFIX) else include)
        plain = base.removeprefix(lm_eval_tasks.PREFIX)
        if plain not in known:
            msg = f"unknown task '{named(name)}': there is no task {named(base)}.{did_you_mean(base, own_tasks())}"
            raise ConfigError(msg)
        if known[plain] is None:
            msg = f"evals.tasks: {name}: {base} is a group of tasks: name the tasks to be checked"
            raise ConfigError(msg)
    if check == TWINS and base not in TWINNED:
        msg = f"evals.tasks: {name}: only {' and '.join(TWINNED)} have twins"
        raise ConfigError(msg)
    if check == OVERLAP:
        if not config.evals.contamination.corpus:
            msg = f"evals.tasks: {name}: name what to look in: --corpus PATH"
            raise ConfigError(msg)
        for file in corpus_files(config.evals.contamination.corpus):
            next(documents(file), None)  # what is no text is found now, not when other tasks have taken hours


def run_check(engine: Engine, config: RunConfig, wanted: TaskConfig) -> TaskResult:
    """Run one check; one whose data cannot be had, or that the checkpoint cannot answer, yields ``not_run``.

    Args:
        engine: The checkpoint.
        config: Of the run.
        wanted: ``TASK.CHECK``.

    Raises:
        ConfigError: A file of the corpus cannot be read.
    """
    base, check = check_of(wanted.name) or (wanted.name, "")
    try:
        if check == TWINS:
            from audit.evals.twins.task import check_twins  # noqa: PLC0415 - imports lm-eval, which takes seconds

            return check_twins(engine, config, wanted, base)
        return _of_items(engine, config, wanted, base, check)
    except AssetMissing as missing:
        return TaskResult(suite=SUITE, task=wanted.name, not_run=missing.of_task(base))
    except TaskUnavailable as missing:
        return TaskResult(suite=SUITE, task=wanted.name, not_run=str(missing))
    except RAISED_BY_OTHERS as error:  # the benchmark's own code may raise anything
        if isinstance(error, AuditError) or base in own_tasks():
            raise
        return TaskResult(suite=SUITE, task=wanted.name, not_run=lm_eval_tasks.why(base, error))


def _of_items(engine: Engine, config: RunConfig, wanted: TaskConfig, base: str, check: str) -> TaskResult:
    """The result of a check of published items."""
    from audit.evals.contamination.benchmark import read_benchmark  # noqa: PLC0415 - imports lm-eval: seconds
    from audit.evals.contamination.min_k import check_min_k  # noqa: PLC0415 - see above
    from audit.evals.contamination.order import check_order  # noqa: PLC0415 - see above
    from audit.evals.contamination.overlap import check_overlap  # noqa: PLC0415 - see above

    benchmark = read_benchmark(config, base)
    if check == OVERLAP:
        return check_overlap(engine, config, wanted, benchmark)
    engine.check_scoring()
    return (check_order if check == ORDER else check_min_k)(engine, config, wanted, benchmark)
