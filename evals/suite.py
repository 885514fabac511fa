"""Runs the configured benchmark tasks through lm-eval, one after the other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from audit.core import assets, collector
from audit.core.contradictions import MEMBERS
from audit.core.errors import RAISED_BY_OTHERS, AssetMissing, AuditError, TaskUnavailable
from audit.core.names import FORCED, check_of
from audit.core.records import AssetRecord, TaskResult
from audit.core.sandbox.sandbox import this_sandbox
from audit.evals.catalogue import own_tasks, tasks_folder
from audit.evals.choice.checks import check
from audit.evals.contamination.asked import TWINS, run_check
from audit.evals.evaluation import run_task
from audit.evals.generated.making import making
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.lm_eval.quiet import hub, quiet
from audit.evals.own_data.questions import read_questions
from audit.evals.robustness.given import read_given
from audit.evals.robustness.rerun import ask_again
from audit.evals.thinking.forced import check_forcing, force_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lm_eval.api.task import Task

    from audit.core.config import Limit, RunConfig, TaskConfig
    from audit.engine import Engine


def own_data_records(config: RunConfig) -> list[AssetRecord]:
    """The files of the user's own questions, and of other wordings, for the manifest.

    Raises:
        ConfigError: One cannot be read.
    """
    given = read_given(config.evals.robustness.paraphrases).record
    return [
        *(read_questions(task).record for task in config.evals.tasks if task.file is not None),
        *filter(None, [given]),
    ]


def rehearsals(config: RunConfig) -> dict[str, Callable[[Engine], Iterable[TaskResult]]]:
    """Runs a task on an engine, by name, for what it would ask.

    Only the audit's own tasks, the user's questions and twins: what others wrote is run once, and its data loaded once.
    Tasks that are known to ask for no texts are left out.
    """
    generating = {name for name, task in own_tasks().items() if task.generates}
    return {
        task.name: partial(_results, config=config, wanted=task)
        for task in config.evals.tasks
        if task.file is not None or task.name in generating or (check_of(task.name) or ("", ""))[1] == TWINS
    }


def run_tasks(engine: Engine, config: RunConfig, before: Callable[[str], None] | None = None) -> Iterator[TaskResult]:
    """Run the configured tasks; yields each one's result as it ends.

    A group of lm-eval yields one result per task in it, then its own score. A task whose data cannot be had, or that
    cannot run on this checkpoint as asked, yields ``not_run`` with the reason; so does a task whose items are named and
    that no group turned out to hold. Answers that could not be forced come last: a task without traces among others
    lacks nothing, but where no task had any, what ``thinking_budgets`` asks for was not measured.

    Args:
        engine: The checkpoint.
        config: Of the run.
        before: Called with the name of each task before it begins.

    Raises:
        UsageError: An unknown task, a broken data file, ``chat_template: on`` without a template, or answers are to be
            forced of a checkpoint whose text cannot be continued.
    """
    check(config)
    check_forcing(engine, config)
    unused = dict.fromkeys(config.evals.samples)
    unforced: list[TaskResult] = []
    forcing = False
    for wanted in config.evals.tasks:
        if before:
            before(wanted.name)
        engine.progress.task("evals", wanted.name)
        for result in _results(engine, config, wanted):
            unused.pop(result.task, None)
            forcing = forcing or (result.task.endswith(FORCED) and not result.not_run)
            done = result.model_copy(update={"optional": wanted.optional or result.optional})
            if result.optional and result.task.endswith(FORCED):
                unforced.append(done)
            else:
                yield done
    for name in unused:
        reason = f"--samples names items of {name}, which is not one of this run's tasks"
        yield TaskResult(suite="evals", task=name, not_run=reason)
    yield from (one.model_copy(update={"optional": one.optional and forcing}) for one in unforced)


def _results(engine: Engine, config: RunConfig, wanted: TaskConfig) -> Iterable[TaskResult]:
    """The results of one configured task, which may be a group."""
    if wanted.file is None and check_of(wanted.name):
        return [run_check(engine, config, wanted)]
    with collector.paused():  # as for the imports before
        from audit.evals.lm_eval import seeds  # noqa: F401, PLC0415 - imports lm-eval, which takes seconds
    if wanted.file is not None:
        return _run_own_data(engine, config, wanted)
    return _run_own(engine, config, wanted) if wanted.name in own_tasks() else _run_foreign(engine, config, wanted)


def _run_own_data(engine: Engine, config: RunConfig, wanted: TaskConfig) -> Iterator[TaskResult]:
    """Run a task on the user's own questions."""
    from audit.evals.own_data import task as own_data  # noqa: PLC0415 - imports lm-eval, which takes seconds
    from audit.evals.own_data.slices import with_slices  # noqa: PLC0415 - see above

    file = read_questions(wanted)
    try:
        with quiet():
            task = own_data.make(file)
        described = own_data.description(file)
        records, by_cluster = [file.record], wanted.by_cluster
        result = run_task(
            engine, config, task, limit=wanted.limit, records=records, own=described, by_cluster=by_cluster
        )
        yield with_slices(result, file, seed=config.seed, resamples=config.evals.bootstrap_resamples)
        yield from force_answers(engine, config, task, result, described)
        yield from ask_again(engine, config, task, result, described)
    except TaskUnavailable as missing:
        yield TaskResult(suite="evals", task=wanted.name, not_run=str(missing))


