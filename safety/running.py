"""Runs a declared probe: draws items, names samples, sets seeds, asks, judges and computes metrics, for all probes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from audit.core.errors import (
    RAISED_BY_OTHERS,
    AnswersElsewhere,
    AssetError,
    ConfigError,
    DeclarationError,
    UsageError,
)
from audit.core.records import AssetRecord, Flag, Sample, TaskResult, TaskWords
from audit.core.records.files.finite import finite
from audit.core.text import printable
from audit.engine import Completion, Generation, Score, ScoreRequest
from audit.engine.thinking import FAMILIES, Thinking
from audit.safety.drawing import draw, identities, request_seed
from audit.safety.metrics import compute
from audit.safety.probe import SUITE, Answered, Context, Population, Probe, Requests
from audit.stats import definitions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import Metric
    from audit.engine import Engine, GenerateRequest
    from audit.safety.metrics import ProbeMetric
    from audit.safety.predictions import Predictions

Item = TypeVar("Item")


def run_probe(
    probe: Probe[Item],
    engine: Engine,
    config: RunConfig,
    task: TaskConfig,
    judges: dict[str, Any] | None = None,
) -> TaskResult:
    """Ask a checkpoint, judge its answers and compute the metrics of a probe.

    Args:
        probe: The probe.
        engine: The checkpoint.
        config: Of the run.
        task: How many items.
        judges: What judges answers and was loaded for earlier probes of the run; what this one loads is added.

    Raises:
        AssetError: Data or scorer are missing.
        TaskUnavailable: The checkpoint cannot do what the probe needs.
    """
    context = Context(config, engine=engine, judges={} if judges is None else judges)
    context = replace(context, scorer=probe.scorer(context) if probe.scorer else None)
    population = probe.load()
    if not all(population.parts) or not population.parts:
        msg = f"probe {probe.name}: its data set has no items"
        raise AssetError(msg)
    by = probe.cluster if task.by_cluster else None
    items: Sequence[Item] = [
        item
        for part in population.parts
        for item in draw(part, task, config.seed, together=probe.together, stratum=probe.stratum, cluster=by)
    ]
    context = replace(context, drawn=len(items))
    if probe.expand:
        items = probe.expand(items, context)
    answered = ask(probe, items, context, engine)
    found = _result(probe, answered, population.items, context, population.assets)
    largest = max(Counter(map(by, population.items)).values()) if by else None
    return found.model_copy(update={"items_available": _available(probe, population), "largest_cluster": largest})


def _available(probe: Probe[Item], population: Population[Item]) -> int | None:
    """Number of items of the data; None where a limit counts something else: groups, or items of strata or parts."""
    counts_items = is_drawn_by_item(probe) and len(population.parts) == 1
    return len(population.items) if counts_items else None


def is_drawn_by_item(probe: Probe[Any]) -> bool:
    """Whether a limit of a probe counts its items, rather than groups or strata of them, or what they expand to."""
    return probe.together is None and probe.stratum is None and probe.expand is None


def score_answers(probe: Probe[Item], predictions: Predictions, config: RunConfig) -> TaskResult:
    """Judge answers that were produced elsewhere and compute the metrics of a probe.

    Raises:
        UsageError: The file does not have what the probe needs.
        AssetError: The scorer is missing.
    """
    if probe.given is None:
        msg = f"{probe.name!r} cannot be judged from answers alone: run it on the checkpoint"
        raise UsageError(msg)
    context = Context(config, predictions=predictions)
    context = replace(context, scorer=probe.scorer(context) if probe.scorer else None)
    given = probe.given(predictions)
    items = [item for item, _ in given]
    answered = [
        Answered(
            item,
            sample.model_copy(update={"prompt": probe.shown(item), "answered_by": "generation"}),
            context,
            completions=(completion_of(texts),),
        )
        for sample, (item, texts) in zip(blanks(probe, items), given, strict=True)
    ]
    return _result(probe, answered, items, context, ())


def completion_of(texts: Sequence[str]) -> Completion:
    """Texts from a file as a completion; a reasoning trace before one is taken off."""
    parts = [Thinking(expected=FAMILIES).split(text) for text in texts]
    return Completion(
        tuple(Generation(one.answer, 0, "stop", one.thinking, thinking_closed=one.closed) for one in parts)
    )


def ask(probe: Probe[Item], items: Sequence[Item], context: Context, engine: Engine) -> list[Answered[Item]]:
    """The answers of a checkpoint to some items: all score requests in one call, all generate requests in another."""
    samples = blanks(probe, items)
    asked = [probe.requests(item, engine, context.config) for item in items]
    distinct = list(dict.fromkeys(part for one in asked for wanted in one.score for part in _parts(wanted)))
    generate = [
        _seeded(request, context.config.seed, blank.sample_id)
        for blank, one in zip(samples, asked, strict=True)
        for request in one.generate
    ]
    scored, generated = _both(engine, distinct, generate)
    scores, completions = dict(zip(distinct, scored, strict=True)), iter(generated)
    return [
        _answered(
            Answered(
                item,
                blank,
                context,
                tuple(_joined([scores[part] for part in _parts(wanted)]) for wanted in one.score),
                tuple(next(completions) for _ in one.generate),
            ),
            one,
        )
        for item, blank, one in zip(items, samples, asked, strict=True)
    ]


def _both(
    engine: Engine, score: Sequence[ScoreRequest], generate: Sequence[GenerateRequest]
) -> tuple[Sequence[Score], Sequence[Completion]]:
    """The answers to both kinds of requests. Neither depends on the other, so a shard answers its share of both.

    Raises:
        AnswersElsewhere: The engine is that of a shard.
    """
    try:
        scored = engine.score(score) if score else []
    except AnswersElsewhere:
        if generate:
            engine.generate(generate)
        raise
    return scored, engine.generate(generate) if generate else []


def _parts(wanted: ScoreRequest | tuple[ScoreRequest, ...]) -> tuple[ScoreRequest, ...]:
    return wanted if isinstance(wanted, tuple) else (wanted,)


def _joined(parts: Sequence[Score]) -> Score:
    """One score out of those of the parts of a continuation."""
    if len(parts) == 1:
        return parts[0]
    return Score(
        log_probs=tuple(value for part in parts for value in part.log_probs),
        is_argmax=tuple(value for part in parts for value in part.is_argmax),
        truncated=sum(part.truncated for part in parts),
        error=next((part.error for part in parts if part.error), None),
    )


def _seeded(request: GenerateRequest, seed: int, identity: str) -> GenerateRequest:
    """A request with the seed of its item where it samples."""
    return replace(request, seed=request_seed(seed, identity)) if request.temperature > 0 else request


def blanks(probe: Probe[Item], items: Sequence[Item]) -> list[Sample]:
    """Samples of items, without prompt and answer."""
    namespace = probe.namespace or (probe.datasets[0] if probe.datasets else probe.name)
    ids = identities(probe.name, namespace, [probe.identity(item) for item in items])
    return [
        Sample(
            sample_id=identity,
            suite=SUITE,
            task=probe.name,
            cluster=probe.cluster(item) if probe.cluster else None,
            pair=probe.pair(item) if probe.pair else None,
            prompt="",
            slices=probe.slices(item),
            flags=list(probe.flags(item)),
        )
        for identity, item in zip(ids, items, strict=True)
    ]


def _answered(answered: Answered[Item], requests: Requests) -> Answered[Item]:
    """An item's answers, what was asked noted in its sample."""
    scores, completions = answered.scores, answered.completions
    by: Literal["likelihood", "generation"] = "generation" if requests.generate else "likelihood"
    truncated = any(one.truncated for one in scores) or any(one.truncated for one in completions)
    error = requests.error if completions else requests.error or _fault(scores)
    lengths = [
        len(parts[0].context_ids) + sum(len(part.target_ids) for part in parts) for parts in map(_parts, requests.score)
    ]
    sample = answered.sample.model_copy(
        update={
            "prompt": requests.prompt,
            "spans": list(requests.spans),
            "flags": [*answered.sample.flags, *requests.flags, *([Flag.TRUNCATED_PROMPT] if truncated else [])],
            "answered_by": by,
            "error": error,
            "tokens_in": max([*lengths, *(one.prompt_tokens for one in completions)], default=0),
            "tokens_out": sum(text.token_count for one in completions for text in one.generations),
        }
    )
    return replace(answered, sample=sample)


