"""Gradient and attention methods on architectures whose forward pass is not that of a plain transformer."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from audit.core.errors import WhiteBoxUnavailable
from audit.explain.attribute import prepare
from audit.explain.methods.attention import attention
from audit.explain.methods.gradients import integrated_gradients, layer_gradient_x_activation
from audit.explain.methods.gradients import sequences as gradients
from audit.explain.methods.registry import METHODS
from tests.engine.whole import tiny_types
from tests.explain import architectures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture(autouse=True)
def _foreign_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some architectures warn of their own code
        yield


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gemma3n_text", "gemma4_text", "gemma4"])
def test_a_baseline_of_per_layer_embeddings_is_another_prompt_by_ids(kind: str, tokenizer: Any) -> None:
    """Integrated gradients start at what a plain pass over the ids of spaces gives."""
    prompt = architectures.build(kind, tokenizer)
    assert prompt is not None
    request = prompt.features.request
    owned = {place for places in prompt.features.positions for place in places}
    space = tokenizer(" ", add_special_tokens=False)["input_ids"][-1]
    spaces = tuple(space if place in owned else token for place, token in enumerate(request.context_ids))
    found = integrated_gradients.attribute(prompt, seed=0)
    model = prompt.engine.model
    assert found.baseline_value == pytest.approx(
        architectures.plain_log_prob(model, spaces, request.target_ids), abs=1e-3
    )
    plain = architectures.plain_log_prob(model, request.context_ids, request.target_ids)
    [sequence] = gradients.sequences(prompt)
    with torch.no_grad():
        assert float(sequence.log_probs(sequence.embed(sequence.ids)).sum()) == pytest.approx(plain, abs=1e-4)


def test_another_function_from_embeddings_is_refused_with_both_values(
    tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gemma 3n without its per-layer embeddings: what was differentiated before they were passed on."""
    prompt = architectures.build("gemma3n_text", tokenizer)
    assert prompt is not None
    monkeypatch.setattr(gradients, "per_layer_tables", lambda model: None)
    sequence_ids = torch.tensor([[*prompt.features.request.context_ids, *prompt.features.request.target_ids[:-1]]])
    model: Any = prompt.engine.model
    with torch.no_grad():
        logits = model(inputs_embeds=model.get_input_embeddings()(sequence_ids), use_cache=False).logits[0]
    start = len(prompt.features.request.context_ids) - 1
    log_probs = logits.log_softmax(-1)
    other = sum(float(log_probs[start + i, token]) for i, token in enumerate(prompt.features.request.target_ids))
    assert abs(other - prompt.full) > 0.05
    told = rf"Gemma3nForCausalLM computes another function from embeddings \({other:.2f} nats\) than from ids "
    for name in ("gradient_x_input", "integrated_gradients", "integrated_gradients_mean"):
        with pytest.raises(WhiteBoxUnavailable, match=told + rf"\({prompt.full:.2f}\)"):
            METHODS[name].attribute(prompt, 0)


def test_a_padding_token_without_a_position_is_noticed_in_the_prompt_that_has_one(tokenizer: Any) -> None:
    """RoBERTa counts positions over ids that are no padding, and cannot know which embeddings are padding."""
    first = architectures.build("roberta", tokenizer)
    assert first is not None
    METHODS["gradient_x_input"].attribute(first, 0)
    text = f"The dog {tokenizer.pad_token} sleeps. Answer:"
    padded = prepare(first.engine, text, " yes", max_features=12)
    assert tokenizer.pad_token_id in padded.features.request.context_ids
    with pytest.raises(WhiteBoxUnavailable, match="computes another function from embeddings"):
        METHODS["gradient_x_input"].attribute(padded, 0)


@pytest.mark.parametrize("kind", ["falcon", "qwen3_next", "gemma4_text", "granitemoehybrid"])
def test_heads_are_those_of_a_checkpoint_that_was_made_with_eager_attention(kind: str, tokenizer: Any) -> None:
    """Falcon cannot be switched by ``set_attn_implementation``: its attention then sees what follows."""
    prompt = architectures.build(kind, tokenizer)
    assert prompt is not None
    config = tiny_types.configuration(kind)
    eager = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    eager.load_state_dict(prompt.engine.model.state_dict())
    request = prompt.features.request
    with torch.no_grad():
        ids = torch.tensor([[*request.context_ids, *request.target_ids[:-1]]])
        given = eager(input_ids=ids, output_attentions=True, use_cache=False).attentions
    layers = torch.cat([weights for weights in given if weights is not None]).double().numpy()
    layers = layers.reshape(-1, *given[-1].shape[1:])
    predicting = layers[:, :, len(request.context_ids) - 1 :].mean(axis=2)
    expected = np.stack([predicting[..., list(owned)].sum(axis=-1) for owned in prompt.features.positions], axis=-1)
    found = attention.attribute(prompt, seed=0)
    np.testing.assert_allclose(found.heads, expected, atol=1e-5)
    assert prompt.engine.model.config._attn_implementation == "sdpa"
    assert found.settings == {"layers": config.num_hidden_layers, "layers_with_attention": len(layers)}


def test_gradient_x_activation_is_that_of_captum(tiny: Any) -> None:
    from captum.attr import LayerGradientXActivation

    prompt = prepare(tiny, "The dog sleeps. Answer:", " fox dog", max_features=12)
    [sequence] = gradients.sequences(prompt)
    block = tiny.model.model.layers[0]
    expected = []
    for place in range(len(sequence.target)):
        explainer = LayerGradientXActivation(lambda rows, place=place: sequence.log_probs(rows)[:, place], block)
        states = explainer.attribute(sequence.embed(sequence.ids).requires_grad_())
        states = states[0] if isinstance(states, tuple) else states
        by_token = states[0].sum(dim=-1).detach().numpy()
        expected.append([by_token[list(owned)].sum() for owned in prompt.features.positions])
    found = layer_gradient_x_activation.attribute(prompt, seed=0)
    np.testing.assert_allclose(found.matrix, expected, atol=1e-5)