def _run_own(engine: Engine, config: RunConfig, wanted: TaskConfig) -> Iterator[TaskResult]:
    """Run one of the audit's own tasks."""
    from audit.evals.lm_eval.seeds import SeededManager  # noqa: PLC0415 - imports lm-eval, which takes seconds

    own = own_tasks()[wanted.name]
    try:
        if own.sandbox:
            this_sandbox()
        with quiet(), making(engine, config):
            manager = SeededManager(config.seed, include_path=tasks_folder(), include_defaults=False)
            task = manager.load([wanted.name])["tasks"][wanted.name]
            records = [assets.pull(name).record for name in own.data]  # whose rows the task has read
        result = run_task(engine, config, task, limit=wanted.limit, records=records, by_cluster=wanted.by_cluster)
        yield result
        yield from force_answers(engine, config, task, result, own)
        yield from ask_again(engine, config, task, result, own)
    except AssetMissing as missing:
        yield TaskResult(suite="evals", task=wanted.name, not_run=missing.of_task(wanted.name))
    except TaskUnavailable as missing:
        yield TaskResult(suite="evals", task=wanted.name, not_run=str(missing))


def _run_foreign(engine: Engine, config: RunConfig, wanted: TaskConfig) -> Iterator[TaskResult]:
    """Run a task, or all tasks of a group, of lm-eval or of the user's folders."""
    from audit.evals.lm_eval.groups import group_results  # noqa: PLC0415 - imports lm-eval, which takes seconds

    evals = config.evals
    # RULER and its like make rows of a wanted number of tokens: lm-eval, too, hands them the model's name.
    metadata = {"pretrained": config.tokenizer or config.model, **evals.metadata}
    try:
        with quiet(), hub(offline=config.offline):
            loaded = lm_eval_tasks.load(wanted.name, config.seed, include=tuple(evals.include_path), metadata=metadata)
    except AssetMissing as missing:
        yield TaskResult(suite="evals", task=wanted.name, not_run=str(missing))
        return
    results = {}
    for name, task in loaded.tasks.items():
        if len(loaded.tasks) > 1:
            engine.progress.task("evals", name)
        results[name] = _run_foreign_task(engine, config, task, wanted.limit)
        yield results[name]
        yield from force_answers(engine, config, task, results[name], None)
        yield from ask_again(engine, config, task, results[name], None)
    scored = group_results(loaded.groups, loaded.tasks, results)
    yield from scored
    plain = wanted.name.removeprefix(lm_eval_tasks.PREFIX)
    left = {*results, *(result.task for result in scored)}
    if left.isdisjoint({wanted.name, plain}):  # a tag, or a group without its own score
        yield TaskResult(suite="evals", task=plain, settings={MEMBERS: sorted(results)})


def _run_foreign_task(engine: Engine, config: RunConfig, task: Task, limit: Limit | None) -> TaskResult:
    """Run one task that is not the audit's own; an exception in its code becomes the reason why it did not run."""
    name = str(task.task_name)
    try:
        with hub(offline=config.offline):
            return run_task(engine, config, task, limit=limit)
    except TaskUnavailable as missing:
        return TaskResult(suite="evals", task=name, not_run=str(missing))
    except AuditError:
        raise
    except RAISED_BY_OTHERS as error:  # the task's own code may raise anything
        return TaskResult(suite="evals", task=name, not_run=lm_eval_tasks.why(name, error))
