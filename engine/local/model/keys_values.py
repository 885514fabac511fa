"""Keys and values of one sequence, as kept between passes."""

from __future__ import annotations

import torch
from transformers.cache_utils import DynamicLayer

KeysValues = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, shape (1, heads, positions, dimension)."""


class PassingLayer(DynamicLayer):
    """A layer of a cache that keeps nothing."""

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values as they came."""
        return key_states, value_states


def size_of(kept: KeysValues) -> int:
    """Bytes of keys and values."""
    return sum(part.numel() * part.element_size() for layer in kept for part in layer)
