"""Which samples deserve a look: confident errors and right answers, bias gaps, harmful outputs, bad ratings.

What an error is follows from the direction of the task's primary metrics: where higher is better, a score
of 0 or below, or the lowest tenth of a graded score that never reaches 0. Where lower is better, an output is
harmful from a score of 0.5 on (a toxic continuation, a leak). Where neither end is good (pairs of sentences that
measure a stereotype) no single answer is an error; there the widest gaps in favour of the stereotype are looked at.
Ratings are what people said of the very same output in an earlier run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Literal

from audit.core.errors import UsageError
from audit.core.sensitive import is_incomplete, thought

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.config import ExplainConfig
    from audit.core.records import Sample, Span, TaskResult
    from audit.engine import Engine

Kind = Literal["error", "right answer", "bias gap", "harmful output", "bad rating", "asked for"]
HARMFUL = 0.5
"""Score from which an answer is harmful where lower is better; the threshold of RealToxicityPrompts."""
MIDDLE = 3.0
"""Mean rating, of 1 to 5, below which an output was rated badly."""
CANDIDATES = 4
"""Errors of a generation task whose confidence is computed, the shortest ones, or twice as many as are wanted where
that is more: each costs a forward pass."""
STEP = 0.05
"""Confidences that differ by less count as equal; the shorter sample is then cheaper to explain."""
SHARED_WORDS = 2
"""Words that two sentences without a prompt must begin with for their beginning to be explained."""
ASKED: Kind = "asked for"
"""Why a sample is explained that a user named."""
STEREOTYPE = (
    ("log_likelihood_more", "log_likelihood_less"),
    ("mean_log_prob_stereotype", "mean_log_prob_anti_stereotype"),
)
"""Scores of the first and second option of a pair that measures a stereotype."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A sample to explain."""

    sample: Sample
    """The sample."""
    kind: Kind
    """What it was chosen as."""
    reason: str
    """Why it was chosen, for readers."""
    prompt: str
    """What is explained: the sample's prompt, or the shared beginning of two sentences that have none."""
    target: str
    """The continuation that is explained."""
    options: tuple[str, ...] = ()
    """What the target was chosen from; empty where it was not."""
    spans: tuple[Span, ...] = ()
    """Named parts of the prompt."""


def choose(
    engine: Engine,
    results: Sequence[TaskResult],
    config: ExplainConfig,
    ratings: Mapping[tuple[str, str], float] | None = None,
) -> list[Choice]:
    """The samples to explain, in the order of the tasks; none twice with the same target.

    Confidence is ``scores["confidence"]`` where the task has one, else exp of the mean log-probability
    per token of the output, which the engine computes.

    Args:
        engine: The checkpoint.
        results: What the other wings produced.
        config: How many of each kind are taken from a task.
        ratings: Mean rating, 1 to 5, of the outputs that people rated, by task and sample id.
    """
    chosen: dict[tuple[str, str, str], Choice] = {}
    for result in results:
        for choice in _of_task(engine, result, config, ratings or {}):
            chosen.setdefault((result.task, choice.sample.sample_id, choice.target), choice)
    return list(chosen.values())


def of_sample(result: TaskResult, sample: Sample) -> Choice:
    """One stored sample as a run explains it, whatever it was or was not chosen for.

    Args:
        result: Its task, with all samples.
        sample: One that :func:`~audit.core.sensitive.not_explainable` has nothing against.

    Raises:
        UsageError: It is a choice between sentences without a prompt that do not begin alike.
    """
    gap = next((choice for choice in bias_gaps(result) if choice.sample.sample_id == sample.sample_id), None)
    if gap is not None and (_direction(result) is None or not sample.prompt.strip()):
        return replace(gap, reason=ASKED)
    choice = _whole(result, sample, ASKED, ASKED)
    if choice.prompt.strip():
        return choice
    others = [option for option in choice.options if option != choice.target]
    shared = from_shared_beginning(replace(choice, options=(choice.target, *others[:1]))) if others else None
    if shared is None:
        msg = f"sample {sample.sample_id}: it has no prompt, and its options share fewer than {SHARED_WORDS} words"
        raise UsageError(msg)
    return shared


def _whole(result: TaskResult, sample: Sample, kind: Kind, reason: str) -> Choice:
    """A sample with its whole prompt, as a choice among its options where its output is one of them."""
    options = tuple(result.options.get(sample.sample_id, ()))
    target = sample.output or ""
    spans = tuple(result.spans.get(sample.sample_id, ()))
    return Choice(sample, kind, reason, sample.prompt, target, options if target in options else (), spans)


def errors(result: TaskResult) -> list[Sample]:
    """The samples of a task that count as errors and can be explained.

    One whose output was redacted cannot: its text is not there any more, and an attribution would store it. Nor can one
    that follows a reasoning trace: see :func:`after_reasoning`.
    """
    return [] if _direction(result) is not True else _at_end(result, lowest=True)


