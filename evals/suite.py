"""Runs the configured benchmark tasks through lm-eval, one after the other."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core import assets
from audit.core.contradictions import MEMBERS
from audit.core.errors import (
    RAISED_BY_OTHERS,
    AssetMissing,
    AuditError,
    ConfigError,
    SettingUnavailable,
    TaskUnavailable,
    did_you_mean,
)
from audit.core.names import check_of
from audit.core.records import AssetRecord, TaskResult
from audit.core.records.finite import finite
from audit.core.text import named
from audit.engine.chat import uses_chat_template
from audit.evals import prompt_parts
from audit.evals.asking import check_settings, pick, prepare
from audit.evals.catalogue import own_tasks, tasks_folder
from audit.evals.chosen import check_folders
from audit.evals.contamination.asked import check_asked, run_check
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.lm_eval.quiet import hub, quiet
from audit.evals.lm_eval.sources import describe
from audit.evals.own_data.questions import looks_like_questions, read_questions
from audit.evals.robustness.given import read_given
from audit.evals.robustness.registry import wanted as perturbations
from audit.evals.robustness.rerun import ask_again
from audit.evals.settings import joining, task_settings, with_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lm_eval.api.task import Task

    from audit.core.config import Limit, RunConfig, TaskConfig
    from audit.engine import Engine
    from audit.evals.catalogue import OwnTask
    from audit.evals.harness import HarnessLM
    from audit.evals.samples import Item

TASKS: dict[str, str] = {task.name: task.description for task in own_tasks().values()}
"""The audit's own tasks: name to one-line description. Any other lm-eval task runs by its name."""
SEE = "see `audit tasks list --all`."
TASK_FILE = "give a task file (YAML) that turns its rows into prompts: docs/reference/evals.md, Your own questions."
NOTHING_TO_PERTURB = "--perturb: no task of this run can be perturbed: choose benchmark tasks with --tasks"
QUESTIONS = "audit a file of your own questions with --task-file FILE: docs/howto/own_data.md."


def check(config: RunConfig, others: Collection[str] = ()) -> None:
    """Refuse unknown task names, and tasks listed twice, before anything runs.

    Args:
        config: Whose benchmark tasks are checked.
        others: Names that are no benchmark tasks but can be meant where a task is misspelt: those of probes.

    Raises:
        ConfigError: A generation setting cannot be honoured, a name is unknown or listed twice, a folder of task files
            is not there or declares a name of the audit's own, a file of questions is at fault, clusters are to be
            drawn where there are none, named items are none, or of a group or no task, or nothing can be perturbed so.
    """
    include = tuple(config.evals.include_path)
    check_folders(include)
    try:
        check_settings(config.evals.gen_kwargs)
    except SettingUnavailable as error:
        msg = f"--gen-kwargs: {error}"
        raise ConfigError(msg) from error
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


def _check_name(name: str, include: tuple[Path, ...], others: Collection[str]) -> None:
    """Refuse an unknown task name."""
    if name in others:
        stock = f"{lm_eval_tasks.PREFIX}{name}"
        msg = f"evals.tasks: {name} is a probe: list it under safety.tasks, or {stock} for lm-eval's task"
        raise ConfigError(msg)
    known = lm_eval_tasks.names(() if name.startswith(lm_eval_tasks.PREFIX) else include)
    plain = name.removeprefix(lm_eval_tasks.PREFIX)
    if name not in TASKS and plain not in known:
        hint = did_you_mean(name, [*TASKS, *others]) or did_you_mean(plain, known)
        file = QUESTIONS if looks_like_questions(name) else TASK_FILE
        msg = f"unknown task '{named(name)}': {file if Path(name).is_file() else SEE}{hint}"
        raise ConfigError(msg)


def _check_own_data(task: TaskConfig, include: tuple[Path, ...]) -> None:
    """Refuse invalid files of questions, and names that other tasks have."""
    if task.name in TASKS or check_of(task.name) or task.name in lm_eval_tasks.names(include):
        msg = f"evals.tasks: a task named {task.name} already exists: choose another name for the one with a file"
        raise ConfigError(msg)
    read_questions(task)


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


