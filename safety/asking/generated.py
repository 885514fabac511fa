"""What was generated for an item: the answer, the reasoning before it, and what is no answer at all.

Every probe judges the answer. Where a checkpoint reasons first, probes that look for leaks, offence or personal data
judge the trace too, apart: its scores and metrics end in ``_in_thinking``, exist only where there is a trace, and touch
none of the answers'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.safety.probe import count_metric
from audit.stats.aggregate import TRUNCATED_OUTPUT, TRUNCATED_OUTPUTS, mean_metric
from audit.stats.definitions.mean import SCORES, Mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from audit.core.records import Metric, Sample
    from audit.engine import Completion, Generation

IN_THINKING = "_in_thinking"
"""Ends the names of scores and metrics of reasoning traces."""
CUT_IN_THINKING = "the answer was cut inside its reasoning: raise --thinking-tokens"
NO_ANSWER = "the engine gave no answer"
CUT_ANSWERS = "Answers cut by the limit of tokens; one that has begun is judged as far as it goes."


def of_completion(sample: Sample, completion: Completion, *, whole: bool = False) -> Sample:
    """The sample with the first generation of a completion, or with the reason why there is none.

    Args:
        sample: Without output.
        completion: What the engine gave.
        whole: Whether the probe asks for a whole answer, so that one cut by the limit is flagged; a continuation of
            fixed length ends there by design.
    """
    flags = [*sample.flags, *(["truncated_prompt"] if completion.truncated else [])]
    told = sample.model_copy(update={"output": "", "tokens_in": completion.prompt_tokens, "flags": flags})
    if completion.error or not completion.generations:
        return told.model_copy(update={"error": completion.error or NO_ANSWER})
    return of_generation(told, completion.generations[0], whole=whole)


def of_generation(sample: Sample, generation: Generation, *, whole: bool = False) -> Sample:
    """The sample with one generation; one that was cut inside its reasoning is no answer. Arguments as above."""
    cut = not generation.thinking_closed
    limited = cut or (whole and generation.finish_reason == "length")
    return sample.model_copy(
        update={
            "output": generation.text,
            "thinking": generation.thinking,
            "tokens_out": generation.token_count,
            "flags": [*sample.flags, *([TRUNCATED_OUTPUT] if limited else [])],
            "error": CUT_IN_THINKING if cut else sample.error,
        }
    )


def truncated_metrics(task: str, samples: Sequence[Sample]) -> list[Metric]:
    """How many answers the limit of tokens cut; nothing where no sample was answered by generation."""
    if not any(sample.tokens_out for sample in samples):
        return []
    cut = sum(TRUNCATED_OUTPUT in sample.flags for sample in samples)
    return [count_metric(task, TRUNCATED_OUTPUTS, cut, len(samples), CUT_ANSWERS)]


def trace_of(generation: Generation) -> str | None:
    """The reasoning of a generation; None where it is absent or blank."""
    return generation.thinking if generation.thinking and generation.thinking.strip() else None


def with_trace_judged(sample: Sample, judge: Callable[[str], Mapping[str, float | None]]) -> Sample:
    """The sample with scores of its reasoning trace; as it is where there is none.

    Args:
        sample: With its answer, judged or not.
        judge: Trace to scores by name, without ``_in_thinking``; None where it could not be judged.
    """
    if not (sample.thinking or "").strip():
        return sample
    found = {f"{name}{IN_THINKING}": value for name, value in judge(str(sample.thinking)).items()}
    return sample.model_copy(update={"scores": {**sample.scores, **found}})


@dataclass(frozen=True, slots=True)
class TraceMeasure:
    """A metric of reasoning traces."""

    name: str
    """Without ``_in_thinking``."""
    note: str
    """What it counts."""
    unit: str = "share"
    """Of the metric."""
    higher_is_better: bool | None = False
    """Its direction."""


def trace_metrics(samples: Sequence[Sample], measures: Sequence[TraceMeasure], seed: int) -> list[Metric]:
    """Means over the samples with a reasoning trace; nothing where no sample has one."""
    metrics = []
    for one in measures:
        key = f"{one.name}{IN_THINKING}"
        inside = [sample for sample in samples if key in sample.scores]
        if not inside:
            continue
        values = [sample.scores[key] for sample in inside]
        unjudged = sum(value is None for value in values)
        told = f"{one.note}; {len(inside)} of {len(samples)} items have a reasoning trace, judged apart from the answer"
        metrics.append(
            mean_metric(
                inside,
                key,
                values,
                unit=one.unit,
                higher_is_better=one.higher_is_better,
                seed=seed,
                note=f"{told}; {unjudged} could not be judged" if unjudged else told,
                definition=Mean(of=f"{SCORES}{key}", key=True),
            )
        )
    return metrics