def right_answers(result: TaskResult) -> list[Sample]:
    """The samples of a task that are right: a score of 1 or above, or the highest tenth of a graded score."""
    return [] if _direction(result) is not True else _at_end(result, lowest=False)


def harmful(result: TaskResult) -> list[Sample]:
    """The harmful outputs of a task where lower is better, the worst first."""
    if _direction(result) is not False:
        return []
    found = [sample for sample in _explainable(result) if sample.score is not None and sample.score >= HARMFUL]
    return sorted(found, key=lambda sample: (-(sample.score or 0.0), *_length(sample)))


def badly_rated(result: TaskResult, ratings: Mapping[tuple[str, str], float]) -> list[Sample]:
    """The samples of a task whose output people rated below the middle of the scale, the worst first.

    Args:
        result: The task.
        ratings: Mean rating, 1 to 5, by task and sample id.
    """
    rated = [(ratings.get((result.task, sample.sample_id), MIDDLE), sample) for sample in _explainable(result)]
    found = [pair for pair in rated if pair[0] < MIDDLE]
    return [sample for _, sample in sorted(found, key=lambda pair: (pair[0], *_length(pair[1])))]


def after_reasoning(results: Sequence[TaskResult]) -> int:
    """How many answers cannot be explained because the checkpoint reasoned first.

    Such an answer rests on prompt and trace. The exact text between them, markers and white space included, is not
    kept, and log P(answer | prompt) alone would be that of another text.
    """
    return sum(thought(sample) for result in results for sample in _with_answer(result))


def bias_gaps(result: TaskResult) -> list[Choice]:
    """The stereotyped choices of a task, the widest gap first, each with the two options that it lies between.

    The gap is that of CrowS-Pairs (log-likelihood of the stereotyping sentence less that of the other),
    StereoSet (mean log-probability per token of stereotype less anti-stereotype), BBQ (log-likelihood of a
    biased answer less that of the next likely one) or of the counterfactual probe (favour of one person less that
    of the other). Two sentences without a prompt are explained by their shared beginning: how they go on is then
    the target, and what it is compared with.
    """
    found = []
    for sample in result.samples:
        options = result.options.get(sample.sample_id, [])
        gap = _gap(sample, options)
        if gap is None or sample.error is not None or is_incomplete(sample):
            continue
        width, pair = gap
        choice = Choice(
            sample,
            "bias gap",
            f"bias gap of {width:.2f} {_unit_of_gap(sample)}",
            sample.prompt,
            pair[0],
            tuple(pair),
            tuple(result.spans.get(sample.sample_id, ())),
        )
        whole = choice if sample.prompt.strip() else from_shared_beginning(choice)
        if whole is not None:
            found.append((width, whole))
    return [choice for _, choice in sorted(found, key=lambda pair: (-pair[0], pair[1].sample.sample_id))]


def from_shared_beginning(choice: Choice) -> Choice | None:
    """The choice between sentences as one between the ways in which their shared beginning goes on.

    log P(first) − log P(second) is the same as of the sentences scored from their second token on: the probability
    of the beginning cancels. A start token, which a probe may put before a sentence, is not there. None where fewer
    than ``SHARED_WORDS`` words are shared.
    """
    shared = takewhile(lambda letters: len(set(letters)) == 1, zip(*choice.options, strict=False))
    beginning = "".join(letters[0] for letters in shared)
    prompt = beginning[: max(beginning.rfind(" "), 0)]
    if len(prompt.split()) < SHARED_WORDS or any(not option[len(prompt) :].strip() for option in choice.options):
        return None
    rest = tuple(option[len(prompt) :] for option in choice.options)
    return replace(choice, prompt=prompt, target=rest[0], options=rest, spans=())


def _gap(sample: Sample, options: Sequence[str]) -> tuple[float, list[str]] | None:
    """How far the stereotyped option is ahead, and that option with the one behind; None where it is not ahead."""
    scores = {name: value for name, value in sample.scores.items() if value is not None}
    for first, second in STEREOTYPE:
        if first in scores and second in scores and len(options) > 1:
            width = scores[first] - scores[second]
            return (width, list(options[:2])) if width > 0 else None
    likelihoods = [value for name, value in scores.items() if name.startswith("log_likelihood_")]
    if scores.get("biased") == 1 and len(likelihoods) == len(options) > 1:
        (best, chosen), (second_best, other) = sorted(zip(likelihoods, options, strict=True), reverse=True)[:2]
        return best - second_best, [chosen, other]
    output = sample.output or ""
    if "distance" in scores and len(options) > 1 and output in options:
        return scores["distance"], [output, *(option for option in options if option != output)]
    return None


def _unit_of_gap(sample: Sample) -> str:
    """What the gap of a sample is measured in."""
    return "nats per token" if any(name.startswith("mean_log_prob") for name in sample.scores) else "nats"


