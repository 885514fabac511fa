"""What an inference engine of others has to answer: the next token, tokens of a text, a continuation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class NextToken:
    """The distribution after a context, as far as it was asked for."""

    log_probs: dict[int, float]
    """Natural-log probabilities of the wanted tokens; one that the engine left out is missing."""
    likeliest: float
    """Log-probability of the likeliest token."""


@dataclass(frozen=True)
class ReadText:
    """Tokens of a text, read one after the other; one entry for each."""

    log_probs: tuple[float, ...]
    """Natural-log probabilities."""
    is_argmax: tuple[bool, ...] | None
    """Whether each was the likeliest at its place; None where the engine does not say."""


@dataclass(frozen=True)
class Sampling:
    """How one continuation is written."""

    max_tokens: int
    """Maximum tokens."""
    temperature: float = 0.0
    """0 is greedy decoding."""
    top_k: int = 0
    """0 keeps all tokens."""
    top_p: float = 1.0
    """1 keeps all tokens."""
    min_p: float = 0.0
    """0 keeps all tokens."""
    repetition_penalty: float = 1.0
    """1 is none."""
    min_tokens: int = 0
    """Tokens before the first that may end the text."""
    seed: int | None = None
    """None for greedy decoding."""
    ends: tuple[int, ...] = ()
    """Tokens that end the text; they are part of it."""
    stop: tuple[str, ...] = ()
    """Strings that end the text once they are in it; the engine may look for them in any way."""


@dataclass(frozen=True)
class Written:
    """A continuation."""

    tokens: tuple[int, ...]
    """Those that ended it included."""
    is_finite: bool
    """Whether the log-probabilities of its tokens are numbers."""


class Backend(Protocol):
    """One engine with one checkpoint. Each list of answers is in the order of what was asked."""

    @property
    def called(self) -> str:
        """Name, version and what else decides numbers."""

    def next_tokens(self, contexts: Sequence[list[int]], wanted: Sequence[list[int]]) -> list[NextToken | None]:
        """Log-probabilities of tokens after contexts; None where no answer came.

        Args:
            contexts: Token ids.
            wanted: Token ids after each context, all different.
        """

    def read(self, texts: Sequence[list[int]], starts: Sequence[int], *, whole: bool) -> list[ReadText | None]:
        """Tokens of texts from a place on; None where no answer came.

        Args:
            texts: Token ids.
            starts: Place of the first wanted token in each, at least 1.
            whole: Say for each token whether it was the likeliest, whatever that costs.
        """

    def write(self, prompts: Sequence[list[int]], samplings: Sequence[Sampling]) -> list[Written | None]:
        """Continuations of prompts; None where no answer came."""

    def forget(self) -> None:
        """Empty the cache of prefixes."""

    def close(self) -> None:
        """Give back the memory."""
