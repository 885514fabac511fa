"""GGUF files made of small transformers checkpoints, as llama.cpp's converter writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
from gguf import GGMLQuantizationType, quantize

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

CONTROL, NORMAL = 3, 1
NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.q_proj.bias": "attn_q.bias",
    "self_attn.k_proj.bias": "attn_k.bias",
    "self_attn.v_proj.bias": "attn_v.bias",
    "self_attn.o_proj.weight": "attn_output.weight",
    "self_attn.o_proj.bias": "attn_output.bias",
    "self_attn.qkv_proj.weight": "attn_qkv.weight",
    "model.norm.bias": "output_norm.bias",
    "input_layernorm.bias": "attn_norm.bias",
    "post_attention_layernorm.bias": "ffn_norm.bias",
    "mlp.c_fc.weight": "ffn_up.weight",
    "mlp.c_fc.bias": "ffn_up.bias",
    "mlp.c_proj.weight": "ffn_down.weight",
    "mlp.c_proj.bias": "ffn_down.bias",
    "mlp.gate_up_proj.weight": "ffn_up.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
}


@dataclass
class File:
    """What goes into a GGUF file. Change it, then write it."""

    architecture: str
    settings: dict[str, Any]
    """Metadata by whole key."""
    tensors: dict[str, NDArray[np.float32]]
    vocabulary: dict[str, Any] = field(default_factory=dict)
    """The tokenizer's metadata, keys without ``tokenizer.``."""

    def write(self, path: Path, stored: GGMLQuantizationType = GGMLQuantizationType.F32, parts: int = 1) -> Path:
        """Write one file, or parts as ``gguf-split`` does; the path of the file or of the first part."""
        names = list(self.tensors)
        if parts == 1:
            self._write(path, names, stored, first=True)
            return path
        size = -(-len(names) // parts)
        for number in range(parts):
            part = path.with_name(f"{path.stem}-{number + 1:05}-of-{parts:05}.gguf")
            split = {"split.no": number, "split.count": parts, "split.tensors.count": len(names)}
            self._write(part, names[number * size : (number + 1) * size], stored, first=number == 0, split=split)
        return path.with_name(f"{path.stem}-00001-of-{parts:05}.gguf")

    def _write(
        self,
        path: Path,
        names: list[str],
        stored: GGMLQuantizationType,
        *,
        first: bool,
        split: dict[str, int] | None = None,
    ) -> None:
        writer = gguf.GGUFWriter(path, self.architecture)
        for key, value in (split or {}).items():
            if key == "split.tensors.count":
                writer.add_int32(key, value)
            else:
                writer.add_uint16(key, value)
        if first:
            tokenizer = {f"tokenizer.{key}": value for key, value in self.vocabulary.items()}
            for key, value in {**self.settings, **tokenizer}.items():
                _add(writer, key, value)
        for name in names:
            data = self.tensors[name]
            packed = stored if data.ndim > 1 and data.shape[-1] % 32 == 0 else GGMLQuantizationType.F32
            writer.add_tensor(name, quantize(data, packed), raw_dtype=packed)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def from_checkpoint(model: Any, tokenizer: PreTrainedTokenizerBase, architecture: str = "llama") -> File:
    """A decoder (Llama, Phi-3, StarCoder2) and its byte-level tokenizer, as llama.cpp's converter writes them."""
    config = model.config
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    tensors = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        data = tensor.float().numpy()
        layer = name.removeprefix("model.layers.")
        if layer != name:
            number, rest = layer.split(".", 1)
            kind = next((kind for kind in heads if kind in rest), None)
            if kind and architecture == "llama":
                data = _permuted(data, heads[kind])
            tensors[f"blk.{number}.{NAMES[rest]}"] = data
        else:
            tensors[NAMES[name]] = data
    head = config.hidden_size // config.num_attention_heads
    settings = {
        "block_count": config.num_hidden_layers,
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.layer_norm_rms_epsilon": float(getattr(config, "rms_norm_eps", 1e-5)),
        "rope.freq_base": float(config.rope_parameters["rope_theta"]),
        "rope.dimension_count": head,
        "vocab_size": config.vocab_size,
    }
    named = {f"{architecture}.{key}": value for key, value in settings.items()}
    return File(architecture, named, tensors, _vocabulary(tokenizer))


def _permuted(weights: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Rows in the order of llama.cpp's rotation, which turns neighbours (``LlamaModel.permute`` there)."""
    rows = weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
    return np.ascontiguousarray(rows.swapaxes(1, 2).reshape(weights.shape))


def _vocabulary(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Metadata of a byte-level tokenizer."""
    import json

    ids = tokenizer.get_vocab()
    tokens = sorted(ids, key=ids.__getitem__)
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    special = set(tokenizer.all_special_tokens)
    found: dict[str, Any] = {
        "ggml.model": "gpt2",
        "ggml.pre": "gpt-2",
        "ggml.tokens": tokens,
        "ggml.token_type": [CONTROL if token in special else NORMAL for token in tokens],
        "ggml.merges": [" ".join(pair) for pair in merges],
    }
    roles = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id, "padding": tokenizer.pad_token_id}
    found |= {f"ggml.{role}_token_id": number for role, number in roles.items() if number is not None}
    if tokenizer.chat_template:
        found["chat_template"] = tokenizer.chat_template
    return found
