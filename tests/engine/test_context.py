"""Context length; lm-eval's own answer is the truth wherever its keys are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lm_eval.models.utils import resolve_max_length
from transformers import AutoConfig, AutoTokenizer, PreTrainedConfig

from audit.engine.context import context_length

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def endless(tiny_model: Path) -> Any:
    """A tokenizer that knows of no length, as most do."""
    return AutoTokenizer.from_pretrained(tiny_model, model_max_length=int(1e30))


CONFIGS: list[dict[str, Any]] = [
    {"model_type": "llama", "max_position_embeddings": 512},
    {"model_type": "llama"},
    {"model_type": "gpt2", "n_positions": 128},
    {"model_type": "gpt2", "n_positions": 128, "n_ctx": 64},
    {"model_type": "gptj"},
    {"model_type": "gpt_neo", "max_position_embeddings": 99},
    {"model_type": "bloom"},
    {"model_type": "mamba"},
    {"model_type": "rwkv"},
    {"model_type": "opt"},
    {"model_type": "gemma3_text"},
    {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}},
    {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "max_position_embeddings": 64}},
    {"model_type": "llama4"},
    {"model_type": "mistral3"},
    {"model_type": "openai-gpt"},
    {"model_type": "ctrl"},
    {"model_type": "dbrx", "max_seq_len": 77},
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: "-".join(map(str, config.values()))[:40])
def test_the_length_is_that_of_lm_eval(config: dict[str, Any], tokenizer: Any, endless: Any, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    loaded = AutoConfig.from_pretrained(tmp_path)
    assert context_length(loaded, tokenizer) == resolve_max_length(loaded, tokenizer)
    assert context_length(loaded, endless) == resolve_max_length(loaded, endless)


def test_gemma_3_4b_s_files_do_not_say_its_length(endless: Any, tmp_path: Path) -> None:
    """Google's model card: a context of 128k tokens."""
    text = {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34, "sliding_window": 1024}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": text}))
    assert context_length(AutoConfig.from_pretrained(tmp_path), endless) == 131072


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"model_type": "mpt"}, 2048),
        ({"model_type": "mpt", "max_seq_len": 8192}, 8192),
        ({"model_type": "bloom", "seq_length": 4096}, 4096),
    ],
)
def test_keys_that_lm_eval_does_not_know(config: dict[str, Any], length: int, endless: Any, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert context_length(AutoConfig.from_pretrained(tmp_path), endless) == length


@pytest.mark.parametrize("value", [None, 0, -1])
def test_a_length_that_says_nothing_is_passed_over(value: int | None, tokenizer: Any) -> None:
    config = PreTrainedConfig(max_position_embeddings=value, max_seq_len=40)
    assert context_length(config, tokenizer) == 40
    assert context_length(PreTrainedConfig(max_position_embeddings=value), tokenizer) == 256
    assert context_length(None, tokenizer) == 256
