"""Games whose values are known: by plain loops over the checkpoint, or in closed form."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.explain.prompt.game import MaskedPrompt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.engine import Engine

TEXT = "Question: which of these is the capital of France? 狗在睡觉。\n\nShe said: Paris! 🤖 Answer:"


def naive_log_prob(engine: Engine, context: Sequence[int], target: Sequence[int]) -> float:
    """One unpadded forward pass, log-softmax in float64, token by token."""
    with torch.no_grad():
        logits = engine.model(torch.tensor([[*context, *target]])).logits[0].double()
    log_probs = torch.log_softmax(logits, dim=-1)
    return float(sum(log_probs[len(context) - 1 + i, token] for i, token in enumerate(target)))


def naive_game(engine: Engine, prompt: MaskedPrompt) -> Callable[[Sequence[int]], float]:
    """The value of a set of present features, by dropping token positions one at a time."""
    request = prompt.features.request

    def value(present: Sequence[int]) -> float:
        ids = list(enumerate(request.context_ids))
        for index, owned in enumerate(prompt.features.positions):
            if index not in present:
                ids = [(position, token) for position, token in ids if position not in owned]
        return naive_log_prob(engine, [token for _, token in ids] or [engine.prefix_token_id], request.target_ids)

    return value


class Simulated(MaskedPrompt):
    """A game without a checkpoint: sums of products of features, with one output token.

    The Shapley value of a product is its weight divided evenly among its features (Shapley 1953; Harsanyi's
    dividends), so those of the game are known.
    """

    def __init__(self, seed: int, count: int, products: int, largest: int) -> None:
        draw = np.random.default_rng(seed)
        self.features: Any = range(count)
        sizes = draw.integers(1, largest + 1, products)
        self.products = [(draw.choice(count, size, replace=False), draw.normal()) for size in sizes]
        self.weights = np.ones(1)
        self.rows = 0

    def outputs(self, masks: np.ndarray) -> np.ndarray:
        self.rows += len(masks)
        return sum(weight * masks[:, held].all(axis=1) for held, weight in self.products)[:, None]

    @property
    def exact(self) -> np.ndarray:
        values = np.zeros(len(self.features))
        for held, weight in self.products:
            values[held] += weight / len(held)
        return values


def brute_force(count: int, value: Callable[[list[int]], float]) -> list[float]:
    """Lundberg and Lee's equation 4, subset by subset."""
    known = {subset: value(list(subset)) for size in range(count + 1) for subset in combinations(range(count), size)}
    return [
        sum(
            (known[tuple(sorted((*chosen, i)))] - known[chosen]) / (count * comb(count - 1, size))
            for size in range(count)
            for chosen in combinations([j for j in range(count) if j != i], size)
        )
        for i in range(count)
    ]