def _check_samples(samples: dict[str, list[int | str]], names: list[str], include: tuple[Path, ...]) -> None:
    """Refuse empty lists of items, items of groups, and items of tasks that are not run, as far as that is known."""
    single = all(not is_group(name, include) for name in names)
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


def is_group(name: str, include: tuple[Path, ...]) -> bool:
    """Whether a name is that of a group or tag, which stands for several tasks.

    Args:
        name: A task name of the audit, of lm-eval or of the user's folders.
        include: Task files, and folders of them.
    """
    known = lm_eval_tasks.names(() if name.startswith(lm_eval_tasks.PREFIX) else include)
    plain = name.removeprefix(lm_eval_tasks.PREFIX)
    return name not in TASKS and plain in known and known[plain] is None


def in_random_order(task: TaskConfig, include: tuple[Path, ...]) -> bool:
    """Whether a larger limit of a task adds independent items in one random order: it has no clusters, and is no group.

    Those of a task with clusters are in such an order where whole clusters are drawn (:func:`has_clusters`).

    Args:
        task: One of the audit's own tasks, of lm-eval, of the user's folders, or on the user's questions.
        include: Task files, and folders of them.
    """
    if task.file is not None or task.name in TASKS:
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
    return task.name in TASKS and own_tasks()[task.name].cluster is not None


def run_tasks(engine: Engine, config: RunConfig) -> Iterator[TaskResult]:
    """Run the configured tasks; yields each one's result as it ends.

    A group of lm-eval yields one result per task in it, then its own score. A task whose data cannot be had, or that
    cannot run on this checkpoint as asked, yields ``not_run`` with the reason; so does a task whose items are named and
    that no group turned out to hold.

    Raises:
        UsageError: An unknown task, a broken data file, or ``chat_template: on`` without a template.
    """
    check(config)
    unused = dict.fromkeys(config.evals.samples)
    for wanted in config.evals.tasks:
        engine.progress.task("evals", wanted.name)
        for result in _results(engine, config, wanted):
            unused.pop(result.task, None)
            yield result.model_copy(update={"optional": wanted.optional or result.optional})
    for name in unused:
        reason = f"--samples names items of {name}, which is not one of this run's tasks"
        yield TaskResult(suite="evals", task=name, not_run=reason)


def _results(engine: Engine, config: RunConfig, wanted: TaskConfig) -> Iterable[TaskResult]:
    """The results of one configured task, which may be a group."""
    if wanted.file is None and check_of(wanted.name):
        return [run_check(engine, config, wanted, evaluate)]
    if wanted.file is not None:
        return _run_own_data(engine, config, wanted)
    return _run_own(engine, config, wanted) if wanted.name in TASKS else _run_foreign(engine, config, wanted)


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
        yield from ask_again(engine, config, task, result, described, evaluate)
    except TaskUnavailable as missing:
        yield TaskResult(suite="evals", task=wanted.name, not_run=str(missing))


def _run_own(engine: Engine, config: RunConfig, wanted: TaskConfig) -> Iterator[TaskResult]:
    """Run one of the audit's own tasks."""
    from audit.evals.lm_eval.seeds import SeededManager  # noqa: PLC0415 - imports lm-eval, which takes seconds

    own = own_tasks()[wanted.name]
    try:
        with quiet():
            manager = SeededManager(config.seed, include_path=tasks_folder(), include_defaults=False)
            task = manager.load([wanted.name])["tasks"][wanted.name]
            records = [assets.dataset(name).record for name in own.data]
        result = run_task(engine, config, task, limit=wanted.limit, records=records, by_cluster=wanted.by_cluster)
        yield result
        yield from ask_again(engine, config, task, result, own, evaluate)
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
        yield from ask_again(engine, config, task, results[name], None, evaluate)
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


