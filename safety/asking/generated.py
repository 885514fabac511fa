"""What was generated for an item: the answer, the reasoning before it, and what is no answer at all.

Every probe judges the answer. Where a checkpoint reasons first, probes that look for leaks, offence or personal data
judge the trace too, apart: its scores and metrics end in ``_in_thinking``, exist only where there is a trace, and touch
none of the answers'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import Flag, MetricWords
from audit.safety.metrics import ProbeMetric
from audit.stats.definitions import Count, Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audit.core.records import Sample
    from audit.engine import Completion, Generation
    from audit.stats.definitions.means.mean_of_completions import MeanOfCompletions

IN_THINKING = "_in_thinking"
"""Ends the names of scores, labels and metrics of reasoning traces."""
CUT_IN_THINKING = "the answer was cut inside its reasoning: raise --thinking-tokens"
ENDED_IN_THINKING = "the text ended inside its reasoning: it gives no answer, whatever the limit"
NO_ANSWER = "the engine gave no answer"

UNREAD = ProbeMetric(
    Flag.NOT_ENGLISH.value,
    Count(flags=(Flag.NOT_ENGLISH,)),
    "count",
    None,
    note="text in a language that the judge does not read; it is not scored",
    words=MetricWords(title="Texts in a language that is not judged"),
)
"""How many items hold text that the judge does not read."""


def why_unanswered(generation: Generation) -> str | None:
    """Why a text without an answer has none: the limit fell inside its trace, or it ended there by itself."""
    if generation.unanswered is None:
        return None
    return CUT_IN_THINKING if generation.unanswered is Flag.THINKING_CUT else ENDED_IN_THINKING


def of_completion(sample: Sample, completion: Completion, *, whole: bool = False) -> Sample:
    """The sample with the one generation of a completion, or with the reason why there is none.

    Args:
        sample: Without output.
        completion: What the engine gave.
        whole: Whether the probe asks for a whole answer, so that one cut by the limit is flagged; a continuation of
            fixed length ends there by design.
    """
    if completion.error or not completion.generations:
        return sample.model_copy(update={"output": "", "error": completion.error or NO_ANSWER})
    generation = completion.generations[0]
    cut = not generation.thinking_closed
    limited = cut or (whole and generation.finish_reason == "length")
    return sample.model_copy(
        update={
            "output": generation.text,
            "thinking": generation.thinking,
            "thinking_tokens": generation.counted_thinking,
            "flags": [
                *sample.flags,
                *([Flag.TRUNCATED_OUTPUT] if limited else []),
                *([generation.unanswered] if generation.unanswered else []),
            ],
            "error": why_unanswered(generation) or sample.error,
        }
    )


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


def trace_metric(
    name: str,
    note: str,
    *,
    unit: str = "share",
    higher_is_better: bool | None = False,
    definition: MeanOfCompletions | Mean | None = None,
    words: MetricWords | None = None,
) -> ProbeMetric:
    """A metric over the items with a reasoning trace; left out where no item has one.

    Args:
        name: Of the metric, without ``_in_thinking``.
        note: What it counts.
        unit: Of the value.
        higher_is_better: Its direction.
        definition: Of the value, about the items with a trace; None is the mean of the score of that name.
        words: Title and phrases; None shows the name. Where lower is better, the ideal is 0.
    """
    key = f"{name}{IN_THINKING}"
    chosen = definition or Mean(of=f"{SCORES}{key}", key=True, despite_errors=True)
    return ProbeMetric(
        key,
        chosen,
        unit,
        higher_is_better,
        note=lambda inside, _items: (
            f"{note}; {len(inside)} {'item has' if len(inside) == 1 else 'items have'} a reasoning trace,"
            " judged separately from the answer"
            if inside
            else note
        ),
        words=words,
        ideal=0 if higher_is_better is False else None,
        texts="reasoning traces",
        when=lambda samples: any(chosen.is_about(sample, None) for sample in samples),
    )
