"""The scorer on a tiny base, computed a second time by hand; the shipped one; and what happens without the base."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from audit.core import assets
from audit.core.config import SafetyConfig
from audit.core.errors import AssetMissing
from audit.safety.scorers.audit_toxicity import AuditToxicity
from audit.safety.scorers.encoder.encoder import SentenceEncoder, base_files
from audit.safety.scorers.encoder.toxicity import LONGEST, EncoderToxicity
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.toxicity import LabelScorer, score_texts

if TYPE_CHECKING:
    from pathlib import Path

    from audit.safety.scorers.encoder.encoder import EncoderFiles

QUERY = "1.attention.self.query"
TEXTS = ["a b c", "you are a fucking idiot", "", "x y z " * 12]
FOLDER = importlib.resources.files("audit.safety").joinpath("models")


@pytest.fixture
def arrays() -> dict[str, torch.Tensor]:
    torch.manual_seed(7)
    return {
        f"{QUERY}.a": torch.randn(2, 64).half(), f"{QUERY}.b": torch.randn(64, 2).half(),
        "head.weight": torch.randn(2, 128), "head.bias": torch.randn(2),
        "mix.weight": torch.tensor([0.6, -0.3, 0.2]), "mix.bias": torch.tensor(-1.0),
    }  # fmt: skip


@pytest.fixture
def tiny(
    tiny_files: EncoderFiles, arrays: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: Any
) -> EncoderToxicity:
    monkeypatch.setattr("audit.safety.scorers.encoder.toxicity.LONGEST", 30)
    monkeypatch.setattr("audit.safety.scorers.encoder.toxicity.DEPTHS", (1, 2))
    file = tmp_path / "tiny.safetensors"
    save_file(arrays, file)
    return EncoderToxicity(tiny_files, file)


def test_the_value_is_a_logistic_mixture_of_the_heads_and_the_words(
    tiny: EncoderToxicity, tiny_files: EncoderFiles, arrays: dict[str, torch.Tensor]
) -> None:
    adapters = {name: arrays[name] for name in (f"{QUERY}.a", f"{QUERY}.b")}
    sentences = SentenceEncoder(tiny_files, adapters, longest=30, overlap=16, depths=(1, 2))
    words = AuditToxicity()
    for text, (value, labels) in zip(TEXTS, tiny.score_labels(TEXTS), strict=True):
        vectors = sentences.vectors([text])[0].astype(float)
        logits = vectors @ arrays["head.weight"].double().numpy().T + arrays["head.bias"].double().numpy()
        toxicity, hate = logits.max(axis=0)
        (old,) = words.score([text])
        mixed = 0.6 * toxicity - 0.3 * hate + 0.2 * np.log(old / (1 - old)) - 1
        assert value == pytest.approx(1 / (1 + np.exp(-mixed)), abs=1e-4)
        assert labels == {
            "toxicity": pytest.approx(1 / (1 + np.exp(-toxicity)), abs=1e-4),
            "identity_hate": pytest.approx(1 / (1 + np.exp(-hate)), abs=1e-4),
        }


def test_it_is_a_scorer_with_labels(tiny: EncoderToxicity) -> None:
    assert isinstance(tiny, LabelScorer)
    assert tiny.score(TEXTS) == [value for value, _ in tiny.score_labels(TEXTS)]
    assert tiny.validity is None
    broken, plain, foreign = score_texts(tiny, ["\ud800", "a b c", "Это предложение написано по-русски."])
    assert broken.value is None
    assert str(broken.error).startswith("scorer encoder-toxicity failed")
    assert plain.error is None
    assert set(plain.labels) == {"toxicity", "identity_hate"}
    assert foreign.unread


def test_without_the_base_it_is_missing_and_no_other_scorer_takes_its_place(tmp_path: Path) -> None:
    assets.configure(cache_dir=tmp_path, offline=True)
    with pytest.raises(AssetMissing, match="audit assets pull all-minilm-l6-v2"):
        choose_scorer(SafetyConfig(toxicity_scorer="encoder-toxicity"))


def test_the_file_is_small_and_holds_arrays_alone() -> None:
    content = FOLDER.joinpath("encoder_toxicity.safetensors").read_bytes()
    assert len(content) <= 2 * 2**20
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert {entry["dtype"] for entry in header.values()} <= {"F16", "F32"}
    assert FOLDER.joinpath("encoder_toxicity.md").is_file()


@pytest.mark.slow
def test_the_shipped_one_reads_meaning_and_words() -> None:
    scorer = EncoderToxicity(base_files())
    assert scorer.validity is not None
    assert LONGEST == 64
    texts = ["You are a fucking idiot.", "The sky is blue today.", "She moved to Leeds in 2004. " * 60]
    insult, plain, long = scorer.score(texts)
    assert insult > 0.9
    assert plain < 0.1
    assert long < 0.2
    assert scorer.score([texts[2] + texts[0]])[0] > 0.5
