"""The certificate of a run on an engine of others: a random part of its items is asked a second time."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import psutil
import torch

from audit.core.errors import AssetError, CheckpointError
from audit.core.names import asked_again, check_of
from audit.core.progress import Silent
from audit.core.records import Certificate, CertifiedMetric
from audit.engine.chat import named as template_named
from audit.engine.checkpoint.source import find
from audit.engine.foreign.engine import ForeignEngine
from audit.engine.foreign.second_answers import KeptAnswers, RepeatedAnswers, WeightsAnswers
from audit.engine.load import load
from audit.evals import suite as evals
from audit.pipeline.certificate.draw import draw
from audit.pipeline.results import with_digests
from audit.safety import suite as safety

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.config import RunConfig
    from audit.core.progress import Remembering
    from audit.core.records import FileDigest, Sample, TaskResult
    from audit.engine import Engine
    from audit.engine.journal import Journal
    from audit.pipeline.context import RunContext

logger = logging.getLogger(__name__)

NEEDED = 1.5
"""Bytes that a checkpoint needs in memory, per byte of its numbers: activations and kept prefixes, too."""
WIDE = 2
"""Bytes of float32 per byte of the 16-bit numbers that most files hold."""


class _SecondAnswers(Silent):
    """Counts what second answers cost, and passes warnings on."""

    def __init__(self, remembering: Remembering) -> None:
        self._remembering = remembering

    def advance(self, requests: int, tokens: int) -> None:
        """Tokens were computed.

        Raises:
            BudgetSpent: The budget of the run is spent.
        """
        del requests
        self._remembering.meter.compute(tokens)

    def say(self, message: str) -> None:
        """Show a warning and keep it for the manifest."""
        self._remembering.say(f"certificate: {message}")


def certify(context: RunContext, results: Sequence[TaskResult], journal: Journal) -> Certificate | None:
    """Ask a part of the items again.

    Args:
        context: Of the run.
        results: All results of the run.
        journal: With the run's answers; those of the local engine are kept there, too.

    Returns:
        What was found; None where the engine is our own.

    Raises:
        BudgetSpent: The budget of the run is spent.
        RunFolderError: The journal is damaged.
    """
    served = context.engine
    if not isinstance(served, ForeignEngine):
        return None
    config, wanted = context.config, context.config.certificate
    certified = [result for result in results if _can_be_certified(result)]
    drawn = draw(config, certified)
    local, why = _local(context, served)
    again = WeightsAnswers(served, local, journal) if local else RepeatedAnswers(served, journal, config.seed)
    served.forget()
    how = f"by {local.record.name} ({local.record.dtype})" if local else f"in another order ({why})"
    share = f"at least {wanted.share:.0%} of {sum(len(result.samples) for result in certified):,} items"
    context.progress.step(f"certificate: {share} and {wanted.least:,} requests again {how}")
    with again.second.at_work(_SecondAnswers(context.progress), journal if local else None):
        second = _asked(again, drawn)
    first = _asked(KeptAnswers(served, again.second, journal), drawn)
    flips = _flips(first, second)
    found = Certificate(
        against="weights" if local else "repeat",
        source=(local or served).record.name,
        digest=local.record.digest if local else None,
        dtype=local.record.dtype if local else None,
        why_repeat=why,
        seed=config.seed,
        of_items=sum(len(result.samples) for result in certified),
        not_asked=[result.task for result in certified if not flips["tasks"].get(result.task)],
        changed_prompts=_changed_prompts(certified, second),
        metrics=_metrics(first, second, certified),
        **again.tally.figures,
        **flips,
    )
    return found.model_copy(update={"faults": wanted.bounds.faults(found)})


def _can_be_certified(result: TaskResult) -> bool:
    """Whether a result has items of its own: no explanation, no check, no items of another task asked again."""
    of_another = check_of(result.task) is not None or asked_again(result.task)
    return result.suite != "explain" and bool(result.samples) and not of_another


def _local(context: RunContext, served: ForeignEngine) -> tuple[Engine | None, str | None]:
    """The local engine on the same weights, or why there is none.

    Raises:
        CheckpointError: Weights were named, and cannot be used.
    """
    config = context.config
    given = config.certificate.weights
    why = "no weights under the model's name: name them with --certify-with"
    for name in dict.fromkeys(filter(None, [given] if given else [served.weights, config.tokenizer])):
        try:
            found = find(name, revision=None, allow_pickle=config.allow_pickle, offline=given is None or config.offline)
            if (lacking := _lacking_memory(found.files)) is not None:
                why = f"{name}: {lacking}"
                continue
            why = f"the weights of {name} cannot be loaded"
            context.progress.step(f"certificate: loading {name}")
            served.release()
            return _loaded(config, name, served.record.max_length), None
        except (CheckpointError, AssetError) as error:
            if given is not None:
                raise
            logger.debug("certificate: %s", error)
    return None, why


def _lacking_memory(files: Sequence[FileDigest]) -> str | None:
    """What is too much for this machine; None where the weights fit."""
    needed = int(NEEDED * WIDE * sum(file.size for file in files if file.kind == "weights"))
    free = int(psutil.virtual_memory().available)
    if torch.cuda.is_available():
        free = max(free, torch.cuda.mem_get_info()[0])
    return f"needs about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free" if needed > free else None


def _loaded(config: RunConfig, name: str, max_length: int) -> Engine:
    """The local engine on weights, with their own tokenizer and chat template."""
    return load(
        name,
        device=config.device,
        dtype=config.dtype,
        trust_remote_code=config.trust_remote_code,
        allow_pickle=config.allow_pickle,
        offline=True,
        max_length=max_length,
        batch_tokens=config.batch_tokens,
        chat_template=template_named(config.chat_template),
        chat_template_args=config.chat_template_args,
        think_end=config.thinking.end,
        thinking_tokens=config.thinking.tokens,
    )


def _asked(engine: Engine, config: RunConfig) -> list[TaskResult]:
    """All results of benchmarks and probes with these answers."""
    return [*evals.run_tasks(engine, config), *safety.run_probes(engine, config)]


def _pairs(first: Sequence[TaskResult], second: Sequence[TaskResult]) -> Iterator[tuple[Sample, Sample]]:
    """Samples of the same item."""
    others = {(sample.task, sample.sample_id): sample for result in second for sample in result.samples}
    for result in first:
        for sample in result.samples:
            if (other := others.get((sample.task, sample.sample_id))) is not None:
                yield sample, other


def _flips(first: Sequence[TaskResult], second: Sequence[TaskResult]) -> dict[str, Any]:
    """Items, and how many of them have another option or another score of 0 or 1."""
    counts = Counter[str]()
    tasks = Counter[str]()
    for one, other in _pairs(first, second):
        tasks[one.task] += 1
        scores = {one.score, other.score}
        is_choice = one.choice is not None and one.answered_by != "generation"
        if one.error or other.error or not (is_choice or scores <= {0.0, 1.0}):
            continue
        chosen = one.choice and other.choice and one.choice.chosen != other.choice.chosen
        flipped = bool(chosen) or (scores <= {0.0, 1.0} and len(scores) > 1)
        kind = "choices" if is_choice else "texts"
        counts[kind] += 1
        counts[f"flipped_{kind}"] += flipped
    return {"items": tasks.total(), "tasks": dict(tasks), **counts}


def _changed_prompts(results: Sequence[TaskResult], second: Sequence[TaskResult]) -> int:
    """Items that were asked with another prompt than the run's."""
    again = [result.model_copy(update={"samples": with_digests(result.samples)}) for result in second]
    return sum(one.prompt_sha256 != other.prompt_sha256 for one, other in _pairs(results, again))


def _metrics(
    first: Sequence[TaskResult], second: Sequence[TaskResult], results: Sequence[TaskResult]
) -> list[CertifiedMetric]:
    """Primary metrics from both answers on the same items."""
    again = {metric.name: metric.value for result in second for metric in result.metrics if metric.slice is None}
    of_run = {metric.name: metric.n for result in results for metric in result.metrics if metric.slice is None}
    return [
        CertifiedMetric(
            name=metric.name,
            items=metric.n,
            of_items=of_run[metric.name],
            served=metric.value,
            again=again[metric.name],
        )
        for result in first
        for metric in result.metrics
        if metric.primary and metric.slice is None and metric.name in again and metric.name in of_run
    ]
