"""Small checkpoints in the form of Detoxify's."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from audit.core.config import SafetyConfig
from audit.safety.scorers.registry import choose_scorer

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]

UNBIASED = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS += ["you", "are", "a", "kind", "idiot", "person", "and", "the", ",", "."]

TEXTS = ["you are a kind person", "you idiot , you idiot", "the", "and " * 50, "unknown words only"]


def write_checkpoint(
    place: Path, name: str, outputs: int, data: dict[str, Any], extra: dict[str, Any] | None = None
) -> BertForSequenceClassification:
    """A checkpoint of ``outputs`` outputs, laid out as a user would: with config.json and vocab.txt beside it."""
    place.mkdir(exist_ok=True)
    (place / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=outputs,
        initializer_range=0.5,
    )
    BertTokenizer(str(place / "vocab.txt"), model_max_length=64).save_pretrained(place)
    config.save_pretrained(place)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = BertForSequenceClassification(config)
    # Checkpoints were written when transformers still stored this buffer.
    weights = {**model.state_dict(), "bert.embeddings.position_ids": torch.arange(64)[None]}
    arguments = {
        "num_classes": outputs,
        "model_type": str(place),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        **(extra or {}),
    }
    content = {
        "config": {"arch": {"type": "BERT", "args": arguments}, "dataset": {"args": data}},
        "state_dict": weights,
    }
    torch.save(content, place / name)
    return model


def change(folder: Path, edit: Any) -> Path:
    """The checkpoint with ``edit`` applied to a copy of its content."""
    file = folder / "toxic_original.ckpt"
    content = copy.deepcopy(torch.load(file, weights_only=True))
    edit(content)
    torch.save(content, file)
    return file


def scorer(folder: Path, monkeypatch: Any) -> Any:
    monkeypatch.setenv("AUDIT_DATA", str(folder.parent))
    return choose_scorer(SafetyConfig(toxicity_scorer="detoxify"))
