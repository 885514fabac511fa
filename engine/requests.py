"""What a checkpoint can be asked, and what it returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from audit.core.records.flags import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Batches = Sequence[tuple[tuple[int, ...], float]]
    """Indices of requests that are computed together, and the modelled cost of that."""
    Assignment = Callable[[Sequence[Any], Batches | None], Sequence[int]]
    """What one of several processes answers of a call: takes all distinct requests, and what is computed together where
    the engine knows it; returns indices."""

RANGES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "temperature": ("0 or more", lambda value: value >= 0),
    "top_k": ("0 or more", lambda value: value >= 0),
    "top_p": ("above 0, at most 1", lambda value: 0 < value <= 1),
    "min_p": ("0 to 1", lambda value: 0 <= value <= 1),
    "typical_p": ("above 0, at most 1", lambda value: 0 < value <= 1),
    "repetition_penalty": ("above 0", lambda value: value > 0),
    "no_repeat_ngram_size": ("0 or more", lambda value: value >= 0),
    "min_new_tokens": ("0 or more", lambda value: value >= 0),
    "max_gen_toks": ("1 or more", lambda value: value >= 1),
}
"""Allowed values of a request's settings, in words and as a test."""
WHOLE = ("n", "first", "max_new_tokens", "min_new_tokens", "top_k", "no_repeat_ngram_size", "seed")
"""Settings that are whole numbers."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """How likely is this continuation of that context?

    Made from text by :meth:`audit.engine.Engine.encode_pair`, which splits tokens as lm-eval does.
    """

    context_ids: tuple[int, ...]
    """Token ids of the context; at least one (the prefix token stands for an empty context)."""
    target_ids: tuple[int, ...]
    """Token ids whose log-probabilities are wanted; may be empty."""
    moments: bool = False
    """Also return mean and standard deviation of log p over the vocabulary at each target position."""

    def __post_init__(self) -> None:
        """Refuse what no model can answer."""
        if not self.context_ids:
            msg = "a context needs at least one token: the prefix token stands for an empty one"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Score:
    """The answer to a :class:`ScoreRequest`. All tuples have one entry per target token."""

    log_probs: tuple[float, ...]
    """Natural-log probability of each target token, float32 log-softmax."""
    is_argmax: tuple[bool, ...]
    """Whether the target token was the most likely one at its position."""
    mean_log_probs: tuple[float, ...] | None = None
    """Mean of log p over the vocabulary; None unless moments were requested."""
    std_log_probs: tuple[float, ...] | None = None
    """Standard deviation of log p over the vocabulary; None unless moments were requested."""
    truncated: int = 0
    """Context tokens dropped from the left because the model's context is too short."""
    error: str | None = None
    """Why the answer cannot be used (NaN or infinite log-probabilities, target longer than the context)."""

    @property
    def total(self) -> float:
        """Log-probability of the whole target, nats; 0 for an empty target, NaN with an error."""
        return float("nan") if self.error else float(sum(self.log_probs))

    @property
    def is_greedy(self) -> bool:
        """Whether greedy decoding would have produced the target."""
        return self.error is None and all(self.is_argmax)


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """Continue this prompt."""

    prompt: str
    """The exact text that the checkpoint sees, including a chat template if requested."""
    max_new_tokens: int = 128
    """Maximum tokens of the answer. A reasoning trace has its own limit, the engine's."""
    temperature: float = 0.0
    """0 is greedy decoding; otherwise logits are divided by it."""
    top_k: int = 0
    """Sample from the k most likely tokens only; 0 keeps all."""
    top_p: float = 1.0
    """Sample from the smallest set of tokens that holds this much probability."""
    min_p: float = 0.0
    """Sample from tokens at least this likely, relative to the likeliest; 0 keeps all."""
    typical_p: float = 1.0
    """Sample from the locally typical tokens that hold this much probability; 1 keeps all."""
    repetition_penalty: float = 1.0
    """Divisor for logits of tokens in prompt and text (a factor for negative ones), sampled or not."""
    no_repeat_ngram_size: int = 0
    """No n-gram of this size occurs twice in prompt and text; 0 allows repetition."""
    min_new_tokens: int = 0
    """The end-of-turn token is impossible before this many tokens."""
    seed: int = 0
    """Random seed of this request: the same seed gives the same text whatever else is in the batch."""
    n: int = 1
    """Number of completions; with greedy decoding they are equal."""
    first: int = 0
    """Number of the first completion: a request may be split without changing its completions."""
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these strings, which may contain special tokens. A reasoning trace may
    contain them."""

    def __post_init__(self) -> None:
        """Refuse what cannot be generated."""
        for name in WHOLE:
            if not isinstance(value := getattr(self, name), Integral) or isinstance(value, bool):
                msg = f"{name} must be a whole number, got {value!r}"
                raise ValueError(msg)  # noqa: TRY004 - one kind of error for settings that cannot be
        if self.n < 1 or self.max_new_tokens < 1:
            msg = f"n and max_new_tokens must be at least 1, got {self.n} and {self.max_new_tokens}"
            raise ValueError(msg)
        for name, (words, is_allowed) in RANGES.items():
            value = getattr(self, name, 1)
            if not isinstance(value, Real) or not math.isfinite(float(value)) or not is_allowed(float(value)):
                msg = f"{name} must be {words}, got {value!r}"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Generation:
    """One continuation."""

    text: str
    """The answer, without prompt, reasoning trace, stop string and special tokens."""
    token_count: int
    """Generated tokens, including those of the stop string and the end-of-turn token."""
    finish_reason: str
    """``stop`` (stop string or end-of-turn token) or ``length``."""
    thinking: str | None = None
    """Reasoning trace before the answer, without its markers; None if the checkpoint did not write one."""
    thinking_tokens: int = 0
    """Tokens of ``token_count`` that belong to the trace, including its markers."""
    thinking_closed: bool = True
    """False if the text ended inside the trace: there is no answer then."""

    @property
    def counted_thinking(self) -> int | None:
        """:attr:`thinking_tokens`; None where there is a trace and nobody counted its tokens, as on some servers."""
        uncounted = self.thinking_tokens == 0 and (bool(self.thinking) or not self.thinking_closed)
        return None if uncounted else self.thinking_tokens

    @property
    def unanswered(self) -> Flag | None:
        """The remark on a text that ended inside its trace; None where an answer follows."""
        if self.thinking_closed:
            return None
        return Flag.THINKING_CUT if self.finish_reason == "length" else Flag.THINKING_ONLY


@dataclass(frozen=True, slots=True)
class Completion:
    """The answer to a :class:`GenerateRequest`."""

    generations: tuple[Generation, ...] = field(default=())
    """The ``n`` completions, in a fixed order; none with an error."""
    prompt_tokens: int = 0
    """Tokens of the prompt as run."""
    truncated: int = 0
    """Prompt tokens dropped from the left because the model's context is too short."""
    error: str | None = None
    """Why there is no answer (e.g. NaN logits)."""
