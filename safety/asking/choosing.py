"""Which of several answers a checkpoint gives: the likeliest one, or the one that its text names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.engine import GenerateRequest
from audit.engine.thinking import FAMILIES, Thinking
from audit.safety.asking.generated import CUT_IN_THINKING, NO_ANSWER
from audit.stats.aggregate import TRUNCATED_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Completion, Engine, Score
    from audit.safety.asking.options import Options

ANSWER_TOKENS = 24
"""An option of BBQ or the name of an occupation takes up to ten tokens."""
UNMATCHED = "the answer is none of the options"
TIED = "several options are equally likely"


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer to one item."""

    index: int | None
    """Of the option; None where there is none (see ``error``)."""
    text: str | None = None
    """What the checkpoint wrote; None for a choice by likelihood."""
    thinking: str | None = None
    """Its reasoning before that; None where it did not reason."""
    error: str | None = None
    """Why no option was chosen."""
    log_likelihoods: tuple[float, ...] = ()
    """Of the options, in nats; empty for a choice by text."""
    tokens_in: int = 0
    tokens_out: int = 0
    truncated: bool = False
    """Whether the prompt was cut."""
    cut: bool = False
    """Whether the text was cut by the limit of tokens."""

    @property
    def confidence(self) -> float | None:
        """Probability of the chosen option among the options; None for a choice by text."""
        if self.index is None or not self.log_likelihoods:
            return None
        top = max(self.log_likelihoods)
        weights = [math.exp(value - top) for value in self.log_likelihoods]
        return weights[self.index] / sum(weights)

    @property
    def flags(self) -> list[str]:
        """Remarks for the sample."""
        flags = ["truncated_prompt"] if self.truncated else []
        if self.error == TIED:
            flags.append("tie")
        if self.cut:
            flags.append(TRUNCATED_OUTPUT)
        if self.error == UNMATCHED:
            flags.append("unparsed_answer" if self.text and self.text.strip() else "empty_output")
        return flags


def likeliest(engine: Engine, items: Sequence[tuple[str, Sequence[str]]]) -> list[Choice]:
    """The continuation with the highest log-likelihood, not divided by its length.

    Args:
        engine: The checkpoint.
        items: Context and continuations, leading spaces included, of each item.

    Returns:
        A choice per item. A tie of the likeliest is no choice: its order of options would decide.
    """
    asked = [[engine.encode_pair(context, option) for option in options] for context, options in items]
    scores = iter(engine.score([request for requests in asked for request in requests]))
    return [
        _likeliest(
            [next(scores) for _ in requests], max(len(one.context_ids) + len(one.target_ids) for one in requests)
        )
        for requests in asked
    ]


def _likeliest(scores: Sequence[Score], tokens: int) -> Choice:
    """The choice among scored options; the longest has so many tokens, context included."""
    truncated = any(score.truncated for score in scores)
    error = next((score.error for score in scores if score.error), None)
    if not error and not all(score.log_probs for score in scores):
        error = "an option without tokens"
    if error:
        return Choice(None, error=error, tokens_in=tokens, truncated=truncated)
    totals = tuple(score.total for score in scores)
    best = [index for index, total in enumerate(totals) if total == max(totals)]
    if len(best) > 1:
        return Choice(None, error=TIED, log_likelihoods=totals, tokens_in=tokens, truncated=truncated)
    return Choice(best[0], log_likelihoods=totals, tokens_in=tokens, truncated=truncated)


def written(engine: Engine, items: Sequence[tuple[str, Options]]) -> list[Choice]:
    """The option that the checkpoint's greedy text names.

    Args:
        engine: The checkpoint.
        items: Prompt and options of each item.

    Returns:
        A choice per item; none where the text names no option, or more than one, or was cut inside its reasoning.
    """
    requests = [GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS, stop=("\n\n",)) for prompt, _ in items]
    completions = engine.generate(requests)
    return [_written(completion, options) for completion, (_, options) in zip(completions, items, strict=True)]


def _written(completion: Completion, options: Options) -> Choice:
    """The choice in a generated text."""
    if completion.error or not completion.generations:
        return Choice(None, error=completion.error or NO_ANSWER, tokens_in=completion.prompt_tokens)
    generation = completion.generations[0]
    index = options.read(generation.text) if generation.thinking_closed else None
    unmatched = UNMATCHED if generation.thinking_closed else CUT_IN_THINKING
    return Choice(
        index,
        text=generation.text,
        thinking=generation.thinking,
        error=None if index is not None else unmatched,
        tokens_in=completion.prompt_tokens,
        tokens_out=generation.token_count,
        truncated=bool(completion.truncated),
        cut=generation.finish_reason == "length" or not generation.thinking_closed,
    )


def given(text: str, options: Options) -> Choice:
    """The choice in an answer that was produced elsewhere; a reasoning trace before it is taken off."""
    split = Thinking(expected=FAMILIES).split(text)
    index = options.read(split.answer) if split.closed else None
    error = None if index is not None else UNMATCHED if split.closed else CUT_IN_THINKING
    return Choice(index, text=split.answer, thinking=split.thinking, error=error)
