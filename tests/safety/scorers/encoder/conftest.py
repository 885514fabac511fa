"""A tiny base: BERT's layout with random weights, and a tokenizer of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

from audit.safety.scorers.encoder.encoder import EncoderFiles

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="session")
def bert() -> BertModel:
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=96,
        max_position_embeddings=40, initializer_range=0.3,
    )  # fmt: skip
    return BertModel(config).eval()


@pytest.fixture(scope="session")
def tiny_files(bert: BertModel, tmp_path_factory: pytest.TempPathFactory) -> EncoderFiles:
    folder: Path = tmp_path_factory.mktemp("encoder")
    weights, tokenizer = folder / "model.safetensors", folder / "tokenizer.json"
    save_file(bert.state_dict(), weights)
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))  # noqa: S106 - no password
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.save(str(tokenizer))
    return EncoderFiles(weights, tokenizer)
