"""A small random checkpoint in Detoxify's exact format, against the detoxify package itself."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import BertForSequenceClassification, BertTokenizer

from audit.core.config import SafetyConfig
from audit.core.errors import AssetError, AssetMissing
from audit.safety.scorers.detoxify import Detoxify, detoxify_weights, languages_of
from audit.safety.scorers.detoxify_checkpoint import ARCHITECTURES, IDENTITIES
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.toxicity import score_texts
from tests.safety.scorers.detoxify_files import CLASSES, TEXTS, UNBIASED, change, scorer, write_checkpoint

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    """``detoxify/`` with toxic_original.ckpt."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "detoxify"
    model = write_checkpoint(place, "toxic_original.ckpt", len(CLASSES), {"classes": CLASSES})
    model.save_pretrained(tmp_path / "whole")
    return place


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


def test_two_checkpoints_are_one_too_many(folder: Path, monkeypatch: Any) -> None:
    shutil.copy(folder / "toxic_original.ckpt", folder / "other.ckpt")
    with pytest.raises(AssetError, match="2 checkpoints"):
        scorer(folder, monkeypatch)


def test_the_digest_is_that_of_the_file(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(folder.parent))
    found = detoxify_weights()
    assert found.record.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    assert Detoxify(found.path, found.record).record.kind == "scorer"


def test_all_outputs_of_unbiased_are_read_identities_included(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    data = {"classes": UNBIASED, "identity_classes": list(IDENTITIES)}
    model = write_checkpoint(tmp_path / "detoxify", "toxic_debiased.ckpt", 16, data).eval()
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    verdict = score_texts(choose_scorer(SafetyConfig(toxicity_scorer="detoxify:unbiased")), TEXTS[:1])[0]
    inputs = BertTokenizer.from_pretrained(tmp_path / "detoxify")(TEXTS[0], return_tensors="pt")
    expected = torch.sigmoid(model(**inputs).logits)[0].tolist()
    names = [*UNBIASED, *(f"identity_{name}" for name in IDENTITIES)]
    assert dict(verdict.labels) == pytest.approx(dict(zip(names, expected, strict=True)), abs=1e-6)
    assert verdict.value == verdict.labels["toxicity"]


def test_multilingual_names_its_only_class_with_the_architecture(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    write_checkpoint(tmp_path / "detoxify", "multilingual_debiased.ckpt", 1, {}, {"classes": ["toxicity"]})
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="detoxify:multilingual"))
    assert [list(labels) for _, labels in scorer.score_labels(TEXTS[:2])] == [["toxicity"]] * 2  # type: ignore[attr-defined]
    with pytest.raises(AssetMissing, match="scorer detoxify:unbiased: no weights"):
        choose_scorer(SafetyConfig(toxicity_scorer="detoxify:unbiased"))


def test_a_variant_is_taken_by_its_file_name_among_several(folder: Path, monkeypatch: Any) -> None:
    write_checkpoint(folder, "toxic_debiased.ckpt", 6, {"classes": CLASSES})
    monkeypatch.setenv("AUDIT_DATA", str(folder.parent))
    assert detoxify_weights("original").path.name == "toxic_original.ckpt"
    assert detoxify_weights("unbiased").path.name == "toxic_debiased.ckpt"


def test_a_long_text_is_the_maximum_over_overlapping_windows(folder: Path, monkeypatch: Any) -> None:
    ours = scorer(folder, monkeypatch)
    words = ["the"] * 130 + ["idiot"] * 40
    free = 62
    step = free - free // 4
    parts = [" ".join(words[start : start + free]) for start in range(0, len(words) - free // 4, step)]
    values = ours.score(parts)
    assert ours.score([" ".join(words)]) == pytest.approx([max(values)], abs=1e-6)
    assert max(values) - min(values) > 0.01


def test_a_published_name_must_fit_the_digest(folder: Path, monkeypatch: Any) -> None:
    digest = hashlib.sha256((folder / "toxic_original.ckpt").read_bytes()).hexdigest()
    (folder / "toxic_original.ckpt").rename(folder / f"toxic_original-{digest[:8]}.ckpt")
    assert scorer(folder, monkeypatch).record.sha256 == digest
    (folder / f"toxic_original-{digest[:8]}.ckpt").rename(folder / "toxic_original-c1212f89.ckpt")
    with pytest.raises(AssetError, match="its name says c1212f89"):
        scorer(folder, monkeypatch)


def test_multilingual_alone_reads_more_than_english(tmp_path: Path, monkeypatch: Any) -> None:
    """The languages of its publisher's readme."""
    assert languages_of("XLMRobertaForSequenceClassification") == {"en", "fr", "es", "it", "pt", "tr", "ru"}
    for architecture in ARCHITECTURES - {"XLMRobertaForSequenceClassification"}:
        assert languages_of(architecture) == {"en"}
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    write_checkpoint(tmp_path / "detoxify", "multilingual_debiased.ckpt", 1, {}, {"classes": ["toxicity"]})
    scorer = choose_scorer(SafetyConfig(toxicity_scorer="detoxify"))
    assert scorer.languages == {"en"}, "by what is in the file, not by its name"
