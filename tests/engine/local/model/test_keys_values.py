"""Memory of kept keys and values."""

from __future__ import annotations

import torch

from audit.engine.local.model.keys_values import size_of


def test_bytes_of_all_layers_count_keys_and_values_by_their_type() -> None:
    keys, values = torch.zeros(1, 2, 5, 8), torch.zeros(1, 2, 5, 4)
    half = torch.zeros(1, 2, 5, 8, dtype=torch.bfloat16)
    assert size_of([(keys, values), (half, half)]) == 4 * (80 + 40) + 2 * (80 + 80)
    assert size_of([]) == 0
