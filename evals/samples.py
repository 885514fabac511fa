"""From lm-eval's logged samples to the audit's records."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.records import Choice, Flag, Sample, digest_of, sample_id
from audit.evals.answer_scores import UNPARSED
from audit.stats.harness_names import LENGTH, LOG_LIKELIHOOD, NO_MATCH, RENAMED, UNSCORED_ANSWER, suffix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from lm_eval.api.task import Task

    from audit.evals.catalogue import OwnTask
    from audit.evals.harness import Remark

ANSWERED_BY: dict[str, Literal["likelihood", "generation"]] = {
    "multiple_choice": "likelihood",
    "loglikelihood": "likelihood",
    "generate_until": "generation",
}
"""How tasks of each lm-eval kind are answered; one that scores whole texts is not answered."""


@dataclass(frozen=True)
class Item:
    """One document of a task with everything that lm-eval logged about it."""

    logged: tuple[dict[str, Any], ...]
    """lm-eval's logged sample, one per filter."""
    remarks: tuple[Remark, ...]
    """The harness's remarks on its requests."""
    values: dict[str, Any] = field(default_factory=dict)
    """Per-item values by metric name: a number, or what a corpus metric aggregates."""

    @property
    def failure(self) -> str | None:
        """Why there is no answer."""
        return next((remark.error for remark in self.remarks if remark.error), None)

    @property
    def error(self) -> str | None:
        """Why the item cannot be scored: there is no answer, or none that the task can score."""
        return self.failure or self.values.get(UNSCORED_ANSWER)


def make_item(logged: Sequence[dict[str, Any]], remarks: Sequence[Remark]) -> Item:
    """Gather one document; several filters give metric names a suffix."""
    values: dict[str, Any] = {}
    for sample in logged:
        ending = suffix(sample["filter"], several=len(logged) > 1)
        for name in sample["metrics"]:
            value = sample[name]
            values[RENAMED.get(name, name) + ending] = float(value) if is_number(value) else value
    return Item(tuple(logged), tuple(remarks), values)


def is_number(value: object) -> bool:
    """Whether a per-item value is one number."""
    return isinstance(value, bool | int | float | np.number | np.bool_)


def make_samples(task: Task, items: Sequence[Item], own: OwnTask | None, data: str, seconds: float) -> list[Sample]:
    """The records of a task's items.

    Args:
        task: lm-eval's task.
        items: Its items, in order.
        own: The audit's part of its task file; None for a task of lm-eval.
        data: Name of its data set.
        seconds: What the task took.
    """
    seen: Counter[str] = Counter()
    samples = []
    for item in items:
        digest = item.logged[0]["doc_hash"]
        copy = f"/{seen[digest]}" if seen[digest] else ""
        seen[digest] += 1
        samples.append(_make_sample(task, item, own, sample_id(_name(task), data, digest + copy), seconds / len(items)))
    return samples


def cluster_of(doc: Mapping[str, Any], own: OwnTask | None) -> str | None:
    """The cluster of a row; None where the task has none."""
    return digest_of(doc[own.cluster])[:16] if own and own.cluster else None


def _make_sample(task: Task, item: Item, own: OwnTask | None, identity: str, seconds: float) -> Sample:
    """The record of one item."""
    doc = item.logged[0]["doc"]
    asked = _describe(task, item)
    scores = _scores(task, item, asked)
    score = scores.get(own.primary[0]) if own and own.primary else next(iter(_by_preference(scores)), None)
    return Sample(
        sample_id=identity,
        suite="evals",
        task=_name(task),
        cluster=cluster_of(doc, own),
        prompt=asked.prompt,
        reference=asked.reference,
        prompt_sha256=_digest_of_prompts(item),
        output=None if item.failure else asked.output,
        choice=make_choice(task, item),
        answered_by=ANSWERED_BY.get(task.OUTPUT_TYPE),
        thinking=next((remark.thinking for remark in item.remarks if remark.thinking), None),
        thinking_tokens=next((one.thinking_tokens for one in item.remarks if one.thinking_tokens is not None), None),
        score=None if item.error or score is None or not math.isfinite(score) else score,
        confidence=asked.confidence,
        scores={} if item.error else {**scores, **asked.scores},
        slices={column: str(doc[column]) for column in own.slices} if own else {},
        flags=_flags(item, asked),
        error=item.error,
        tokens_in=max((remark.tokens_in for remark in item.remarks), default=0),
        tokens_out=sum(remark.tokens_out for remark in item.remarks),
        seconds=seconds,
    )


