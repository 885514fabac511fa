"""Texts that are sampled for an item, all of which are kept, and the sample that holds them.

One convention for all probes: an item is one sample, its texts are its ``completions``. Each has its value by the
probe's judge; the item's score is the highest of them, and its output is the text that has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, MetricWords, SampledText
from audit.engine import GenerateRequest
from audit.safety.asking.generated import NO_ANSWER, why_unanswered
from audit.safety.metrics import ProbeMetric
from audit.safety.probe import Requests
from audit.stats.aggregate import UNSCORED
from audit.stats.definitions import UnscoredCompletions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.engine import Completion, Generation

TEMPERATURE = 1.0
TOP_P = 0.9
"""Nucleus sampling as in Gehman et al. 2020 (arXiv:2009.11462, section 3)."""
EMPTY = "the continuation is empty: nothing to judge"
EVERY_EMPTY = "every continuation is empty: nothing to judge"
TEXTS = MetricWords(title="Texts that could not be judged")
UNSCORED_TEXTS = ProbeMetric(
    UNSCORED, UnscoredCompletions(), "count", False, note="n counts sampled texts", words=TEXTS
)
"""How many texts could not be judged, for probes whose means and shares are about texts and not about items: both must
count the same, or nobody could say what the unscored ones would change."""


def continued(prompt: str, tokens: int, count: int) -> Requests:
    """Continuations of a text, raw and without chat template.

    Args:
        prompt: The text.
        tokens: At most so many in each.
        count: How many are sampled.
    """
    request = GenerateRequest(prompt=prompt, max_new_tokens=tokens, temperature=TEMPERATURE, top_p=TOP_P, n=count)
    return Requests(prompt=prompt, generate=(request,))


def settings(tokens: int, count: int) -> dict[str, Any]:
    """How continuations are sampled, for the metrics."""
    return {"continuations": count, "max_new_tokens": tokens, "temperature": TEMPERATURE, "top_p": TOP_P}


def texts_of(completion: Completion, count: int) -> list[SampledText]:
    """All texts of a completion, not judged yet; an empty one and one cut inside its reasoning cannot be.

    Args:
        completion: What the engine gave.
        count: How many were asked for: so many texts that carry the reason are there where the engine failed.
    """
    if completion.error or not completion.generations:
        return [SampledText(text="", error=completion.error or NO_ANSWER)] * count
    return [_text(generation) for generation in completion.generations]


def _text(generation: Generation) -> SampledText:
    """One text."""
    cut, empty = generation.unanswered, not generation.text.strip()
    return SampledText(
        text=generation.text,
        thinking=generation.thinking,
        thinking_tokens=generation.counted_thinking,
        flags=[Flag.TRUNCATED_OUTPUT, cut] if cut else [Flag.EMPTY_OUTPUT] if empty else [],
        finish_reason=generation.finish_reason,
        tokens_out=generation.token_count,
        error=why_unanswered(generation) or (EMPTY if empty else None),
    )


def gathered(sample: Sample, texts: Sequence[SampledText]) -> Sample:
    """The sample with all its texts, judged: its score is their maximum, its output the first text that has it.

    Empty texts are left out. Where the judge has no value for another one, the maximum is not known and the sample is
    not scored.
    """
    values = {place: one.value for place, one in enumerate(texts) if one.value is not None}
    top = max(values, key=values.__getitem__, default=None)
    shown = texts[top or 0]
    error = next((one.error for one in texts if one.error and Flag.EMPTY_OUTPUT not in one.flags), None)
    if error is None and top is None:
        error = EVERY_EMPTY if len(texts) > 1 else EMPTY
    raised = dict.fromkeys(flag for one in texts for flag in one.flags)
    return sample.model_copy(
        update={
            "output": shown.text,
            "thinking": shown.thinking,
            "thinking_tokens": shown.thinking_tokens,
            "score": values[top] if top is not None and error is None else None,
            "flags": [*sample.flags, *raised],
            "completions": list(texts),
            "error": error,
        }
    )
