"""The configuration that a GGUF file describes, completed where transformers' loader silently drops metadata.

It drops the scaling of rotary positions (``rope.scaling.*``, ``rope_freqs.weight``, ``rope_factors_*.weight``) and, for
some architectures, the base of the rotations, the rotated share of a head, the attention window and the scale of
attention. Everything here follows what llama.cpp computes from the same file (``llama-model.cpp``, ``ggml``'s RoPE).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from gguf import dequantize

from audit.core.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from audit.engine.checkpoint.gguf.header import Header

FREQUENCIES, LONG, SHORT = "rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"
ROPE_TENSORS = {FREQUENCIES, LONG, SHORT}
"""Tensors that are settings: the configuration holds them, not the weights."""
ATTRIBUTES = {
    "attention.sliding_window": "sliding_window",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
    "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
    "attention.head_count_kv": "num_key_value_heads",
}
"""Metadata with a single number, by its name in transformers' configurations."""
EPSILONS = ("rms_norm_eps", "norm_eps", "norm_epsilon", "layer_norm_eps", "layer_norm_epsilon")
OWN_SCALES = ("logit_scale", "residual_scale", "embedding_scale", "attention.scale", "attention.clamp_kqv")
"""Metadata that change every number; a file is refused if its architecture's configuration has no such setting."""
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
"""Settings of every published Llama 3.1, 3.2 and 3.3; a file only keeps the factors derived from them."""
LARGEST_GEMMA = {"gemma2": 46, "gemma3": 62}
"""Number of layers of the 27-billion checkpoints, which scale attention by width per head, not by ``head_dim``."""
UNTOUCHED = {"gemma4"}
"""Architectures whose rotations transformers sets right by itself, two kinds of layers apart."""


def complete(config: Any, header: Header, file: Path) -> None:  # noqa: ANN401 - no common typed base
    """Add what transformers' loader left out to its configuration.

    Raises:
        CheckpointError: The metadata ask for arithmetic that this architecture does not have in transformers.
    """
    if header.architecture not in UNTOUCHED:
        _set_numbers(config, header)
        _set_rotations(config, header, file)
    _refuse_unknown_scales(config, header, file)
    config.tie_word_embeddings = _is_tied(header)


def rotated(model: Any) -> int | None:  # noqa: ANN401 - see above
    """Dimensions of a head that a loaded model rotates; None if it does not give them in one place."""
    for name, buffer in model.named_buffers():
        if name.rsplit(".", 1)[-1] == "inv_freq":
            return 2 * int(buffer.numel())
    return None


def _set_numbers(config: Any, header: Header) -> None:  # noqa: ANN401 - see above
    """Single numbers given in the file."""
    for key, attribute in ATTRIBUTES.items():
        value = header.of_model(key)
        if isinstance(value, int | float) and hasattr(config, attribute):
            setattr(config, attribute, value)
    head = header.of_model("attention.key_length")
    if head is not None and head != _head_size(config):
        config.head_dim = head
    for key in ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"):
        for attribute in EPSILONS:
            if header.of_model(key) is not None and hasattr(config, attribute):
                setattr(config, attribute, header.of_model(key))
    if config.model_type == "mistral" and header.of_model("attention.sliding_window") is None:
        config.sliding_window = None
    if hasattr(config, "query_pre_attn_scalar"):
        largest = header.of_model("block_count") == LARGEST_GEMMA.get(header.architecture)
        heads = config.hidden_size // config.num_attention_heads
        config.query_pre_attn_scalar = heads if largest else config.head_dim


