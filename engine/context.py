"""The number of tokens a checkpoint can see at once, by its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LM_EVAL_KEYS = ("n_positions", "max_position_embeddings", "n_ctx")
"""The fields that lm-eval reads, in its order."""
OTHER_KEYS = (
    "max_seq_len",
    "max_sequence_length",
    "max_target_positions",
    "seq_length",
    "context_length",
    "model_max_length",
)
"""Of MPT and DBRX; XLM-like and custom code; decoders of encoder-decoders; ChatGLM and BLOOM; RWKV; Baichuan."""
DEFAULT_CONTEXT = 2048


def context_length(config: Any, tokenizer: PreTrainedTokenizerBase) -> int:  # noqa: ANN401 - a class for each model type
    """Context length in tokens: the loaded configuration's, else the tokenizer's, else 2048.

    The configuration object knows the defaults of its class, which ``config.json`` need not repeat. What lm-eval asks
    comes first, so that its answer is ours wherever it finds one in the configuration.
    Source: ``lm_eval.models.utils.resolve_max_length`` (0.4.13).

    Args:
        config: Configuration of the loaded model; None if there is none.
        tokenizer: The checkpoint's.
    """
    text = getattr(config, "text_config", None) or config
    for key in (*LM_EVAL_KEYS, *OTHER_KEYS):
        value = getattr(text, key, None)
        if isinstance(value, int) and value > 0:
            return value
    named = tokenizer.model_max_length
    return int(named) if named < 10**9 else DEFAULT_CONTEXT