def _digest_of_prompts(item: Item) -> str | None:
    """Digest over the options' prompts if they differ; None if there is one prompt, whose digest is enough."""
    prompts = list(dict.fromkeys(_text(arguments[0]) for arguments in item.logged[0]["arguments"]))
    return digest_of(*prompts) if len(prompts) > 1 else None


@dataclass(frozen=True)
class _Asked:
    """What an item asked and what came back."""

    prompt: str
    reference: str | None
    output: str | None
    scores: dict[str, float | None] = field(default_factory=dict)
    confidence: float | None = None
    is_tie: bool = False


def _describe(task: Task, item: Item) -> _Asked:
    """Prompt, reference and output by the kind of task."""
    if task.OUTPUT_TYPE == "multiple_choice":
        return _describe_choice(task, item)
    logged = item.logged[0]
    arguments, answer = logged["arguments"][0], logged["resps"][0][0]
    if task.OUTPUT_TYPE == "generate_until":
        target = logged["target"]
        reference = "\n".join(map(str, target)) if isinstance(target, list) else str(target)
        return _Asked(_text(arguments[0]), reference, _text(answer))
    if task.OUTPUT_TYPE == "loglikelihood":
        total, greedy = answer
        target = _text(arguments[1])
        return _Asked(_text(arguments[0]), target, target if greedy else None, {LOG_LIKELIHOOD: float(total)})
    return _Asked(_text(arguments[0]), None, None, {LOG_LIKELIHOOD: float(answer), **_lengths(item, float(answer))})


def _lengths(item: Item, total: float) -> dict[str, float | None]:
    """The words or bytes of a text, by the name of each perplexity per word or byte: a value (total, length)."""
    pairs = {name: value for name, value in item.values.items() if isinstance(value, tuple) and len(value) == 2}
    return {
        f"{name}{LENGTH}": float(value[1])
        for name, value in pairs.items()
        if all(map(is_number, value)) and float(value[0]) == total
    }


def _describe_choice(task: Task, item: Item) -> _Asked:
    """The option with the highest log-likelihood, as lm-eval chooses, with its probability among the options."""
    from scipy.special import softmax  # noqa: PLC0415 - a tenth of a second to import, and no answer waits for it

    logged = item.logged[0]
    options = len(task.doc_to_choice(logged["doc"]))
    arguments = logged["arguments"][:options]
    totals = [float(answers[0][0]) for answers in logged["resps"][:options]]
    gold = gold_index(task, logged)
    reference = _text(arguments[gold][1]) if gold is not None else None
    if item.error or not all(map(math.isfinite, totals)):
        return _Asked(_text(arguments[0][0]), reference, None)
    chosen = int(np.argmax(totals))
    scores: dict[str, float | None] = {f"log_likelihood_{position}": total for position, total in enumerate(totals)}
    confidence = min(1.0, float(softmax(totals)[chosen]))
    output = _text(arguments[chosen][1])
    return _Asked(_text(arguments[chosen][0]), reference, output, scores, confidence, _is_tie(totals))


def _is_tie(totals: Sequence[float]) -> bool:
    """Whether the likeliest options are several."""
    return list(totals).count(max(totals)) > 1