def run_task(
    engine: Engine,
    config: RunConfig,
    task: Task,
    *,
    limit: Limit | None = None,
    records: list[AssetRecord] | None = None,
    own: OwnTask | None = None,
    by_cluster: bool = False,
) -> TaskResult:
    """Run one lm-eval task on the engine.

    Args:
        engine: The checkpoint.
        config: Seed, chat template rule, resamples and how tasks are asked are taken from it.
        task: lm-eval's task, with its data; its configuration is changed to what the run says.
        limit: Items at most, a share below 1, or ``all``.
        records: Where its data came from, of one of the audit's own tasks; None or none describes it from the data.
        own: What the audit wants to know of it; None looks in the audit's own task files, if ``records`` are given.
        by_cluster: Draw whole clusters.
    """
    from audit.evals.lm_eval.logged import logged_task  # noqa: PLC0415 - imports lm-eval, which takes seconds
    from audit.evals.lm_eval.seeds import fix_draws  # noqa: PLC0415 - see above
    from audit.evals.metrics import make_metrics  # noqa: PLC0415 - see above
    from audit.evals.samples import cluster_of, make_samples  # noqa: PLC0415 - see above
    from audit.evals.words import task_words  # noqa: PLC0415 - see above

    name = str(task.task_name)
    own = own or (own_tasks().get(name) if records is not None else None)
    prepare(task, config.evals, own, engine)
    fix_draws(task, config.seed)
    data = own.data[0] if own and own.data else str(task.DATASET_PATH)
    clusters = [str(cluster_of(doc, own)) for doc in task.eval_docs] if by_cluster else None
    indices = pick(task, config.evals, limit, config.seed, data, clusters)
    started = time.perf_counter()
    items = evaluate(engine, config, task, indices)
    seconds = time.perf_counter() - started
    samples = [finite(sample) for sample in make_samples(task, items, own, data, seconds)]
    for item, sample in zip(items, samples, strict=True):
        sample.spans = prompt_parts.spans(task, item.logged[0]["doc"], sample.prompt)
    metrics = make_metrics(task, items, samples, own, seed=config.seed, resamples=config.evals.bootstrap_resamples)
    templated = templated_task(engine, config, task)
    settings = task_settings(task, config, templated=templated)
    return TaskResult(
        suite="evals",
        task=name,
        metrics=with_settings(metrics, settings),
        settings=settings,
        words=task_words(task, own),
        samples=samples,
        items_available=len(task.eval_docs),
        largest_cluster=max(Counter(clusters).values()) if clusters else None,
        logged=logged_task(task, items, samples, engine, config, templated=templated),
        assets=records or [describe(task, [item.logged[0]["doc_hash"] for item in items])],
    )


def evaluate(
    engine: Engine, config: RunConfig, task: Task, indices: list[int], lm: HarnessLM | None = None
) -> list[Item]:
    """Ask and score the chosen items by lm-eval's evaluator.

    Args:
        engine: The checkpoint.
        config: Seed and chat template rule are taken from it.
        task: lm-eval's task.
        indices: Items, ascending.
        lm: Asks the engine; None asks what lm-eval asks.

    Returns:
        One entry per item, in order.
    """
    from lm_eval import evaluator  # noqa: PLC0415 - takes seconds to import

    from audit.evals.harness import HarnessLM  # noqa: PLC0415 - see above
    from audit.evals.lm_eval.seeds import seeded  # noqa: PLC0415 - see above
    from audit.evals.samples import make_item  # noqa: PLC0415 - see above

    name = str(task.task_name)
    lm = lm or HarnessLM(engine, seed=config.seed, joining=joining(name))
    templated = templated_task(engine, config, task)
    with quiet(), seeded(config.seed):
        results = evaluator.evaluate(
            lm,
            {"tasks": {name: task}},
            samples={name: indices},
            bootstrap_iters=0,
            log_samples=True,
            apply_chat_template=templated,
            fewshot_as_multiturn=templated and config.evals.fewshot_as_multiturn,
            system_instruction=config.evals.system_instruction,
        )
    logged: dict[int, list[dict[str, Any]]] = {}
    for sample in results["samples"][name]:
        logged.setdefault(sample["doc_id"], []).append(sample)
    return [make_item(logged[index], lm.remarks[name, place]) for place, index in enumerate(indices)]


def templated_task(engine: Engine, config: RunConfig, task: Task) -> bool:
    """Whether a task's prompts go through the checkpoint's chat template."""
    return uses_chat_template(engine, config.chat_template, generates=str(task.OUTPUT_TYPE) == "generate_until")