def _fault(scores: Sequence[Score]) -> str | None:
    """Why likelihoods cannot be compared; None where they can."""
    error = next((one.error for one in scores if one.error), None)
    return error or (None if all(one.log_probs for one in scores) else "a text without tokens cannot be scored")


def _result(
    probe: Probe[Item],
    answered: Sequence[Answered[Item]],
    items: Sequence[Item],
    context: Context,
    assets: Sequence[AssetRecord],
) -> TaskResult:
    """Judged samples and the metrics of them."""
    samples = judged(probe, answered, context)
    return TaskResult(
        suite=SUITE,
        task=probe.name,
        metrics=metrics_of(probe, samples, items, context),
        samples=samples,
        words=words_of(probe),
        assets=[*assets, *([context.scorer.record] if context.scorer is not None else [])],
    )


def words_of(probe: Probe[Any]) -> TaskWords | None:
    """Words for readers of a probe; None where it declares no title and no question."""
    if not probe.title or not probe.question:
        return None
    good = probe.direction
    return TaskWords(title=probe.title, question=probe.question, good=f"{good[0].upper()}{good[1:]}." if good else None)


def judged(probe: Probe[Item], answered: Sequence[Answered[Item]], context: Context) -> list[Sample]:
    """The samples of answered items; those that could not be asked, or scored, keep their error.

    A judge that gives a number that is NaN or infinite could not score the item.
    """
    if probe.verdicts:
        verdicts = probe.verdicts(answered, context)
        answered = [replace(one, verdict=verdict) for one, verdict in zip(answered, verdicts, strict=True)]
    return [finite(one.sample if one.sample.error else probe.judge(one)) for one in answered]