def make_choice(task: Task, item: Item) -> Choice | None:
    """The options of an item, with the log-likelihoods that it chose by; ``contrast`` is the likeliest other option.

    A benchmark measures no bias: ``gap`` is null. Where two options are equally likely, none is chosen; lm-eval takes
    the first, and so do output and score.

    Args:
        task: lm-eval's task.
        item: One of its items.

    Returns:
        None of a task without options, where each option has its own prompt (WinoGrande), so that there is
        no one prompt after which they were compared, and where an option has no log-likelihood.
    """
    if task.OUTPUT_TYPE != "multiple_choice":
        return None
    logged = item.logged[0]
    count = len(task.doc_to_choice(logged["doc"]))
    prompts, options = zip(*(map(_text, arguments[:2]) for arguments in logged["arguments"][:count]), strict=True)
    totals = [float(answers[0][0]) for answers in logged["resps"][:count]]
    if len(set(prompts)) != 1 or item.error or not all(map(math.isfinite, totals)):
        return None
    first = int(np.argmax(totals))
    contrast = max((i for i in range(count) if i != first), key=totals.__getitem__, default=None)
    return Choice(
        options=list(options),
        log_likelihoods=totals,
        chosen=None if _is_tie(totals) else first,
        right=gold_index(task, logged),
        contrast=contrast,
    )


def gold_index(task: Task, logged: dict[str, Any]) -> int | None:
    """Position of the right option, the first if several are right; None if the task does not give it."""
    target = task.doc_to_text(logged["doc"]) if task.multiple_input else logged["target"]
    if isinstance(target, list):
        target = target[0] if target else None
    if isinstance(target, str):
        choices = task.doc_to_choice(logged["doc"])
        return choices.index(target) if target in choices else None
    return int(target) if isinstance(target, int) and 0 <= target < len(logged["arguments"]) else None


def _scores(task: Task, item: Item, asked: _Asked) -> dict[str, float | None]:
    """Every metric's value for this item alone; corpus metrics are computed over the one item."""
    if item.error:
        return {}
    scores: dict[str, float | None] = {}
    for name, value in item.values.items():
        if name in {UNPARSED, UNSCORED_ANSWER}:
            continue
        score = value if isinstance(value, float) else _alone(task, name, value, len(item.logged) > 1)
        scores[name] = score if score is not None and math.isfinite(score) else None
    if not scores and LOG_LIKELIHOOD in asked.scores:
        scores["log_likelihood"] = asked.scores[LOG_LIKELIHOOD]
    return scores


def _alone(task: Task, name: str, value: Any, filtered: bool) -> float | None:  # noqa: ANN401 - the task's own type
    """A corpus metric over one item; None if it needs more."""
    aggregation = task.aggregation().get(name)
    if aggregation is None or filtered:
        return None
    try:
        return float(aggregation([value]))
    except (ValueError, ZeroDivisionError, OverflowError, TypeError, IndexError):
        return None


def _by_preference(scores: dict[str, float | None]) -> list[float | None]:
    """Scores of a task of lm-eval, the one that is the item's score first."""
    return [scores[name] for name in ("accuracy", "exact_match") if name in scores] + list(scores.values())


def _flags(item: Item, asked: _Asked) -> list[Flag]:
    """Flags for readers and filters."""
    output = asked.output
    unparsed = item.values.get(UNPARSED) == 1.0 or all(
        sample["filtered_resps"][0] == NO_MATCH for sample in item.logged
    )
    flags = {
        Flag.TRUNCATED_PROMPT: any(remark.truncated for remark in item.remarks),
        Flag.UNPARSED_ANSWER: unparsed and not item.error,
        Flag.EMPTY_OUTPUT: output is not None and not output.strip() and not item.error,
        Flag.TRUNCATED_OUTPUT: any(remark.cut for remark in item.remarks),
        Flag.THINKING_CUT: any(remark.unanswered == Flag.THINKING_CUT for remark in item.remarks),
        Flag.THINKING_ONLY: any(remark.unanswered == Flag.THINKING_ONLY for remark in item.remarks),
        Flag.TIE: asked.is_tie,
        Flag.SYSTEM_TURN_MERGED: any(remark.system_merged for remark in item.remarks),
    }
    return [flag for flag, raised in flags.items() if raised]


def _name(task: Task) -> str:
    """The task's name."""
    return str(task.task_name)


def _text(value: object) -> str:
    """What lm-eval logged, as text."""
    return value if isinstance(value, str) else str(value)
