"""Small random checkpoints of the guards' architectures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "initializer_range": 0.3,
}
LLAMA = (
    "{{ bos_token }}<BEGIN UNSAFE CONTENT CATEGORIES>\nS1: Violent Crimes.\nUser: {{ messages[0].content | trim }}\n"
    "<END CONVERSATION>{{ eos_token }}[assistant]"
)


@pytest.fixture
def made(tmp_path: Path, tiny_model: Path) -> Callable[..., Path]:
    """A small random checkpoint in a folder of that name."""

    def make(name: str, config: type = LlamaConfig, template: str | None = LLAMA) -> Path:
        tokenizer = AutoTokenizer.from_pretrained(tiny_model)
        ids = {f"{of}_token_id": getattr(tokenizer, f"{of}_token_id") for of in ("bos", "eos", "pad")}
        with torch.random.fork_rng():
            torch.manual_seed(3)
            AutoModelForCausalLM.from_config(config(vocab_size=len(tokenizer), **SIZES, **ids)).save_pretrained(
                tmp_path / name
            )
        tokenizer.chat_template = template
        tokenizer.save_pretrained(tmp_path / name)
        return tmp_path / name

    return make
