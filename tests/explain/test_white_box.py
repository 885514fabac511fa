"""Attention rollout and integrated gradients against formulas written out by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.errors import ScorerError, WhiteBoxUnavailable
from audit.explain import (
    attention,
    attention_flow,
    attention_rollout,
    gradient_x_attention,
    gradient_x_input,
    gradients,
    integrated_gradients,
    integrated_gradients_mean,
    layer_gradient_x_activation,
)
from audit.explain.attribute import prepare

if TYPE_CHECKING:
    from audit.engine import Engine


TEXT = "Question: which of these is the capital of France? 狗在睡觉。 Answer:"
TARGET = " Paris is"
ATTENTION = [attention, attention_flow, attention_rollout]
GRADIENT = [
    gradient_x_attention,
    gradient_x_input,
    integrated_gradients,
    integrated_gradients_mean,
    layer_gradient_x_activation,
]
WHITE_BOX = [*ATTENTION, *GRADIENT]


def naive_rollout(engine: Engine, prompt: Any) -> np.ndarray:
    """Abnar and Zuidema's equation 1 as products of full matrices in float64."""
    request = prompt.features.request
    ids = [*request.context_ids, *request.target_ids[:-1]]
    engine.model.set_attn_implementation("eager")
    with torch.no_grad():
        layers = engine.model(torch.tensor([ids]), output_attentions=True).attentions
    product = np.eye(len(ids))
    for layer in layers:
        weights = layer[0].double().numpy().mean(axis=0)
        product = (0.5 * weights + 0.5 * np.eye(len(ids))) @ product
    np.testing.assert_allclose(product.sum(axis=1), 1, atol=1e-6)
    mass = product[len(request.context_ids) - 1 :].mean(axis=0)
    shares = np.array([mass[list(owned)].sum() for owned in prompt.features.positions])
    return shares / shares.sum()


def test_rollout_equals_the_formula(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    tiny.model.set_attn_implementation("sdpa")
    found = attention_rollout.attribute(prompt, seed=0)
    assert tiny.model.config._attn_implementation == "sdpa"
    assert sum(found.values) == pytest.approx(1)
    assert found.evaluations == 1
    try:
        expected = naive_rollout(tiny, prompt)
    finally:
        tiny.model.set_attn_implementation("sdpa")
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


def test_the_attention_is_switched_back_after_an_error(tiny: Engine) -> None:
    before = tiny.model.config._attn_implementation

    def break_down() -> None:
        with attention.eager_attention(tiny.model):
            assert tiny.model.config._attn_implementation == "eager"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_down()
    assert tiny.model.config._attn_implementation == before


def test_a_prompt_whose_attentions_do_not_fit_is_refused(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "ATTENTION_BYTES", 1000)
    with pytest.raises(ScorerError, match="explain a shorter prompt"):
        attention_rollout.attribute(prepare(tiny, TEXT, TARGET, max_features=9), seed=0)


def test_an_architecture_without_attention_weights_is_refused(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoAttentions:
        config = tiny.model.config
        dtype = torch.float32
        device = torch.device("cpu")

        def set_attn_implementation(self, name: str) -> None:
            pass

        def __call__(self, **inputs: Any) -> Any:
            return type("Output", (), {"attentions": (None, None)})()

    with pytest.raises(WhiteBoxUnavailable, match="use occlusion"):
        attention.attentions(NoAttentions(), [1, 2])


@pytest.mark.parametrize("module", WHITE_BOX)
def test_white_box_methods_say_so_when_the_checkpoint_is_not_local(linear: Any, module: Any) -> None:
    with pytest.raises(WhiteBoxUnavailable, match="not local"):
        module.attribute(prepare(linear, TEXT, TARGET, max_features=9), seed=0)


def test_integrated_gradients_equal_a_hand_written_integral(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    found = integrated_gradients.attribute(prompt, seed=0)
    request = prompt.features.request
    ids = torch.tensor([*request.context_ids, *request.target_ids[:-1]])
    baseline = ids.clone()
    baseline[: len(request.context_ids)] = tiny.encode(" ")[0]
    embed = tiny.model.get_input_embeddings()
    start, end = embed(baseline).detach(), embed(ids).detach()
    total = torch.zeros(len(ids))
    for node, weight in zip(*np.polynomial.legendre.leggauss(integrated_gradients.STEPS), strict=True):
        at = (start + (node + 1) / 2 * (end - start)).requires_grad_()
        logits = tiny.model(inputs_embeds=at[None]).logits[0, -len(request.target_ids) :]
        value = logits.log_softmax(-1)[range(len(request.target_ids)), list(request.target_ids)].sum()
        (gradient,) = torch.autograd.grad(value, at)
        total += weight / 2 * ((end - start) * gradient).sum(-1)
    expected = [float(total[list(owned)].sum()) for owned in prompt.features.positions]
    np.testing.assert_allclose(found.values, expected, atol=1e-4)


def test_integrated_gradients_are_nearly_complete(tiny: Engine) -> None:
    prompt = prepare(tiny, TEXT, TARGET, max_features=48)
    found = integrated_gradients.attribute(prompt, seed=0)
    difference = prompt.full - found.baseline_value
    assert sum(found.values) == pytest.approx(difference, rel=0.1)


def test_the_neutral_token_is_not_the_padding_token_whose_embedding_is_zero(tiny: Engine) -> None:
    embeddings = tiny.model.get_input_embeddings().weight.detach()
    assert float(embeddings[tiny.tokenizer.pad_token_id].norm()) == 0
    assert float(embeddings[gradients.neutral_token(tiny)].norm()) > 0
