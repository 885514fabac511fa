"""Attention maps: those of transformers, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from audit.core.errors import ScorerError, WhiteBoxUnavailable
from audit.explain.attribute import prepare
from audit.explain.methods.attention import attention, attention_rollout
from tests.explain.test_white_box import ATTENTION, TARGET, TEXT

if TYPE_CHECKING:
    from audit.engine import Engine


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


def test_a_checkpoint_that_computes_another_function_while_it_gives_its_attention_is_refused(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sharper(model: Any, tokens: int, **inputs: Any) -> Any:
        output = plain(model, tokens, **inputs)
        output.logits = 2 * output.logits
        return output

    plain = attention.attending
    monkeypatch.setattr(attention, "attending", sharper)
    for module in ATTENTION:
        with pytest.raises(WhiteBoxUnavailable, match="LlamaForCausalLM computes another function while it gives att"):
            module.attribute(prepare(tiny, TEXT, TARGET, max_features=9), seed=0)


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "gemma2", "qwen3", "gpt_neox"])
def test_heads_hold_what_transformers_gives(build: Any, architecture: str) -> None:
    engine = build(architecture)
    prompt = prepare(engine, TEXT, TARGET, max_features=12)
    request = prompt.features.request
    engine.model.set_attn_implementation("eager")
    with torch.no_grad():
        ids = torch.tensor([[*request.context_ids, *request.target_ids[:-1]]])
        layers = torch.cat(engine.model(ids, output_attentions=True).attentions).double().numpy()
    predicting = layers[:, :, len(request.context_ids) - 1 :].mean(axis=2)
    expected = np.stack([predicting[..., list(owned)].sum(axis=-1) for owned in prompt.features.positions], axis=-1)
    for module in ATTENTION:
        found = module.attribute(prompt, seed=0)
        assert found.heads.shape == (2, 4, len(prompt.features))
        np.testing.assert_allclose(found.heads, expected, atol=1e-6)
        assert sum(found.values) == pytest.approx(1)
    mean = expected.mean(axis=(0, 1))
    np.testing.assert_allclose(attention.attribute(prompt, seed=0).values, mean / mean.sum(), atol=1e-6)
