"""From the result of a task to the result of the same items, perturbed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.errors import RAISED_BY_OTHERS, AuditError, TaskUnavailable
from audit.core.names import PERTURBED
from audit.core.records import TaskResult
from audit.evals.evaluation import evaluate
from audit.evals.lm_eval.tasks import why
from audit.evals.robustness.asked_item import QUESTION
from audit.evals.robustness.given import read_given
from audit.evals.robustness.registry import wanted
from audit.evals.robustness.result import perturbed_result
from audit.evals.settings import joining

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lm_eval.api.task import Task

    from audit.core.config import RunConfig
    from audit.core.records import Sample
    from audit.engine import Engine
    from audit.evals.catalogue import OwnTask
    from audit.evals.robustness.asking import Copy


def ask_again(
    engine: Engine, config: RunConfig, task: Task, result: TaskResult, own: OwnTask | None
) -> Iterator[TaskResult]:
    """Ask the items of a task again in the words that the configuration names; nothing where it names none.

    Args:
        engine: The checkpoint.
        config: Of the run.
        task: lm-eval's task, as it was run.
        result: What it left.
        own: The audit's part of its file; None for a task from elsewhere.
    """
    robustness = config.evals.robustness
    given = read_given(robustness.paraphrases)
    chosen = wanted(robustness, given)
    if own:
        given = replace(given, instructions={**own.paraphrases, **given.instructions})
    if not chosen or result.logged is None:
        return
    from audit.evals.robustness.asking import PerturbingLM, copies  # noqa: PLC0415 - imports lm-eval, which takes seconds
    from audit.evals.samples import make_samples  # noqa: PLC0415 - see above

    name = f"{result.task}{PERTURBED}"
    engine.progress.task("evals", name)
    places = [one.doc_id for one in result.logged.samples]

    def ask(listed: Sequence[Copy]) -> list[Sample]:
        lm = PerturbingLM(engine, listed, seed=config.seed, joining=joining(result.task))
        started = time.perf_counter()
        items = evaluate(engine, config, task, [places[copy.place] for copy in listed], lm)
        return make_samples(task, items, own, "", time.perf_counter() - started)

    try:
        made = copies(
            result.samples,
            chosen,
            given,
            task=result.task,
            question=own.question if own else QUESTION,
            limit=robustness.limit,
            seed=config.seed,
        )
        yield perturbed_result(result, made, ask, config)
    except TaskUnavailable as missing:
        yield TaskResult(suite="evals", task=name, not_run=str(missing))
    except AuditError:
        raise
    except RAISED_BY_OTHERS as error:  # the task's own code may raise anything
        yield TaskResult(suite="evals", task=name, not_run=why(name, error))
