"""Embeddings are means of transformers' own hidden states, whatever else is in the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.errors import WhiteBoxUnavailable
from audit.engine.engine import Engine
from audit.engine.local.states import embed as module

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXTS = ["Is ice water?", "", "Water boils at a hundred degrees, and ice melts at none. " * 3, "a"]


def by_hand(engine: Any, text: str) -> NDArray[np.float32]:
    """States behind the first of two layers, all positions but the first."""
    ids = [engine.prefix_token_id, *engine.encode(text, add_special_tokens=False)]
    with torch.inference_mode():
        states = engine.model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states[1]
    mean: NDArray[np.float32] = states[0, 1:].mean(dim=0).numpy()
    return mean


def test_a_vector_is_the_mean_of_the_middle_layer_without_the_beginning_of_sequence(tiny: Any) -> None:
    found = tiny.embed(TEXTS)
    assert not tiny.model.model.layers[0]._forward_hooks
    assert np.isnan(found[1]).all()
    for place in (0, 2, 3):
        np.testing.assert_allclose(found[place], by_hand(tiny, TEXTS[place]), atol=1e-5)
    assert tiny.embed(["", ""]).shape == (2, 0)


def test_a_long_text_is_its_end_and_batches_change_nothing(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = np.concatenate([tiny.embed([text]) for text in (TEXTS[0], TEXTS[2])])
    monkeypatch.setattr(tiny._forward, "alone", 5)
    np.testing.assert_allclose(tiny.embed([TEXTS[0], TEXTS[2]]), alone, atol=1e-5)
    tokens = tiny.encode(TEXTS[2], add_special_tokens=False)
    monkeypatch.setattr("audit.engine.local.engine.EMBEDDED_TOKENS", 4)
    end = tiny.tokenizer.decode(tokens[-4:])
    assert tiny.encode(end, add_special_tokens=False) == tokens[-4:]
    np.testing.assert_allclose(tiny.embed([TEXTS[2]])[0], by_hand(tiny, end), atol=1e-5)


def test_memory_that_runs_out_costs_one_text(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, means = tiny.embed(TEXTS), module._means

    def small(forward: Any, sequences: list[list[int]]) -> Any:
        if sum(map(len, sequences)) > 40:
            msg = "DefaultCPUAllocator: can't allocate memory"
            raise RuntimeError(msg)
        return means(forward, sequences)

    monkeypatch.setattr(module, "_means", small)
    found = tiny.embed(TEXTS)
    np.testing.assert_allclose(found[[0, 3]], whole[[0, 3]], atol=1e-5)
    assert np.isnan(found[[1, 2]]).all()


def test_without_layers_or_without_weights_there_are_none(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WhiteBoxUnavailable, match="hidden states need a local checkpoint"):
        Engine.embed(tiny, TEXTS)
    monkeypatch.setattr(module, "decoder_layers", lambda _: None)
    with pytest.raises(WhiteBoxUnavailable, match="LlamaForCausalLM has no list of layers"):
        tiny.embed(TEXTS)
