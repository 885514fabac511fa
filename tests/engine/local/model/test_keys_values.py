"""Memory of kept keys and values."""

from __future__ import annotations

import pytest
import torch
from transformers.cache_utils import Cache

from audit.engine.local.model.keys_values import PassingLayer, size_of
from tests.engine.whole.tiny_types import configuration, random_model


def test_bytes_of_all_layers_count_keys_and_values_by_their_type() -> None:
    keys, values = torch.zeros(1, 2, 5, 8), torch.zeros(1, 2, 5, 4)
    half = torch.zeros(1, 2, 5, 8, dtype=torch.bfloat16)
    assert size_of([(keys, values), (half, half)]) == 4 * (80 + 40) + 2 * (80 + 80)
    assert size_of([]) == 0


@pytest.mark.parametrize("kind", ["llama", "gemma3_text", "gpt2"])  # all layers see all, some have windows, no rotation
def test_a_cache_that_keeps_nothing_changes_no_logit(kind: str) -> None:
    model = random_model(configuration(kind)).eval()
    ids = torch.arange(3, 43).view(2, 20)
    cache = Cache(layer_class_to_replicate=PassingLayer)
    with torch.inference_mode():
        alone = model(input_ids=ids, use_cache=False).logits
        passed = model(input_ids=ids, past_key_values=cache, use_cache=False).logits
    assert torch.equal(passed, alone)
    assert [layer.get_seq_length() for layer in cache.layers] == [0] * len(cache.layers)
    assert len(cache.layers) == model.config.num_hidden_layers