def _head_size(config: Any) -> int:  # noqa: ANN401 - see above
    """Dimensions of one head's query."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _set_rotations(config: Any, header: Header, file: Path) -> None:  # noqa: ANN401 - see above
    """Base, rotated share and scaling of rotary positions, if the model has any.

    Where layers differ in kind, base and scaling of the file are those of full attention.
    """
    parameters = getattr(config, "rope_parameters", None)
    if not isinstance(parameters, dict):
        return
    nested = parameters.get("full_attention")
    own = dict(nested if isinstance(nested, dict) else parameters)
    base = header.of_model("rope.freq_base")
    if base is not None:
        own["rope_theta"] = float(base)
    head = _head_size(config)
    share = header.of_model("rope.dimension_count", head) / head
    if share != own.get("partial_rotary_factor", 1.0):
        own["partial_rotary_factor"] = share
        config.partial_rotary_factor = share
    scaling = _scaling(header, file, int(share * head), float(own["rope_theta"]), config.max_position_embeddings)
    if scaling:
        own = {key: own[key] for key in ("rope_theta", "partial_rotary_factor") if key in own} | scaling
        if hasattr(config, "original_max_position_embeddings") and "original_max_position_embeddings" in scaling:
            config.original_max_position_embeddings = scaling["original_max_position_embeddings"]
        if header.architecture == "gpt-oss":
            own["truncate"] = False  # the model's own configuration; no key of the file has it
    config.rope_parameters = {**parameters, "full_attention": own} if isinstance(nested, dict) else own


def _scaling(header: Header, file: Path, rotated: int, base: float, context: int) -> dict[str, Any]:
    """Scaling of rotary positions as ``rope_parameters`` of transformers; empty for none.

    Raises:
        CheckpointError: The kind of scaling is not known here.
    """
    tensors = header.tensors
    factor = header.of_model("rope.scaling.factor") or header.of_model("rope.scale_linear") or 1.0
    kind = header.of_model("rope.scaling.type", "linear")
    original = int(header.of_model("rope.scaling.original_context_length", context))
    magnitude = float(header.of_model("rope.scaling.attn_factor", 1.0))
    if LONG in tensors and SHORT in tensors:
        return {
            "rope_type": "longrope",
            "long_factor": _numbers(header, LONG).tolist(),
            "short_factor": _numbers(header, SHORT).tolist(),
            "original_max_position_embeddings": original,
            "attention_factor": magnitude,
        }
    if FREQUENCIES in tensors:
        return _by_frequency(_numbers(header, FREQUENCIES), rotated, base, context)
    if kind == "yarn" and header.of_model("rope.scaling.yarn_log_multiplier") is None:
        return {
            "rope_type": "yarn",
            "factor": float(factor),
            "original_max_position_embeddings": original,
            "attention_factor": magnitude * (0.1 * math.log(factor) + 1.0),
            "beta_fast": float(header.of_model("rope.scaling.yarn_beta_fast", 32.0)),
            "beta_slow": float(header.of_model("rope.scaling.yarn_beta_slow", 1.0)),
        }
    if kind == "linear":
        return {"rope_type": "linear", "factor": float(factor)} if factor != 1.0 else {}
    if kind == "none":
        return {}
    msg = f"{file}: its rotary positions are scaled by {kind!r}, which is not supported: audit the original folder"
    raise CheckpointError(msg)


def _by_frequency(factors: NDArray[np.float64], rotated: int, base: float, context: int) -> dict[str, Any]:
    """Scaling that divides each frequency by its own factor: Llama 3's rule if it gives these factors.

    llama.cpp keeps the factors that come of Llama 3's rule, not its settings; all but one of them never changed.
    """
    if np.all(factors == 1.0):
        return {}
    llama3 = {"rope_type": "llama3", "factor": float(factors.max()), **LLAMA3}
    if len(factors) == rotated // 2 and np.allclose(factors, _llama3_factors(llama3, rotated, base), rtol=1e-5):
        return llama3
    each = factors.tolist()
    return {
        "rope_type": "longrope",
        "long_factor": each,
        "short_factor": each,
        "original_max_position_embeddings": context,
        "attention_factor": 1.0,
    }


def _llama3_factors(settings: dict[str, Any], rotated: int, base: float) -> NDArray[np.float64]:
    """What Llama 3.1 divides its frequencies by (``apply_scaling`` in Meta's ``model.py``)."""
    wavelength = 2 * math.pi * base ** (np.arange(0, rotated, 2, dtype=np.float64) / rotated)
    low, high = settings["low_freq_factor"], settings["high_freq_factor"]
    turns = settings["original_max_position_embeddings"] / wavelength
    smooth = np.clip((turns - low) / (high - low), 0.0, 1.0)
    factors: NDArray[np.float64] = 1.0 / ((1.0 - smooth) / settings["factor"] + smooth)
    return factors


def _numbers(header: Header, name: str) -> NDArray[np.float64]:
    """A tensor that stores settings."""
    tensor = header.tensors[name]
    numbers: NDArray[np.float64] = dequantize(tensor.data, tensor.tensor_type).astype(np.float64).ravel()
    return numbers


def _refuse_unknown_scales(config: Any, header: Header, file: Path) -> None:  # noqa: ANN401 - see above
    """Refuse arithmetic settings that the architecture does not have in transformers.

    Raises:
        CheckpointError: There is one.
    """
    for key in OWN_SCALES:
        value = header.of_model(key)
        if value not in (None, 0.0, 1.0) and not hasattr(config, key.replace("attention.", "attention_")):
            msg = f"{file}: {header.architecture}.{key} = {value} cannot be applied: audit the original folder"
            raise CheckpointError(msg)


def _is_tied(header: Header) -> bool:
    """Whether the output head is the embedding: it is missing from the file, or stored twice."""
    head, embedding = header.tensors.get("output.weight"), header.tensors.get("token_embd.weight")
    if head is None or embedding is None:
        return head is None
    same_form = head.tensor_type == embedding.tensor_type and head.data.shape == embedding.data.shape
    return same_form and bool(np.array_equal(head.data, embedding.data))
