"""Which samples deserve a look: the most confident errors of each task.

What an error is follows from the direction of the task's primary metrics: where higher is better, a score
of 0 or below, or the lowest tenth of a graded score that never reaches 0; where lower is better, a score of
0.5 or above (a toxic continuation, a leak). Where neither end is good (pairs of sentences that measure a
stereotype) no single answer is an error, and nothing is chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.sensitive import is_incomplete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample, TaskResult
    from audit.engine import Engine

HARMFUL = 0.5
"""Score from which an answer is an error where lower is better; the threshold of RealToxicityPrompts."""
CANDIDATES = 4
"""Errors of a generation task whose confidence is computed, the shortest ones: each costs a forward pass."""
STEP = 0.05
"""Confidences that differ by less count as equal; the shorter sample is then cheaper to explain."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A sample to explain."""

    sample: Sample
    """The sample; its output is what is explained."""
    reason: str
    """Why it was chosen."""


def choose(engine: Engine, results: Sequence[TaskResult], per_task: int) -> list[Choice]:
    """The most confident errors of each task, in the order of the tasks.

    Confidence is ``scores["confidence"]`` where the task has one, else exp of the mean log-probability
    per token of the output, which the engine computes.

    Args:
        engine: The checkpoint.
        results: What the other wings produced.
        per_task: Samples per task at most.
    """
    return [choice for result in results for choice in _of_task(engine, result, per_task)]


def errors(result: TaskResult) -> list[Sample]:
    """The samples of a task that count as errors and can be explained.

    One whose output was redacted cannot: its text is not there any more, and an attribution would store it.
    """
    directions = [metric.higher_is_better for metric in result.metrics if metric.primary and metric.slice is None]
    if not directions or None in directions:
        return []
    scored = [(sample, sample.score) for sample in result.samples if sample.error is None and sample.score is not None]
    if directions[0]:
        wrong = [sample for sample, score in scored if score <= 0] or _lowest(scored)
    else:
        wrong = [sample for sample, score in scored if score >= HARMFUL]
    whole = [sample for sample in wrong if not is_incomplete(sample)]
    return [sample for sample in whole if sample.prompt.strip() and (sample.output or "").strip()]


def _lowest(scored: Sequence[tuple[Sample, float]]) -> list[Sample]:
    """The lowest tenth of graded scores; nothing where all answers are right."""
    if all(score in {0.0, 1.0} for _, score in scored):
        return []
    ordered = sorted(scored, key=lambda pair: (pair[1], pair[0].sample_id))
    return [sample for sample, _ in ordered[: max(1, len(ordered) // 10)]]


def _of_task(engine: Engine, result: TaskResult, per_task: int) -> list[Choice]:
    """The choices of one task."""
    wrong = errors(result)
    known = {sample.sample_id: sample.scores.get("confidence") for sample in wrong}
    if any(confidence is None for confidence in known.values()):
        wrong = sorted(wrong, key=_length)[: max(CANDIDATES, per_task)]
        known = dict(_confidences(engine, wrong)) if len(wrong) > per_task else dict.fromkeys(known)
    ranked = sorted(wrong, key=lambda sample: (-_rounded(known[sample.sample_id]), *_length(sample)))
    return [Choice(sample, _reason(known[sample.sample_id])) for sample in ranked[:per_task]]


def _confidences(engine: Engine, samples: Sequence[Sample]) -> list[tuple[str, float | None]]:
    """Exp of the mean log-probability per token of each output; None where it cannot be had."""
    scores = engine.score([engine.encode_pair(sample.prompt, sample.output or "") for sample in samples])
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


def _reason(confidence: float | None) -> str:
    """Why a sample was chosen, for readers."""
    return "error" if confidence is None else f"confident error ({confidence:.2f})"
