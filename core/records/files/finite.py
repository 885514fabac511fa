"""NaN and infinite numbers in samples: a failed measurement, in memory as in the samples file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from audit.core.records.sample import Choice, Sample, SampledText

if TYPE_CHECKING:
    from collections.abc import Mapping

Answer = TypeVar("Answer", Sample, SampledText)


def finite(sample: Sample) -> Sample:
    """The sample with null for each score, value, label, confidence and gap that is NaN or infinite.

    One such log-likelihood of an option makes all of them null; such seconds become 0. Without its score a sample has
    an error, without its value a completion has one; an error that was there stays. Metrics are computed from such
    samples, and such samples are stored, so that both agree.

    Returns:
        The same object where every number is finite.
    """
    completions = [_finite(one, "value", "labels") for one in sample.completions]
    clean = _finite(sample, "score", "scores")
    changed: dict[str, Any] = {}
    if clean.confidence is not None and not math.isfinite(clean.confidence):
        changed["confidence"] = None
    if not math.isfinite(clean.seconds):
        changed["seconds"] = 0.0
    if clean.choice is not None and (choice := _finite_choice(clean.choice)) is not clean.choice:
        changed["choice"] = choice
    if changed:
        clean = clean.model_copy(update=changed)
    if all(one is other for one, other in zip(completions, sample.completions, strict=True)):
        return clean
    return clean.model_copy(update={"completions": completions})


def _finite_choice(choice: Choice) -> Choice:
    """A choice without such numbers; the same object where every number is finite."""
    changed: dict[str, None] = {}
    if choice.log_likelihoods is not None and not all(map(math.isfinite, choice.log_likelihoods)):
        changed["log_likelihoods"] = None
    if choice.gap is not None and not math.isfinite(choice.gap):
        changed["gap"] = None
    return choice.model_copy(update=changed) if changed else choice


def _finite(answer: Answer, field: str, others: str) -> Answer:
    """A sample or completion without such numbers in one field and in one map."""
    changed: dict[str, Any] = {}
    value: float | None = getattr(answer, field)
    if value is not None and not math.isfinite(value):
        changed = {field: None, "error": answer.error or f"the {field} is not a finite number ({value})"}
    numbers: Mapping[str, float | None] = getattr(answer, others)
    known = {name: x if x is not None and math.isfinite(x) else None for name, x in numbers.items()}
    if known != numbers:
        changed[others] = known
    return answer.model_copy(update=changed) if changed else answer
