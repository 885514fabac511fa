"""Keys and values of one sequence, as kept between passes."""

from __future__ import annotations

import torch

KeysValues = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, shape (1, heads, positions, dimension)."""


def size_of(kept: KeysValues) -> int:
    """Bytes of keys and values."""
    return sum(part.numel() * part.element_size() for layer in kept for part in layer)
