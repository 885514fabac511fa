"""What is no causal language model is refused by its configuration, with one line, before its weights are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

from audit.core.errors import CheckpointError
from audit.engine import load
from audit.engine.checkpoint.kind import check_kind
from tests.engine.whole.every_type import check_scores, requests
from tests.engine.whole.tiny_types import configuration, random_model

if TYPE_CHECKING:
    from pathlib import Path

# model_type, architecture and the fields that decide, as the publishers' own config.json files have them.
REFUSED = {
    "bert-base-uncased": ({"model_type": "bert", "architectures": ["BertForMaskedLM"]}, "an encoder"),
    "roberta-base": ({"model_type": "roberta", "architectures": ["RobertaForMaskedLM"]}, "an encoder"),
    "modernbert": ({"model_type": "modernbert", "architectures": ["ModernBertForMaskedLM"]}, "an encoder"),
    "distilbert": ({"model_type": "distilbert", "architectures": ["DistilBertForMaskedLM"]}, "an encoder"),
    "bert as a language model": ({"model_type": "bert", "architectures": ["BertLMHeadModel"]}, "an encoder"),
    "no architecture": ({"model_type": "xlm-roberta"}, "an encoder"),
    "t5-small": (
        {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "is_encoder_decoder": True},
        "an encoder-decoder",
    ),
    "bart-large": ({"model_type": "bart", "architectures": ["BartForConditionalGeneration"]}, "an encoder-decoder"),
    "whisper": ({"model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"]}, "an encoder-decoder"),
    "llava": (
        {
            "model_type": "llava",
            "architectures": ["LlavaForConditionalGeneration"],
            "text_config": {"model_type": "llama"},
        },
        "audit its language model (of type llama)",
    ),
    "qwen2_5_vl": (
        {"model_type": "qwen2_5_vl", "architectures": ["Qwen2_5_VLForConditionalGeneration"]},
        "audit its language model, saved",
    ),
    "voxtral": (
        {
            "model_type": "voxtral",
            "architectures": ["VoxtralForConditionalGeneration"],
            "text_config": {"model_type": "llama"},
        },
        "audit its language model (of type llama)",
    ),
    "reward model": (
        {"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]},
        "a classifier",
    ),
    "tagger": ({"model_type": "bert", "architectures": ["BertForTokenClassification"]}, "a classifier"),
    "clip": ({"model_type": "clip", "architectures": ["CLIPModel"]}, "no causal language model"),
    "vit": ({"model_type": "vit", "architectures": ["ViTForImageClassification"]}, "no causal language model"),
}
ACCEPTED: dict[str, dict[str, Any]] = {
    "llama": {"model_type": "llama", "architectures": ["LlamaForCausalLM"]},
    "gpt2 as it was published": {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]},
    "embedding checkpoint with its head": {"model_type": "qwen3", "architectures": ["Qwen3Model"]},
    "bert decoder": {"model_type": "bert", "architectures": ["BertLMHeadModel"], "is_decoder": True},
    "bart decoder": {
        "model_type": "bart", "architectures": ["BartForCausalLM"], "is_decoder": True, "is_encoder_decoder": False,
    },
    "trocr": {"model_type": "trocr", "architectures": ["TrOCRForCausalLM"], "is_decoder": True},
    "gemma 3 4b": {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"]},
    "gemma 4": {"model_type": "gemma4", "architectures": ["Gemma4ForConditionalGeneration"]},
    "llama 4": {"model_type": "llama4", "architectures": ["Llama4ForConditionalGeneration"]},
    "own code": {"model_type": "nobody_knows", "auto_map": {"AutoModelForCausalLM": "modeling.Own"}},
    "a type of a newer transformers": {"model_type": "nobody_knows"},
}  # fmt: skip


def folder_of(config: dict[str, Any], folder: Path, tokenizer: Path) -> Path:
    """A folder with that configuration and weights that belong to nothing."""
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(config))
    save_file({"no_such_weight": torch.zeros(2)}, folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_what_it_is_and_what_can_be_audited(name: str, tmp_path: Path, tiny_model: Path) -> None:
    config, words = REFUSED[name]
    folder = folder_of(config, tmp_path, tiny_model)
    with pytest.raises(CheckpointError) as caught:
        load(str(folder), device="cpu")
    line = str(caught.value)
    assert line.startswith(f"{folder}: {config.get('architectures', ['xlm-roberta'])[0]} is ")
    assert words in line
    assert "cannot be audited: " in line
    assert "\n" not in line


@pytest.mark.parametrize("name", ACCEPTED)
def test_causal_language_models_pass(name: str, tmp_path: Path) -> None:
    check_kind(tmp_path, ACCEPTED[name])


def test_code_that_is_trusted_is_not_judged_by_its_type(tmp_path: Path) -> None:
    config = {"model_type": "bert", "auto_map": {"AutoModelForCausalLM": "modeling.Own"}}
    check_kind(tmp_path, config, trust_remote_code=True)
    with pytest.raises(CheckpointError, match="an encoder"):
        check_kind(tmp_path, config)


@pytest.mark.slow
def test_a_wrapper_whose_language_model_transformers_loads_is_audited(tmp_path: Path, tiny_model: Path) -> None:
    model = random_model(configuration("gemma3"))
    assert type(model).__name__ == "Gemma3ForConditionalGeneration"
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
    engine: Any = load(str(tmp_path), device="cpu")
    check_scores(engine, requests())
