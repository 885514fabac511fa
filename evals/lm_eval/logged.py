"""From lm-eval's logged samples to the record from which files in lm-eval's own format are made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lm_eval.api.metrics import mean, mean_stderr
from lm_eval.utils import handle_non_serializable, sanitize_list

from audit.core.records.logged import LoggedAnswers, LoggedSample, LoggedTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lm_eval.api.group import Group
    from lm_eval.api.task import Task

    from audit.core.config import RunConfig
    from audit.core.records import Sample, TaskResult
    from audit.engine import Engine
    from audit.evals.samples import Item


def logged_task(
    task: Task, items: Sequence[Item], samples: Sequence[Sample], engine: Engine, config: RunConfig, *, templated: bool
) -> LoggedTask:
    """The record of a task.

    Items that could not be scored are left out of the results, unlike in lm-eval, which scores whatever came back.

    Args:
        task: lm-eval's task, as it was run.
        items: Its items.
        samples: Their records, parallel to ``items``.
        engine: Tokenizer and context are described from it.
        config: Configuration of the run.
        templated: Whether prompts went through the chat template.
    """
    return LoggedTask(
        task=str(task.task_name),
        results=_results(task, [item for item in items if not item.error]),
        config=_plain(dict(task.dump_config())),
        version=_plain(task.VERSION),
        shots=int(task.get_config("num_fewshot") or 0),
        higher_is_better=_plain(task.higher_is_better()),
        original=len(task.eval_docs),
        environment=_environment(engine, config, templated=templated),
        samples=[_sample(item, sample) for item, sample in zip(items, samples, strict=True)],
    )


def logged_group(group: Group, results: Mapping[str, TaskResult]) -> LoggedTask:
    """The record of a group, its results by lm-eval's own aggregation.

    Args:
        group: The group and its tasks.
        results: Results of the tasks, by name.
    """
    logged = [result.logged for result in results.values() if result.logged]
    return LoggedTask(
        task=group.name,
        members=[str(getattr(child, "task_name", None) or child.name) for child in group],
        results=_plain(dict(group.aggregate({one.task: one.results for one in logged}))),
        version=group.version,
    )


def _results(task: Task, items: Sequence[Item]) -> dict[str, Any]:
    """lm-eval's row of results; standard errors only of means, without its bootstrap of other statistics."""
    values: dict[tuple[str, str], list[Any]] = {}
    for item in items:
        for logged in item.logged:
            for name in logged["metrics"]:
                values.setdefault((name, logged["filter"]), []).append(logged[name])
    alias = task.dump_config().get("task_alias", str(task.task_name))
    sizes = [len(one) for one in values.values()]
    results: dict[str, Any] = {"name": str(task.task_name), "alias": alias, "sample_len": max(sizes, default=0)}
    for (name, kind), found in values.items():
        aggregation = task.aggregation().get(name, mean)
        results[f"{name},{kind}"] = aggregation(found)
        has_error = aggregation is mean and len(found) > 1
        results[f"{name}_stderr,{kind}"] = mean_stderr(found) if has_error else "N/A"
    return dict(_plain(results))


def _sample(item: Item, sample: Sample) -> LoggedSample:
    """The record of one item."""
    first = item.logged[0]
    return LoggedSample(
        sample_id=sample.sample_id,
        doc_id=first["doc_id"],
        doc=_plain(first["doc"]),
        target=str(first["target"]),
        arguments=_plain([list(arguments) for arguments in first["arguments"]]),
        resps=_plain(sanitize_list(first["resps"])),
        doc_hash=first["doc_hash"],
        prompt_hash=first["prompt_hash"],
        target_hash=first["target_hash"],
        filters=[
            LoggedAnswers(
                filter=logged["filter"],
                filtered_resps=_plain(sanitize_list(logged["filtered_resps"])),
                metrics=_plain({name: logged[name] for name in logged["metrics"]}),
            )
            for logged in item.logged
        ],
    )


def _environment(engine: Engine, config: RunConfig, *, templated: bool) -> dict[str, Any]:
    """What lm-eval's results record about the checkpoint's tokenizer and how prompts were made."""
    environment: dict[str, Any] = {"max_length": engine.max_length, "eot_token_id": None, "chat_template": None}
    if engine.has_tokenizer:
        tokenizer = engine.tokenizer
        for name in ("pad", "eos", "bos"):
            token, number = (getattr(tokenizer, f"{name}_token{ending}") for ending in ("", "_id"))
            environment[f"tokenizer_{name}_token"] = [token, str(number)]
        environment["eot_token_id"] = tokenizer.eos_token_id
        environment["chat_template"] = _plain(tokenizer.chat_template) if templated else None
    environment["system_instruction"] = config.evals.system_instruction
    environment["fewshot_as_multiturn"] = config.evals.fewshot_as_multiturn
    return environment


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a task file or data set holds
    """The value as JSON holds it, as lm-eval writes it."""
    return json.loads(json.dumps(value, default=handle_non_serializable, ensure_ascii=False))