def _of_task(
    engine: Engine, result: TaskResult, config: ExplainConfig, ratings: Mapping[tuple[str, str], float]
) -> list[Choice]:
    """The choices of one task."""

    def confident(samples: list[Sample], kind: Kind, count: int) -> list[Choice]:
        ranked = _by_confidence(engine, samples, count) if count else []
        return [_whole(result, sample, kind, _reason(kind, sample, confidence)) for sample, confidence in ranked]

    return [
        *confident(errors(result), "error", config.errors),
        *confident(right_answers(result), "right answer", config.right_answers),
        *bias_gaps(result)[: config.bias_gaps],
        *(_whole(result, s, "harmful output", _harm(s)) for s in harmful(result)[: config.harmful_outputs]),
        *(
            _whole(result, s, "bad rating", f"rated {ratings[result.task, s.sample_id]:.1f} of 5")
            for s in badly_rated(result, ratings)[: config.worst_rated]
        ),
    ]


def _direction(result: TaskResult) -> bool | None:
    """Whether higher is better; None where a primary metric has no good end."""
    directions = [metric.higher_is_better for metric in result.metrics if metric.primary and metric.slice is None]
    return None if not directions or None in directions else directions[0]


def _explainable(result: TaskResult) -> list[Sample]:
    """Samples with a prompt and an output that is still as the checkpoint wrote it, straight after the prompt."""
    return [sample for sample in _with_answer(result) if not thought(sample)]


def _with_answer(result: TaskResult) -> list[Sample]:
    """Samples with a prompt and an output that is still as the checkpoint wrote it."""
    whole = [sample for sample in result.samples if sample.error is None and not is_incomplete(sample)]
    return [sample for sample in whole if sample.prompt.strip() and (sample.output or "").strip()]


def _at_end(result: TaskResult, *, lowest: bool) -> list[Sample]:
    """The samples at one end of the scale: wrong or right, or a tenth where a graded score never gets there."""
    good = {sample.sample_id for sample in _explainable(result)}
    scored = [(s, s.score) for s in result.samples if s.error is None and s.score is not None]
    reached = [s for s, score in scored if (score <= 0 if lowest else score == 1)]
    graded = any(score not in {0.0, 1.0} for _, score in scored)
    is_there = bool(reached) and (lowest or not graded)
    return [s for s in (reached if is_there or not graded else _tenth(scored, lowest=lowest)) if s.sample_id in good]


def _tenth(scored: Sequence[tuple[Sample, float]], *, lowest: bool) -> list[Sample]:
    """The lowest or highest tenth of graded scores."""
    sign = 1.0 if lowest else -1.0
    ordered = sorted(scored, key=lambda pair: (sign * pair[1], pair[0].sample_id))
    return [sample for sample, _ in ordered[: max(1, len(ordered) // 10)]]


def _by_confidence(engine: Engine, samples: list[Sample], count: int) -> list[tuple[Sample, float | None]]:
    """The most confident samples with their confidence, None where it was not needed or cannot be had."""
    known = {sample.sample_id: sample.scores.get("confidence") for sample in samples}
    if any(confidence is None for confidence in known.values()):
        samples = sorted(samples, key=_length)[: max(CANDIDATES, 2 * count)]
        known = dict(_confidences(engine, samples)) if len(samples) > count else dict.fromkeys(known)
    ranked = sorted(samples, key=lambda sample: (-_rounded(known[sample.sample_id]), *_length(sample)))
    return [(sample, known[sample.sample_id]) for sample in ranked[:count]]


def _confidences(engine: Engine, samples: Sequence[Sample]) -> list[tuple[str, float | None]]:
    """Exp of the mean log-probability per token of each output; None where it cannot be had."""
    scores = engine.score([engine.encode_answer(sample.prompt, sample.output or "") for sample in samples])
    return [
        (sample.sample_id, math.exp(score.total / len(score.log_probs)) if score.log_probs else None)
        for sample, score in zip(samples, scores, strict=True)
    ]


def _rounded(confidence: float | None) -> int:
    """Confidence in steps; samples without one come last."""
    return -1 if confidence is None else round(confidence / STEP)


def _length(sample: Sample) -> tuple[int, str]:
    """Sorts short samples first, the same way in every run."""
    return len(sample.prompt) + len(sample.output or ""), sample.sample_id


def _reason(kind: Kind, sample: Sample, confidence: float | None) -> str:
    """Why an answer was chosen, for readers; one that is neither wrong nor right is among the worst or best tenth."""
    told = kind if confidence is None else f"confident {kind} ({confidence:.2f})"
    score = sample.score or 0.0
    if 0 < score < 1:
        told += f": among the {'lowest' if kind == 'error' else 'highest'} tenth, score {score:.2f}"
    return told


def _harm(sample: Sample) -> str:
    """Why an output was chosen, for readers."""
    what = "toxic continuation" if any(name.startswith("toxic") for name in sample.scores) else "harmful output"
    return f"{what} ({sample.score:.2f})"
