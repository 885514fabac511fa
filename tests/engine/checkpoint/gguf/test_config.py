"""Settings of GGUF files that transformers' loader drops: the model must compute as if they had been in its config."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import (
    AutoTokenizer,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Starcoder2Config,
    Starcoder2ForCausalLM,
)

from audit.core.errors import CheckpointError
from audit.engine import load
from audit.engine.checkpoint.gguf import config as gguf_config
from audit.engine.checkpoint.gguf.header import read_header
from tests.engine.checkpoint.gguf.gguf_files import File, from_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {
    "vocab_size": 384,
    "hidden_size": 64,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,
    "pad_token_id": 2,
}
PLAIN = {"rope_type": "default", "rope_theta": 500_000.0}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def model(kind: Any, config: Any, **settings: Any) -> Any:
    """A seeded random model: the same weights whatever the settings of its rotations."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return kind(config(**{**SIZES, **settings})).eval()


def logits(found: Any) -> torch.Tensor:
    """Of a sequence of 200 tokens."""
    with torch.no_grad():
        return found(input_ids=(torch.arange(200) * 7 % 380 + 3)[None]).logits[0]


@pytest.fixture
def written(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file of a model, changed, and loaded again."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))

    def load_changed(found: Any, architecture: str = "llama", tensors: Any = None, **settings: Any) -> Any:
        file = from_checkpoint(found, AutoTokenizer.from_pretrained(tiny_model), architecture)
        file.settings |= {f"{architecture}.{key}": value for key, value in settings.items()}
        file.tensors |= tensors or {}
        return load(str(file.write(tmp_path / "tiny.gguf")), device="cpu").model

    return load_changed


def llama3_factors(base: float, dimensions: int, factor: float) -> np.ndarray:
    """What llama.cpp's converter writes for Llama 3.1: Meta's ``apply_scaling``, one frequency after the other."""
    factors = []
    for number in range(0, dimensions, 2):
        wavelength = 2 * math.pi * base ** (number / dimensions)
        if wavelength < 8192 / 4:
            factors.append(1.0)
        elif wavelength > 8192:
            factors.append(factor)
        else:
            smooth = (8192 / wavelength - 1) / (4 - 1)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(factors, np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_llama_3_scales_its_rotations(written: Any, factor: float) -> None:
    truth = model(LlamaForCausalLM, LlamaConfig, rope_parameters={**LLAMA3, "factor": factor})
    plain = model(LlamaForCausalLM, LlamaConfig, rope_parameters=dict(PLAIN))
    found = written(plain, tensors={"rope_freqs.weight": llama3_factors(500_000.0, 32, factor)})
    assert found.config.rope_parameters == truth.config.rope_parameters
    assert torch.equal(logits(found), logits(truth))
    assert not torch.allclose(logits(found), logits(plain), atol=1e-3)


@pytest.mark.slow
def test_factors_that_no_rule_gives_are_applied_one_by_one(written: Any) -> None:
    factors = np.linspace(1.0, 3.0, 16).astype(np.float32)
    each = {"long_factor": factors.tolist(), "short_factor": factors.tolist(), "attention_factor": 1.0}
    long = {**PLAIN, "rope_type": "longrope", "original_max_position_embeddings": 256, **each}
    truth = model(LlamaForCausalLM, LlamaConfig, rope_parameters=long)
    found = written(
        model(LlamaForCausalLM, LlamaConfig, rope_parameters=dict(PLAIN)), tensors={"rope_freqs.weight": factors}
    )
    assert torch.allclose(logits(found), logits(truth), atol=1e-5)
    base = found.model.rotary_emb.inv_freq.double().numpy()
    expected = 500_000.0 ** -(np.arange(0, 32, 2) / 32) / factors
    assert np.allclose(base, expected, rtol=1e-6)


@pytest.mark.slow
def test_yarn_scales_rotations(written: Any) -> None:
    yarn = {**PLAIN, "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
    truth = model(LlamaForCausalLM, LlamaConfig, rope_parameters=yarn)
    plain = model(LlamaForCausalLM, LlamaConfig, rope_parameters=dict(PLAIN))
    keys = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64}
    found = written(plain, **keys)
    assert torch.allclose(logits(found), logits(truth), atol=1e-5)
    assert not torch.allclose(logits(found), logits(plain), atol=1e-3)


@pytest.mark.slow
def test_yarn_with_every_key(written: Any) -> None:
    """llama.cpp multiplies its own magnitude, 1 + 0.1 ln(factor), by the file's."""
    own = {"beta_fast": 16.0, "beta_slow": 2.0, "attention_factor": 0.5 * (1 + 0.1 * math.log(4))}
    yarn = {**PLAIN, "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, **own}
    found = written(
        model(LlamaForCausalLM, LlamaConfig, rope_parameters=dict(PLAIN)),
        **{
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 64,
            "rope.scaling.attn_factor": 0.5,
            "rope.scaling.yarn_beta_fast": 16.0,
            "rope.scaling.yarn_beta_slow": 2.0,
        },
    )
    truth = model(LlamaForCausalLM, LlamaConfig, rope_parameters=yarn)
    assert torch.allclose(logits(found), logits(truth), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "keys", [{"rope.scaling.type": "linear", "rope.scaling.factor": 2.0}, {"rope.scale_linear": 2.0}]
)
def test_linear_scaling(written: Any, keys: dict[str, Any]) -> None:
    linear = {**PLAIN, "rope_type": "linear", "factor": 2.0}
    truth = model(LlamaForCausalLM, LlamaConfig, rope_parameters=linear)
    found = written(model(LlamaForCausalLM, LlamaConfig, rope_parameters=dict(PLAIN)), **keys)
    assert torch.equal(logits(found), logits(truth))


@pytest.mark.slow
def test_no_scaling_is_none(written: Any) -> None:
    plain = model(LlamaForCausalLM, LlamaConfig, rope_parameters=dict(PLAIN))
    ones = {"rope_freqs.weight": np.ones(16, np.float32)}
    found = written(plain, tensors=ones, **{"rope.scaling.type": "none", "rope.scaling.factor": 4.0})
    assert found.config.rope_parameters == PLAIN
    assert torch.equal(logits(found), logits(plain))


def test_an_unknown_scaling_is_refused(written: Any) -> None:
    with pytest.raises(CheckpointError, match="rotary positions are scaled by 'spiral'"):
        written(model(LlamaForCausalLM, LlamaConfig), **{"rope.scaling.type": "spiral"})


@pytest.mark.slow
def test_a_scale_that_the_architecture_lacks_is_refused(written: Any) -> None:
    with pytest.raises(CheckpointError, match=r"llama\.logit_scale = 8\.0 cannot be applied"):
        written(model(LlamaForCausalLM, LlamaConfig), logit_scale=8.0)


def test_a_share_of_the_head_that_the_architecture_cannot_rotate_is_refused(written: Any) -> None:
    keys = {"rope.dimension_count": 16, "attention.key_length": 32}
    with pytest.raises(CheckpointError, match="it rotates 16 dimensions of each head, but LlamaForCausalLM rotates 32"):
        written(model(LlamaForCausalLM, LlamaConfig), **keys)


@pytest.mark.slow
def test_the_base_of_the_rotations_and_the_window_reach_starcoder(written: Any) -> None:
    own = {"rope_parameters": {"rope_type": "default", "rope_theta": 999_999.0}, "sliding_window": 32}
    truth = model(Starcoder2ForCausalLM, Starcoder2Config, **own)
    keys = {"attention.sliding_window": 32, "attention.layer_norm_epsilon": 1e-5}
    assert torch.equal(logits(written(truth, "starcoder2", **keys)), logits(truth))


@pytest.mark.slow
def test_the_rotated_share_of_a_head_reaches_phi(written: Any) -> None:
    """Phi-4-mini rotates three quarters."""
    truth = model(Phi3ForCausalLM, Phi3Config, rope_parameters={**PLAIN, "partial_rotary_factor": 0.75})
    found = written(truth, "phi3", **{"rope.dimension_count": 24})
    assert torch.equal(logits(found), logits(truth))


@pytest.mark.slow
def test_long_and_short_factors_reach_phi(written: Any) -> None:
    short, long = (np.linspace(1.0, top, 16).astype(np.float32) for top in (1.5, 6.0))
    factors = {"long_factor": long.tolist(), "short_factor": short.tolist(), "attention_factor": 1.25}
    truth = model(
        Phi3ForCausalLM,
        Phi3Config,
        original_max_position_embeddings=64,
        rope_parameters={**PLAIN, "rope_type": "longrope", **factors},
    )
    tensors = {"rope_factors_long.weight": long, "rope_factors_short.weight": short}
    keys = {"rope.scaling.original_context_length": 64, "rope.scaling.attn_factor": 1.25}
    found = written(truth, "phi3", tensors=tensors, **keys)
    assert torch.allclose(logits(found), logits(truth), atol=1e-5)


def test_gemma_scales_its_layers_of_full_attention_alone(tmp_path: Path) -> None:
    """Gemma 3 4B and larger; local layers keep their base and are not scaled."""
    keys = {
        "gemma3.rope.freq_base": 1e6,
        "gemma3.rope.scaling.type": "linear",
        "gemma3.rope.scaling.factor": 8.0,
        "gemma3.block_count": 34,
    }
    header = read_header(File("gemma3", keys, {}).write(tmp_path / "gemma.gguf"))
    config = Gemma3TextConfig(hidden_size=2560, num_attention_heads=8, head_dim=256)
    gguf_config.complete(config, header, tmp_path)
    assert config.rope_parameters == {
        "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
    }
    assert config.query_pre_attn_scalar == 256


@pytest.mark.parametrize(
    ("architecture", "layers", "hidden", "heads", "head", "scalar"),
    [("gemma3", 62, 5376, 32, 128, 168), ("gemma2", 46, 4608, 32, 128, 144), ("gemma2", 42, 3584, 16, 256, 256)],
)
def test_gemma_scales_attention_as_published(
    tmp_path: Path, architecture: str, layers: int, hidden: int, heads: int, head: int, scalar: int
) -> None:
    """``query_pre_attn_scalar`` of Google's config.json, which no key of a GGUF file holds."""
    file = File(architecture, {f"{architecture}.block_count": layers}, {})
    config = Gemma3TextConfig(hidden_size=hidden, num_attention_heads=heads, head_dim=head, num_hidden_layers=layers)
    gguf_config.complete(config, read_header(file.write(tmp_path / "gemma.gguf")), tmp_path)
    assert config.query_pre_attn_scalar == scalar


def test_two_heads_of_falcon_are_not_tied_where_they_differ(tmp_path: Path) -> None:
    """transformers' loader ties Falcon and BLOOM whatever their files hold."""
    rows = np.ones((4, 32), np.float32)
    for head, tied in ((rows, True), (rows * 2, False)):
        file = File("falcon", {}, {"token_embd.weight": rows, "output.weight": head})
        config = LlamaConfig(**SIZES)
        gguf_config.complete(config, read_header(file.write(tmp_path / "falcon.gguf")), tmp_path)
        assert config.tie_word_embeddings is tied
