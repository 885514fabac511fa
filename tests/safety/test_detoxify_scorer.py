"""A small random checkpoint in Detoxify's exact format, against the detoxify package itself."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

from audit.core.config import SafetyConfig
from audit.core.errors import AssetError
from audit.safety.detoxify_scorer import Detoxify, detoxify_weights
from audit.safety.toxicity_scorers import choose_scorer

CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS += ["you", "are", "a", "kind", "idiot", "person", "and", "the", ",", "."]
TEXTS = ["you are a kind person", "you idiot , you idiot", "the", "and " * 90, "unknown words only"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """``detoxify/`` with toxic_original.ckpt, config.json and vocab.txt, as a user would lay it out."""
    place = tmp_path / "detoxify"
    place.mkdir()
    (place / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=len(CLASSES),
        initializer_range=0.5,
    )
    BertTokenizer(str(place / "vocab.txt"), model_max_length=64).save_pretrained(place)
    config.save_pretrained(place)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = BertForSequenceClassification(config)
    model.save_pretrained(tmp_path / "whole")
    # Checkpoints were written when transformers still stored this buffer.
    weights = {**model.state_dict(), "bert.embeddings.position_ids": torch.arange(64)[None]}
    arguments = {
        "num_classes": len(CLASSES),
        "model_type": str(place),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    content = {
        "config": {"arch": {"type": "BERT", "args": arguments}, "dataset": {"args": {"classes": CLASSES}}},
        "state_dict": weights,
    }
    torch.save(content, place / "toxic_original.ckpt")
    return place


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


def test_scores_are_those_of_the_detoxify_package(folder: Path, monkeypatch: Any) -> None:
    from detoxify.detoxify import Detoxify as Peer

    # The package's own loader asks the hub for the base model: it gets its parts from folders.
    peer = Peer.__new__(Peer)
    peer.model = BertForSequenceClassification.from_pretrained(folder.parent / "whole")
    peer.tokenizer, peer.class_names = BertTokenizer.from_pretrained(folder), CLASSES
    ours = scorer(folder, monkeypatch)
    theirs = [peer.predict(text)["toxic"] for text in TEXTS]
    assert ours.score(TEXTS) == pytest.approx(theirs, abs=1e-6)
    assert max(theirs) - min(theirs) > 0.05


def test_auto_takes_detoxify_when_its_weights_are_at_hand(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(folder.parent))
    chosen = choose_scorer(SafetyConfig(toxicity_scorer="auto"))
    assert (chosen.record.name, chosen.record.version) == ("detoxify", "toxic_original")


def test_the_class_is_found_by_name_and_not_by_place(folder: Path, monkeypatch: Any) -> None:
    before = scorer(folder, monkeypatch).score(TEXTS)

    def swap(content: dict[str, Any]) -> None:
        content["config"]["dataset"]["args"]["classes"] = ["obscene", "severe_toxic", "toxicity", *CLASSES[3:]]

    change(folder, swap)
    assert scorer(folder, monkeypatch).score(TEXTS) != pytest.approx(before, abs=1e-3)


def drop_a_weight(content: dict[str, Any]) -> None:
    del content["state_dict"]["classifier.weight"]


def name_other_code(content: dict[str, Any]) -> None:
    content["config"]["arch"]["args"]["model_name"] = "Trainer"


def name_no_toxicity(content: dict[str, Any]) -> None:
    content["config"]["dataset"]["args"]["classes"] = ["spam"] * 6


def forget_the_config(content: dict[str, Any]) -> None:
    del content["config"]


@pytest.mark.parametrize("edit", [drop_a_weight, name_other_code, name_no_toxicity, forget_the_config])
def test_a_checkpoint_that_is_not_one_is_refused_in_one_line(folder: Path, monkeypatch: Any, edit: Any) -> None:
    file = change(folder, edit)
    with pytest.raises(AssetError) as told:
        scorer(folder, monkeypatch)
    assert str(file) in str(told.value)
    assert "\n" not in str(told.value)


class Payload:
    """Pickled code: creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_pickled_code_is_refused_and_not_run(folder: Path, monkeypatch: Any, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    torch.save({"config": Payload(trap), "state_dict": {}}, folder / "toxic_original.ckpt")
    with pytest.raises(AssetError, match="without running code"):
        scorer(folder, monkeypatch)
    assert not trap.exists()


def test_a_damaged_file_is_refused(folder: Path, monkeypatch: Any) -> None:
    file = folder / "toxic_original.ckpt"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(AssetError, match="fetch it anew"):
        scorer(folder, monkeypatch)


def test_weights_without_the_base_configuration_are_refused(folder: Path, monkeypatch: Any) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(AssetError, match=r"put config\.json"):
        scorer(folder, monkeypatch)


def test_two_checkpoints_are_one_too_many(folder: Path, monkeypatch: Any) -> None:
    shutil.copy(folder / "toxic_original.ckpt", folder / "other.ckpt")
    with pytest.raises(AssetError, match="2 checkpoints"):
        scorer(folder, monkeypatch)


def test_the_digest_is_that_of_the_file(folder: Path, monkeypatch: Any) -> None:
    import hashlib

    monkeypatch.setenv("AUDIT_DATA", str(folder.parent))
    found = detoxify_weights()
    assert found.record.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert Detoxify(found.path, found.record).record.kind == "scorer"