def metrics_of(probe: Probe[Item], samples: Sequence[Sample], items: Sequence[Item], context: Context) -> list[Metric]:
    """The metrics of judged samples.

    Args:
        probe: Declares them.
        samples: All of the run.
        items: All of the data set, drawn or not: they name the categories.
        context: Scorer, configuration and source of the answers.

    Raises:
        DeclarationError: The definition of a metric cannot be found again, or its package is not in the manifest.
    """
    settings = {**probe.settings(context), **probe.data_settings(items), **_source(context.predictions)}
    note = partial(probe.note, context) if probe.note else None
    return compute(
        _declared(probe, context),
        samples,
        items,
        categories_of(probe, items),
        seed=context.config.seed,
        settings=settings,
        note=note,
    )


def categories_of(probe: Probe[Item], items: Sequence[Item]) -> dict[str, set[str]]:
    """By slice, every category of a probe's data set, and those that it reports on even where there is no item."""
    categories: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for key, category in probe.slices(item).items():
            categories[key].add(category)
    for key, known in probe.categories.items():
        categories[key].update(known)
    return categories


def definitions_of_packages(probe: Probe[Any], config: RunConfig) -> set[str]:
    """Names of the metric definitions of other packages that a probe uses, as far as the configuration says.

    A plug-in's ``more_metrics`` that needs more than the configuration counts as one that adds none.
    """
    try:
        more = [one.definition.NAME for one in (probe.more_metrics(Context(config)) if probe.more_metrics else ())]
    except RAISED_BY_OTHERS:  # whatever the code of others raises; `metrics_of` refuses what is missing here
        more = []
    return {*(one.definition.NAME for one in probe.metrics), *more} - definitions.KINDS.keys()


def _declared(probe: Probe[Item], context: Context) -> list[ProbeMetric]:
    """All metrics that a probe declares.

    Raises:
        DeclarationError: Nobody could find a definition again; or the manifest does not name its package, since the
            configuration did not say that it would be used.
    """
    more = probe.more_metrics(context) if probe.more_metrics else ()
    declared = [*probe.metrics, *more]
    for metric in declared:
        try:
            definitions.check(metric.definition)
        except ConfigError as error:
            msg = f"probe {probe.name}: metric {printable(str(metric.name), 60)}: {error}"
            raise DeclarationError(msg) from error
    foreign = {one.definition.NAME for one in declared} - definitions.KINDS.keys()
    late = foreign - definitions_of_packages(probe, context.config) if foreign else None
    if late:
        msg = (
            f"probe {probe.name}: more_metrics adds definition {min(late)} only while the probe runs: "
            "list it in metrics, or let it depend on the configuration alone"
        )
        raise DeclarationError(msg)
    return declared


def _source(predictions: Predictions | None) -> dict[str, Any]:
    """Where answers come from, where it is a file."""
    return {"answers_from": predictions.file.name, "field": predictions.field} if predictions else {}
