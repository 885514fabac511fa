"""What the doubles of inference engines compute: rows of a local engine's model, texts, and what a cache would hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

BLOCK = 4
"""Tokens of one block of the cache."""


class Computing:
    """Computes by the model of a local engine.

    Args:
        inner: What computes.
        fault: Spoils answers; ``nan``, ``early`` (a text ends where nothing does) and ``aborted`` are known here.
    """

    def __init__(self, inner: Any, fault: str) -> None:
        self.inner, self.fault = inner, fault
        self.held: list[list[int]] = []

    def rows(self, ids: list[int]) -> torch.Tensor:
        """Log-probabilities after each token."""
        with torch.no_grad():
            rows = torch.log_softmax(self.inner.model(input_ids=torch.tensor([ids])).logits[0].double(), dim=-1)
        return rows * np.nan if self.fault == "nan" else rows

    def cached(self, prompt: list[int]) -> int:
        """Tokens of whole blocks that an earlier prompt has, the last token of the prompt left out."""
        most = 0
        for other in self.held:
            same = next(
                (i for i, (a, b) in enumerate(zip(prompt, other, strict=False)) if a != b), min(len(prompt), len(other))
            )
            most = max(most, min(same, len(prompt) - 1) // BLOCK * BLOCK)
        return most

    def text(
        self,
        prompt: list[int],
        most: int,
        ends: Collection[int],
        stop: Sequence[str],
        seed: int | None,
        temperature: float,
    ) -> tuple[list[int], list[float], int | str | None]:
        """Tokens of a text, their values, and the token or string that ended it."""
        tokens: list[int] = []
        values: list[float] = []
        source = None if seed is None else torch.Generator().manual_seed(seed)
        while len(tokens) < most:
            row = self.rows([*prompt, *tokens])[-1]
            if source is None or self.fault == "nan":
                chosen = int(row.argmax())
            else:
                chosen = int(torch.multinomial((row / temperature).exp(), 1, generator=source))
            tokens.append(chosen)
            values.append(float(row[chosen]))
            matched = next((word for word in stop if word in self.inner.tokenizer.decode(tokens)), None)
            if matched is not None or chosen in ends:
                return tokens, values, chosen if matched is None else matched
            if self.fault in {"early", "aborted"}:
                return tokens, values, "nothing"
        return tokens, values, None
