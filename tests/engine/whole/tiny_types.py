"""A tiny configuration of every causal model type that transformers has, and random weights for it.

Sizes are set by the names that configurations use for them; what that does not make small or valid is set by hand.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

WINDOW, SELECTED = 80, 80
"""Width of sliding windows, and positions that sparse attention selects: some requests are longer."""
WIDTHS = (
    "hidden_size", "n_embd", "d_model", "emb_dim", "n_embed", "embed_dim", "embedding_size", "input_embedding_size",
    "output_embedding_size", "hidden_size_global", "backbone_hidden_size", "hc_lowrank",
)  # fmt: skip
LAYERS = (
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers", "num_decoder_layers",
    "encoder_layers", "num_encoder_layers",
)  # fmt: skip
HEADS = (
    "num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads", "encoder_attention_heads",
    "num_decoder_attention_heads", "num_encoder_attention_heads", "linear_num_value_heads", "linear_num_heads",
    "mamba_n_heads", "mamba_num_heads", "n_mamba_heads",
)  # fmt: skip
FEED_FORWARD = (
    "intermediate_size", "n_inner", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim", "dim_ff", "dff", "ffn_hidden_size",
    "dense_ffn_hidden_size", "feed_forward_size",
)  # fmt: skip
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts", "num_routed_experts")
CONTEXTS = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len")
SIZES: dict[str, Any] = {
    **dict.fromkeys(WIDTHS, 32), **dict.fromkeys(LAYERS, 2), **dict.fromkeys(HEADS, 4),
    **dict.fromkeys(FEED_FORWARD, 64), **dict.fromkeys(EXPERTS, 4), **dict.fromkeys(CONTEXTS, 512),
    "num_key_value_heads": 2, "head_dim": 8, "rotary_dim": 4,
    "linear_num_key_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_head_dim": 8,
    "num_experts_per_tok": 2, "moe_k": 2, "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32,
    "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1,
    "q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8,
    "index_n_heads": 2, "index_head_dim": 16, "index_topk": SELECTED, "sliding_window": WINDOW,
    "state_size": 8, "mamba_d_state": 8, "ssm_state_size": 8, "mamba_d_head": 16, "mamba_head_dim": 16,
    "mamba_n_groups": 1, "n_groups": 1, "mamba_d_ssm": 64, "hidden_size_per_layer_input": 8,
    "vocab_size_per_layer_input": 400, "global_head_dim": 16, "dropout": 0.0, "vocab_size": 400,
    "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2,
}  # fmt: skip
LATENT = {"num_key_value_heads": 4}
"""Of multi-head latent attention: as many key as query heads."""
HYBRID = {"layer_types": ["linear_attention", "full_attention"]}
CONVOLUTIONS = {"layer_types": ["conv", "full_attention"]}
SHORT = {"layer_types": ["sliding_attention", "full_attention"]}
MARKS = {
    f"{kind}_token_id": 390 + place
    for place, kind in enumerate(("boi", "eoi", "image", "video", "boa", "eoa", "audio"))
}
"""Tokens of pictures and sounds, inside the vocabulary as they are in checkpoints."""
INDEXED = {
    **HYBRID, "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 8, "indexer_budget": SELECTED,
    "indexer_compress_ratio": 8,
}  # fmt: skip
PART = {
    "hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 4, "num_hidden_layers": 1,
    "intermediate_size": 64,
}  # fmt: skip
BYTES = {**PART, "hidden_size_global": 32}
IMAGES = {
    **PART, "output_channels": 32, "mlp_dim": 64, "image_size": 32, "patch_size": 8, "window_size": 2,
    "global_attn_indexes": [0], "mm_embed_dim": 32, "mm_posemb_size": 8, "position_embedding_size": 64,
}  # fmt: skip
LATENT_TYPES = (
    "axk1", "axk2", "deepseek_v2", "deepseek_v3", "deepseek_v32", "dots3_note_text", "glm4_moe_lite", "glm_moe_dsa",
    "minicpm3", "youtu",
)  # fmt: skip
HYBRID_TYPES = ("granitemoehybrid", "qwen3_5_moe_text", "qwen3_5_text", "qwen3_next", "olmo_hybrid")
ENCODER_TYPES = (
    "bert", "bert-generation", "big_bird", "camembert", "data2vec-text", "electra", "ernie", "megatron-bert", "rembert",
    "roberta", "roberta-prelayernorm", "roformer", "xlm-roberta", "xlm-roberta-xl",
)  # fmt: skip
DECODER_TYPES = (
    "bart", "bigbird_pegasus", "blenderbot", "blenderbot-small", "marian", "mbart", "mvp", "pegasus", "plbart",
    "prophetnet", "trocr", "whisper",
)  # fmt: skip
"""Decoders of encoder-decoders, alone."""
OVERRIDES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(LATENT_TYPES, LATENT),
    **dict.fromkeys(HYBRID_TYPES, HYBRID),
    **{kind: {"is_decoder": True} for kind in ENCODER_TYPES},
    **{kind: {"is_decoder": True, "is_encoder_decoder": False} for kind in DECODER_TYPES},
    "qwen3_5": {"text_config": HYBRID},
    "qwen3_5_moe": {"text_config": HYBRID},
    "bailing_hybrid": {**LATENT, "layer_group_size": 2, "head_dim": 8},
    "bamba": {"attn_layer_indices": [1]},
    "kimi_linear": {**LATENT, **HYBRID},
    "lfm2": CONVOLUTIONS, "lfm2_moe": CONVOLUTIONS, "lfm3": CONVOLUTIONS,
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "qwen4_exp": {"text_config": INDEXED},
    "qwen4_exp_text": INDEXED,
    "recurrent_gemma": {"num_hidden_layers": 3, "attention_window_size": WINDOW},
    "falcon_h1": {"mamba_d_head": 16},
    "mamba2": {"num_heads": 4, "head_dim": 16},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 8},
    "dots1": {"n_shared_experts": 1},
    "gemma3_text": SHORT, "gemma2": SHORT, "gemma4_text": {**SHORT, "num_kv_shared_layers": 0},
    "gemma4_unified_text": {**SHORT, "num_kv_shared_layers": 0},
    "gemma4_unified_assistant": {"text_config": {"model_type": "gemma4_unified_text"}},
    "gemma3n_text": {
        "num_hidden_layers": 3, "num_kv_shared_layers": 1, "hidden_size_per_layer_input": 8, "laurel_rank": 8,
        "layer_types": ["sliding_attention", "full_attention", "full_attention"],
        "activation_sparsity_pattern": [0.5, 0.0, 0.0], "intermediate_size": [64, 64, 64],
    },
    "gemma3": {"text_config": SHORT, "vision_config": IMAGES},
    "gemma4": {**MARKS, "text_config": SHORT, "vision_config": IMAGES},
    "gemma4_unified": {**MARKS, "text_config": SHORT, "vision_config": IMAGES},
    "got_ocr2": {"text_config": {"model_type": "qwen2"}, "vision_config": IMAGES},
    "moss_transcribe_diarize": {"text_config": {"model_type": "qwen3"}, "audio_config": PART},
    "phi4_multimodal": {"vision_config": {"hidden_size": 32, "num_hidden_layers": 1}},
    "roc_bert": {"is_decoder": True, "pronunciation_vocab_size": 40, "shape_vocab_size": 40},
    "longcat_flash": {**LATENT, "expert_ffn_hidden_size": 32, "zero_expert_num": 2, "moe_topk": 2},
    "blt": {
        "patcher_config": {**PART, "vocab_size": 400}, "encoder_config": BYTES, "decoder_config": BYTES,
        "global_config": PART, "encoder_hash_byte_group_vocab": 50,
    },
    "moshi": {"audio_vocab_size": 40, "depth_decoder_config": {"audio_vocab_size": 40}},
    "reformer": {
        "is_decoder": True, "attn_layers": ["local", "lsh"], "axial_pos_embds": False, "num_buckets": 4,
        "attention_head_size": 8, "hash_seed": 1,
    },
    "xmod": {"languages": ["en_XX"], "default_language": "en_XX", "is_decoder": True},
    "zamba": {
        **LATENT, "num_hidden_layers": 3, "layers_block_type": ["linear_attention", "hybrid", "hybrid"],
        "n_mamba_heads": 2,
    },
    "zamba2": {"layers_block_type": ["linear_attention", "hybrid"], "num_key_value_heads": 4},
    "zaya": {"num_experts_per_tok": 1, "router_hidden_size": 16},
    "cohere_compass_text": {"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 1e4}}},
    "dbrx": {
        "attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 1e4},
        "ffn_config": {"hidden_size": 32, "ffn_hidden_size": 64, "moe_num_experts": 4, "moe_top_k": 2},
    },
    "xlstm": {"hidden_size": 64, "num_heads": 2, "qk_dim_factor": 1.0, "chunk_size": 16},
    "fuyu": {"text_config": {"model_type": "persimmon"}, "patch_size": 4},
}  # fmt: skip


def types() -> list[str]:
    """Every causal model type of the installed transformers."""
    return sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def configuration(kind: str, **overrides: Any) -> Any:
    """A tiny configuration of a model type; whatever transformers raises where it cannot be made."""
    cls: Any = CONFIG_MAPPING[kind]
    given = {**OVERRIDES.get(kind, {}), **overrides}
    parts = {}
    for name, part in getattr(cls, "sub_configs", {}).items():
        chosen = given.get(name, {})
        known = CONFIG_MAPPING[chosen["model_type"]] if "model_type" in chosen else part
        if known.__name__ != "AutoConfig":
            parts[name] = {**_sizes(known), **chosen}
    return cls(**{**_sizes(cls), **given, **parts})


def random_model(config: Any, *, seed: int = 0, std: float = 0.3) -> Any:
    """A model with weights so large that every position has its own opinion."""
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                torch.nn.init.normal_(weights, std=std)
            else:
                weights.add_(0.05 * torch.randn_like(weights))
    return model


def _sizes(cls: Any) -> dict[str, Any]:
    """The small sizes that a configuration class has a name for."""
    names = {*inspect.signature(cls.__init__).parameters, *getattr(cls, "__dataclass_fields__", ())}
    return {name: value for name, value in SIZES.items() if name in names}
