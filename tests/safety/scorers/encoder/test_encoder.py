"""Windows, pairs and batches of the encoder; the pinned base against transformers."""

from __future__ import annotations

import copy
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, BertConfig, BertModel

from audit.core import assets
from audit.core.errors import AssetError, AssetMissing
from audit.safety.scorers.encoder import encoder
from audit.safety.scorers.encoder.encoder import (
    ADAPTED,
    BATCH_TOKENS,
    EncoderFiles,
    SentenceEncoder,
    adapt,
    base_files,
    bert_of,
)

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["a b c", "z", "", "d " * 30, "Q r s t u v w", "e f g h"]


def pooled(bert: BertModel, ids: list[int], kinds: list[int] | None = None) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        out = bert(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([kinds or [0] * len(ids)]))
    mean: np.ndarray[Any, Any] = out.last_hidden_state[0].mean(0).numpy()
    return mean


def test_vectors_are_means_of_the_states_of_transformers(bert: BertModel, tiny_files: EncoderFiles) -> None:
    found, owners = SentenceEncoder(tiny_files, longest=12, overlap=2).vectors(["b", "a b", ("c d", "a")])
    assert owners.tolist() == [0, 1, 2]
    for row, (ids, kinds) in zip(
        found,
        [([2, 5, 3], None), ([2, 4, 5, 3], None), ([2, 6, 7, 3, 4, 3], [0, 0, 0, 0, 1, 1])],
        strict=True,
    ):
        np.testing.assert_allclose(row, pooled(bert, ids, kinds), rtol=1e-4, atol=1e-5)


def test_a_vector_holds_the_means_after_the_layers_that_are_wanted(tiny_files: EncoderFiles) -> None:
    first, last, both = (
        SentenceEncoder(tiny_files, longest=12, overlap=2, depths=depths).vectors(["a b", "c"])[0]
        for depths in ([1], None, [1, 2])
    )
    np.testing.assert_array_equal(both, np.concatenate([first, last], axis=1))
    assert not np.allclose(first, last, atol=0.1)


def test_long_texts_are_cut_into_windows_that_overlap(bert: BertModel, tiny_files: EncoderFiles) -> None:
    found, owners = SentenceEncoder(tiny_files, longest=6, overlap=1).vectors(["a b c d e f g", "z"])
    assert owners.tolist() == [0, 0, 1]
    np.testing.assert_allclose(found[0], pooled(bert, [2, 4, 5, 6, 7, 3]), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], pooled(bert, [2, 7, 8, 9, 10, 3]), rtol=1e-4, atol=1e-5)


