"""One task of lm-eval on the engine: asked, scored and measured."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from audit.core.records import TaskResult
from audit.core.records.files.finite import finite
from audit.engine.chat import uses_chat_template
from audit.evals import prompt_parts
from audit.evals.asking import pick, prepare
from audit.evals.catalogue import own_tasks
from audit.evals.lm_eval.quiet import quiet
from audit.evals.lm_eval.sources import describe
from audit.evals.settings import joining, task_settings, with_settings

if TYPE_CHECKING:
    from lm_eval.api.task import Task

    from audit.core.config import Limit, RunConfig
    from audit.core.records import AssetRecord, Sample
    from audit.engine import Engine
    from audit.evals.catalogue import OwnTask
    from audit.evals.harness import HarnessLM
    from audit.evals.samples import Item


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

    Raises:
        TaskUnavailable: The checkpoint cannot be asked so; a server has no log-probabilities, for instance.
    """
    from audit.evals.draws.metrics import drawn_metrics  # noqa: PLC0415 - see below
    from audit.evals.lm_eval.logged import logged_task  # noqa: PLC0415 - imports lm-eval, which takes seconds
    from audit.evals.lm_eval.seeds import fix_draws  # noqa: PLC0415 - see above
    from audit.evals.metrics import make_metrics  # noqa: PLC0415 - see above
    from audit.evals.samples import cluster_of  # noqa: PLC0415 - see above
    from audit.evals.thinking.budgets import budget_metrics  # noqa: PLC0415 - see above
    from audit.evals.words import task_words  # noqa: PLC0415 - see above

    name = str(task.task_name)
    own = own or (own_tasks().get(name) if records is not None else None)
    if str(task.OUTPUT_TYPE) != "generate_until":
        engine.check_scoring()  # before its prompts are made
    templated = templated_task(engine, config, task)
    prepare(task, config.evals, own, engine, templated=templated)
    fix_draws(task, config.seed)
    data = own.data[0] if own and own.data else str(task.DATASET_PATH)
    clusters = [str(cluster_of(doc, own)) for doc in task.eval_docs] if by_cluster else None
    indices = pick(task, config.evals, limit, config.seed, data, clusters)
    drawn = config.evals.samples_per_item > 1 and str(task.OUTPUT_TYPE) == "generate_until"
    ask = answered_often if drawn else answered
    items, samples = ask(engine, config, task, indices, own, data)
    resamples = config.evals.bootstrap_resamples
    metrics = make_metrics(task, items, samples, own, seed=config.seed, resamples=resamples)
    if drawn:
        votes = own is not None and own.votes is not None
        metrics += drawn_metrics(samples, metrics, votes=votes, seed=config.seed, resamples=resamples)
    metrics += budget_metrics(samples, metrics, seed=config.seed, resamples=resamples)
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
        assets=records or [describe(task, [item.logged[0]["doc_hash"] for item in items], _maker(own))],
    )


def _maker(own: OwnTask | None) -> str:
    """The package that generates the rows of one of the audit's own tasks without a data set; empty for others."""
    return "" if own is None else next(iter(own.packages.values()), "checkpoint-audit")


def answered_often(
    engine: Engine, config: RunConfig, task: Task, indices: list[int], own: OwnTask | None, data: str
) -> tuple[list[Item], list[Sample]]:
    """:func:`answered` with ``evals.samples_per_item`` answers to each item, joined into one item and one sample."""
    from audit.evals.draws.asking import DrawingLM  # noqa: PLC0415 - imports lm-eval, which takes seconds
    from audit.evals.draws.joined import joined_item, joined_sample  # noqa: PLC0415 - see above

    wanted = config.evals.samples_per_item
    lm = DrawingLM(engine, wanted, seed=config.seed, joining=joining(str(task.task_name)))
    draws = []
    for draw in range(wanted):
        lm.draw = draw
        lm.remarks.clear()
        draws.append(answered(engine, config, task, indices, own, data, lm))
    reader = own.votes if own else None
    items = [joined_item(same) for same in zip(*(items for items, _ in draws), strict=True)]
    samples = [joined_sample(same, reader) for same in zip(*(samples for _, samples in draws), strict=True)]
    return items, samples


def answered(
    engine: Engine,
    config: RunConfig,
    task: Task,
    indices: list[int],
    own: OwnTask | None,
    data: str,
    lm: HarnessLM | None = None,
) -> tuple[list[Item], list[Sample]]:
    """The answers to the chosen items, and their samples with the named parts of the prompts.

    Args:
        engine: The checkpoint.
        config: As for :func:`evaluate`.
        task: lm-eval's task.
        indices: Items, ascending.
        own: The audit's part of its task file; None for another task.
        data: Name of its data set, part of the samples' ids.
        lm: Asks the engine; None asks what lm-eval asks.
    """
    from audit.evals.samples import make_samples  # noqa: PLC0415 - imports lm-eval, which takes seconds

    started = time.perf_counter()
    items = evaluate(engine, config, task, indices, lm)
    seconds = time.perf_counter() - started
    samples = [finite(sample) for sample in make_samples(task, items, own, data, seconds)]
    for item, sample in zip(items, samples, strict=True):
        sample.spans = prompt_parts.spans(task, item.logged[0]["doc"], sample.prompt)
    return items, samples


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
