"""A choice among options: how it is asked, which option is chosen, and what the sample says of it.

The choice is the likeliest option, or the one that a written answer names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from audit.core.records import Choice, Flag
from audit.engine import GenerateRequest
from audit.safety.asking.generated import NO_ANSWER, why_unanswered
from audit.safety.probe import Requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.core.records import Sample, Span
    from audit.engine import Completion, Engine, Score
    from audit.safety.probe import Answered, Context, Item

ANSWER_TOKENS = 24
"""An option of BBQ or the name of an occupation takes up to ten tokens."""
UNMATCHED = "the answer is none of the options"
TIED = "several options are equally likely"


class AnswerReader(Protocol):
    """What knows the options of a question (:class:`audit.safety.asking.options.Options` and others)."""

    def read(self, text: str) -> int | None:
        """The option that a written answer means; None where it names none, or could mean several."""


def requests(
    engine: Engine, config: RunConfig, prompt: str, texts: Sequence[str], spans: Sequence[Span], lead: str = " "
) -> Requests:
    """Asks for the likelihood of each option after the prompt, or for a greedy text, as ``safety.answers`` says.

    Args:
        engine: The checkpoint.
        config: Says how answers are given.
        prompt: What comes before the options.
        texts: The options.
        spans: Named parts of the prompt.
        lead: What comes before each option.
    """
    if config.safety.answers == "generation":
        text = GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS, stop=("\n\n",))
        return Requests(prompt=prompt, generate=(text,), spans=tuple(spans))
    score = tuple(engine.encode_pair(prompt, continuation) for continuation in continuations(texts, lead))
    return Requests(prompt=prompt, score=score, spans=tuple(spans))


def continuations(texts: Sequence[str], lead: str = " ") -> list[str]:
    """Options as they are scored: after a space, or what else comes before them."""
    return [f"{lead}{text}" for text in texts]


def settings(context: Context) -> dict[str, str]:
    """How answers were given, for the metrics of a checkpoint."""
    if context.engine is None:
        return {}
    answers = context.config.safety.answers
    return {"answers": answers} | ({"normalised": "none"} if answers == "likelihood" else {})


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer to one item."""

    index: int | None
    """Of the option; None where there is none (see ``error``)."""
    text: str | None = None
    """What the checkpoint wrote; None for a choice by likelihood."""
    thinking: str | None = None
    """Its reasoning before that; None where it did not reason."""
    thinking_tokens: int | None = None
    """Tokens of the reasoning; 0 where it did not reason, None where nobody counted them."""
    unanswered: Flag | None = None
    """The remark on a text that ended inside its reasoning; None for any other."""
    error: str | None = None
    """Why no option was chosen."""
    log_likelihoods: tuple[float, ...] = ()
    """Of the options, in nats; empty for a choice by text."""
    cut: bool = False
    """Whether the text was cut by the token limit."""

    @property
    def confidence(self) -> float | None:
        """Probability of the chosen option among the options; None for a choice by text."""
        if self.index is None or not self.log_likelihoods:
            return None
        top = max(self.log_likelihoods)
        weights = [math.exp(value - top) for value in self.log_likelihoods]
        return weights[self.index] / sum(weights)

    @property
    def flags(self) -> list[Flag]:
        """Remarks for the sample."""
        found: list[Flag] = []
        if self.error == TIED:
            found.append(Flag.TIE)
        if self.cut:
            found.append(Flag.TRUNCATED_OUTPUT)
        if self.unanswered:
            found.append(self.unanswered)
        if self.error == UNMATCHED:
            found.append(Flag.UNPARSED_ANSWER if self.text and self.text.strip() else Flag.EMPTY_OUTPUT)
        return found


def choose(answered: Answered[Item], options: AnswerReader) -> Chosen:
    """The option that the checkpoint, or the author of an answer from elsewhere, chose."""
    if answered.completions:
        return written(answered.completions[0], options)
    return likeliest(answered.scores)


def likeliest(scores: Sequence[Score]) -> Chosen:
    """The option with the highest log-likelihood, not divided by its length.

    A tie of the likeliest is no choice: the order of the options would decide.
    """
    totals = tuple(score.total for score in scores)
    best = [index for index, total in enumerate(totals) if total == max(totals)]
    if len(best) > 1:
        return Chosen(None, error=TIED, log_likelihoods=totals)
    return Chosen(best[0], log_likelihoods=totals)


def written(completion: Completion, options: AnswerReader) -> Chosen:
    """The option that a text names; none where it names no option or several, or was cut inside its reasoning."""
    if completion.error or not completion.generations:
        return Chosen(None, error=completion.error or NO_ANSWER)
    generation = completion.generations[0]
    index = options.read(generation.text) if generation.thinking_closed else None
    unmatched = why_unanswered(generation) or UNMATCHED
    return Chosen(
        index,
        text=generation.text,
        thinking=generation.thinking,
        thinking_tokens=generation.counted_thinking,
        unanswered=generation.unanswered,
        error=None if index is not None else unmatched,
        cut=generation.finish_reason == "length" or not generation.thinking_closed,
    )


def judged(sample: Sample, chosen: Chosen, texts: Sequence[str], right: int, lead: str = " ") -> Sample:
    """The sample with the option that was chosen; ``score`` is 1 where it is the right one."""
    options = continuations(texts, lead) if chosen.log_likelihoods else list(texts)
    return sample.model_copy(
        update={
            "reference": options[right],
            "output": chosen.text if chosen.text is not None or chosen.index is None else options[chosen.index],
            "thinking": chosen.thinking,
            "thinking_tokens": chosen.thinking_tokens,
            "score": None if chosen.index is None else float(chosen.index == right),
            "confidence": chosen.confidence,
            "choice": choice(chosen, options, right),
            "flags": [*sample.flags, *chosen.flags],
            "error": chosen.error,
        }
    )


def choice(chosen: Chosen, options: Sequence[str], right: int) -> Choice:
    """What was chosen among; by likelihood, the chosen option is compared with the next likely one."""
    values = chosen.log_likelihoods
    others = sorted((index for index in range(len(values)) if index != chosen.index), key=lambda index: -values[index])
    contrast = others[0] if others and chosen.index is not None else None
    return Choice(
        options=list(options),
        log_likelihoods=list(values) or None,
        chosen=chosen.index,
        right=right,
        contrast=contrast,
    )