def test_vectors_do_not_depend_on_the_batch(tiny_files: EncoderFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = SentenceEncoder(tiny_files, longest=12, overlap=2)
    together, owners = sentences.vectors(TEXTS)
    assert owners.tolist() == [0, 1, 2, 3, 3, 3, 3, 4, 5]
    alone = np.concatenate([sentences.vectors([text])[0] for text in TEXTS])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(encoder, "BATCH_TOKENS", 12)
    np.testing.assert_allclose(together, sentences.vectors(TEXTS)[0], rtol=1e-4, atol=1e-5)


def test_a_batch_holds_no_more_tokens_than_allowed(tiny_files: EncoderFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = SentenceEncoder(tiny_files, longest=40)
    seen: list[int] = []

    def counted(windows: list[Any]) -> np.ndarray[Any, Any]:
        seen.append(len(windows) * max(len(window.ids) for window in windows))
        return np.zeros((len(windows), 64), dtype=np.float32)

    monkeypatch.setattr(sentences, "_pooled", counted)
    sentences.vectors(["a b c " * 2000, *TEXTS])
    assert max(seen) <= BATCH_TOKENS
    assert sum(seen) >= 6_000


def test_adapters_add_a_product_to_the_weights(bert: BertModel, tiny_files: EncoderFiles) -> None:
    torch.manual_seed(6)
    shapes = {part: bert.encoder.get_parameter(f"layer.1.{part}.weight").shape for part in ADAPTED}
    adapters = {f"1.{part}.a": torch.randn(3, shape[1]).half() for part, shape in shapes.items()}
    adapters |= {f"1.{part}.b": torch.randn(shape[0], 3).half() / 10 for part, shape in shapes.items()}
    changed = copy.deepcopy(bert)
    with torch.no_grad():
        for part in ADAPTED:
            change = adapters[f"1.{part}.b"].double() @ adapters[f"1.{part}.a"].double()
            changed.encoder.get_parameter(f"layer.1.{part}.weight").add_(change.float())
    found = SentenceEncoder(tiny_files, adapters, longest=12, overlap=2).vectors(["a b"])[0][0]
    np.testing.assert_allclose(found, pooled(changed, [2, 4, 5, 3]), rtol=1e-4, atol=1e-4)
    assert not np.allclose(found, pooled(bert, [2, 4, 5, 3]), atol=0.1)


@pytest.mark.parametrize(
    "names", [("2.output.dense.a", "2.output.dense.b"), ("0.output.dense.a",), ("0.norm.a", "0.norm.b"), ("query.a",)]
)
def test_adapters_of_something_else_are_refused(tiny_files: EncoderFiles, names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"adapters must be LAYER\.PART\.a and \.b of attention\.self\.query, "):
        adapt(bert_of(tiny_files), dict.fromkeys(names, torch.zeros(2, 2)))


@pytest.mark.parametrize("lost", ["embeddings.word_embeddings.weight", "encoder.layer.1.output.dense.bias"])
def test_a_file_without_all_weights_of_bert_is_refused(bert: BertModel, tmp_path: Path, lost: str) -> None:
    save_file({name: weight for name, weight in bert.state_dict().items() if name != lost}, tmp_path / "some")
    with pytest.raises(ValueError, match=f"some: no weights of BERT .*{lost}"):
        bert_of(EncoderFiles(tmp_path / "some", tmp_path / "none"))


@pytest.mark.parametrize(("longest", "overlap"), [(41, 8), (11, 8)])
def test_windows_that_cannot_be_are_refused(tiny_files: EncoderFiles, longest: int, overlap: int) -> None:
    with pytest.raises(ValueError, match=f"windows of {longest} tokens: .*at most 40"):
        SentenceEncoder(tiny_files, longest=longest, overlap=overlap)


def test_other_files_are_refused(tiny_files: EncoderFiles, tmp_path: Path) -> None:
    folder = tmp_path / encoder.BASE
    folder.mkdir()
    for file in tiny_files:
        shutil.copy(file, folder)
    assets.configure(data_dirs=[tmp_path], offline=True)
    with pytest.raises(AssetError, match=r"model\.safetensors: SHA-256 is .*, not 53aa.*: remove it"):
        base_files()


def test_without_the_base_one_line_says_what_to_do(tmp_path: Path) -> None:
    assets.configure(cache_dir=tmp_path, offline=True)
    with pytest.raises(AssetMissing, match="audit assets pull all-minilm-l6-v2"):
        base_files()


@pytest.mark.slow
def test_the_pinned_base_is_read_as_transformers_reads_it() -> None:
    files = base_files()
    texts = ["A man is eating food.", "Café №5 — naïve? 日本語 🙂", "", "word " * 200]
    found, owners = SentenceEncoder(files, longest=128).vectors(texts)
    assert owners.tolist() == [0, 1, 2, 3, 3]
    tokenizer = AutoTokenizer.from_pretrained(files.weights.parent, tokenizer_type="bert", local_files_only=True)
    bert = BertModel(BertConfig(hidden_size=384, num_hidden_layers=6, intermediate_size=1536)).eval()
    weights = load_file(files.weights)
    bert.load_state_dict({name: weight for name, weight in weights.items() if name != "embeddings.position_ids"})
    for text, row in zip(texts, found, strict=False):
        ids = tokenizer(text, truncation=True, max_length=128)["input_ids"]
        np.testing.assert_allclose(row, pooled(bert, ids), rtol=1e-3, atol=1e-4)
