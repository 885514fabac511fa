"""A text while it is generated, and a request's texts until all of them have ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from audit.engine.local.token_sampling import uniforms
from audit.engine.requests import Completion, GenerateRequest, Generation

if TYPE_CHECKING:
    from transformers import LogitsProcessorList

    from audit.engine.local.endings import WatchedText


@dataclass
class Continuation:
    """One text that is being generated."""

    index: int
    """Index of its request."""
    copy: int
    """Number of the completion within the request."""
    request: GenerateRequest
    prompt: tuple[int, ...]
    reading: WatchedText
    """Determines when it ends and what its text is."""
    processors: LogitsProcessorList
    """What changes its logits; empty for plain decoding."""
    tokens: list[int] = field(default_factory=list)
    """The tokens generated so far."""
    numbers: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    """The random numbers drawn so far, if it is sampled."""

    def number(self) -> torch.Tensor:
        """The random number for its next token. Drawn as needed: a trace may be long, but rarely is."""
        if len(self.tokens) >= len(self.numbers):
            count = max(self.request.max_new_tokens, 2 * len(self.numbers))
            self.numbers = uniforms(self.request, self.copy, count)
        return self.numbers[len(self.tokens)]


@dataclass
class Collected:
    """The texts of one request so far."""

    request: GenerateRequest
    ids: list[int]
    """All tokens of the prompt."""
    kept: int
    """Prompt tokens that are read; the others are cut from the left."""
    room: int
    """Tokens that fit after them."""
    done: dict[int, Generation] = field(default_factory=dict)
    """Texts that have ended, by number."""

    @property
    def prompt(self) -> tuple[int, ...]:
        """The prompt's tokens that are read."""
        return tuple(self.ids[len(self.ids) - self.kept :])

    @property
    def missing(self) -> list[int]:
        """Numbers of the texts still to be generated; greedy ones are all equal."""
        return [copy for copy in range(self.request.n if self._sampled else 1) if copy not in self.done]

    @property
    def _sampled(self) -> bool:
        return self.request.temperature > 0

    def take(self, text: Continuation, error: str | None) -> Completion | None:
        """Add an ended text, a greedy one for all n; returns the completion if it was the last or had an error."""
        cut = len(self.ids) - self.kept
        if error:
            return Completion((), self.kept, cut, error)
        generation = text.reading.finish(text.tokens)
        self.done.update(dict.fromkeys([text.copy] if self._sampled else range(self.request.n), generation))
        if len(self.done) < self.request.n:
            return None
        return Completion(tuple(self.done[copy] for copy in range(self.request.n)), self.kept, cut)
