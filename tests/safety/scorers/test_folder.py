"""Small random classifiers in Hugging Face's format: labels, long texts, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch
from huggingface_hub.utils import filter_repo_objects
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer, pipeline

from audit.core.config import SafetyConfig
from audit.core.errors import AssetError, AssetMissing
from audit.safety.scorers import folder as module
from audit.safety.scorers.folder import FolderScorer
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.toxicity import score_texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(40))]
ROOM = 16
TEXTS = ["w1 w2 w3", "w4", "w30 w31 w32 w33"]
LONG = " ".join(f"w{number * 7 % 40}" for number in range(70))


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    def make(labels: tuple[str, ...] = ("neutral", "toxic"), problem: str | None = None) -> Path:
        place = tmp_path / "toxicity-classifier"
        place.mkdir()
        (place / "vocab.txt").write_text("\n".join(WORDS) + "\n")
        config = BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=ROOM,
            initializer_range=0.5,
            id2label=dict(enumerate(labels)),
            label2id={label: index for index, label in enumerate(labels)},
            problem_type=problem,
        )
        BertTokenizer(str(place / "vocab.txt"), model_max_length=ROOM).save_pretrained(place)
        with torch.random.fork_rng():
            torch.manual_seed(5)
            BertForSequenceClassification(config).save_pretrained(place)
        return place

    return make


@pytest.mark.parametrize("problem", [None, "multi_label_classification"])
def test_scores_are_those_of_the_text_pipeline(folder: Any, problem: str | None) -> None:
    place = folder(problem=problem)
    peer = pipeline("text-classification", model=str(place), top_k=None)
    theirs = [{row["label"]: row["score"] for row in rows} for rows in peer(TEXTS)]
    ours = FolderScorer(place).score_labels(TEXTS)
    assert [labels for _, labels in ours] == [pytest.approx(row, abs=1e-6) for row in theirs]
    assert [value for value, _ in ours] == pytest.approx([row["toxic"] for row in theirs], abs=1e-6)


def test_a_long_text_is_the_maximum_over_overlapping_windows(folder: Any) -> None:
    scorer = FolderScorer(folder())
    words, free = LONG.split(), ROOM - 2
    step = free - free // 4
    parts = [" ".join(words[start : start + free]) for start in range(0, len(words) - free // 4, step)]
    assert len(parts) > 4
    values = scorer.score(parts)
    assert scorer.score([LONG]) == pytest.approx([max(values)], abs=1e-6)
    assert max(values) > values[0] + 0.01  # or cutting the text off would pass


def test_texts_do_not_depend_on_what_is_beside_them(folder: Any) -> None:
    scorer = FolderScorer(folder())
    together = scorer.score([*TEXTS, LONG])
    assert together == pytest.approx([scorer.score([text])[0] for text in [*TEXTS, LONG]], abs=1e-6)


def test_the_toxic_label_is_found_by_name_or_said(folder: Any) -> None:
    place = folder(("Toxic", "threat", "neutral"))
    rows = FolderScorer(place).score_labels(TEXTS)
    assert all(value == labels["Toxic"] for value, labels in rows)
    said = FolderScorer(place, "threat").score_labels(TEXTS)
    assert all(value == labels["threat"] for value, labels in said)
    with pytest.raises(AssetError, match=r"no label 'treat' .*Did you mean 'threat'"):
        FolderScorer(place, "treat")


def test_labels_without_a_known_name_have_to_be_said(folder: Any) -> None:
    place = folder(("LABEL_0", "LABEL_1"))
    with pytest.raises(AssetError, match=r"which of its labels means toxic\? It has LABEL_0, LABEL_1"):
        FolderScorer(place)


def test_it_is_chosen_by_path_or_from_a_data_folder(folder: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("AUDIT_DATA", str(tmp_path))
    with pytest.raises(AssetMissing, match=r"looked in: .*toxicity-classifier\).*folder:PATH"):
        choose_scorer(SafetyConfig(toxicity_scorer="folder"))
    place = folder()
    named = [choose_scorer(SafetyConfig(toxicity_scorer=said)) for said in ("folder", f"folder:{place}")]
    assert {scorer.record.name for scorer in named} == {"toxicity-classifier"}
    assert {scorer.record.sha256 for scorer in named} == {named[0].record.sha256}
    verdict = score_texts(named[0], TEXTS[:1])[0]
    assert set(verdict.labels) == {"neutral", "toxic"}


def test_pickled_weights_and_missing_folders_are_refused(folder: Any, tmp_path: Path) -> None:
    place = folder()
    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    with pytest.raises(AssetMissing, match=r"no \*\.safetensors in it \(pickled weights are not read\)"):
        FolderScorer(place)
    with pytest.raises(AssetMissing, match="no such folder"):
        FolderScorer(tmp_path / "nowhere")


def test_a_classifier_without_its_head_is_refused(folder: Any) -> None:
    """Transformers would draw the head at random: about every text toxic, or none."""
    place = folder()
    model = BertForSequenceClassification.from_pretrained(place)
    model.bert.save_pretrained(place)
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**config, "id2label": {"0": "neutral", "1": "toxic"}}))
    with pytest.raises(AssetError, match=r"2 weight\(s\) of the model are not in the files, first classifier"):
        FolderScorer(place)


def test_other_tokens_are_another_scorer(folder: Any) -> None:
    place = folder()
    before = FolderScorer(place).record.sha256
    (place / "vocab.txt").write_text("\n".join(reversed(WORDS)) + "\n")
    assert FolderScorer(place).record.sha256 != before


def test_a_damaged_folder_is_refused_in_one_line(folder: Any) -> None:
    place = folder()
    (place / "config.json").write_text("{}")
    with pytest.raises(AssetError) as told:
        FolderScorer(place)
    assert str(place) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_measured_validity_in_the_weights_is_read(folder: Any) -> None:
    place = folder()
    fields = '"data": "own texts", "threshold": 0.5, "auroc": 0.9, "calibration_error": 0.05'
    counts = '"positives": 50, "true_positives": 40, "negatives": 80, "true_negatives": 72'
    digest = FolderScorer(place).record.sha256
    (place / "validity.json").write_text(f'{{"{digest}": {{{fields}, {counts}}}}}')
    validity = FolderScorer(place).validity
    assert validity is not None
    assert (validity.agreement.sensitivity, validity.agreement.specificity) == (0.8, 0.9)
    (place / "validity.json").write_text(f'{{"{"0" * 64}": {{{fields}, {counts}}}}}')
    assert FolderScorer(place).validity is None  # of other weights
    (place / "validity.json").write_text(f'{{"{digest}": {{{fields}, {counts.replace("40", "51")}}}}}')
    with pytest.raises(AssetError, match=r"validity\.json: not a validity"):
        FolderScorer(place)


def test_what_it_reads_is_english_unless_the_configuration_says_otherwise(folder: Any) -> None:
    place = folder()
    german = "Du bist ein widerlicher Abschaum."
    unknown = choose_scorer(SafetyConfig(toxicity_scorer=f"folder:{place}"))
    assert score_texts(unknown, [german])[0].unread
    told = choose_scorer(SafetyConfig(toxicity_scorer=f"folder:{place}", toxicity_languages=["de", "en"]))
    assert score_texts(told, [german])[0].value is not None
    with pytest.raises(ValueError, match="toxicity_languages"):
        SafetyConfig(toxicity_languages=["German"])
    with pytest.raises(ValueError, match="toxicity_languages"):
        SafetyConfig(toxicity_languages=[])


HUB_ID = "facebook/roberta-hate-speech-dynabench-r4-target"


def hub(monkeypatch: Any, place: Path) -> list[dict[str, Any]]:
    """A hub that has one classifier, and what it was asked."""
    asked: list[dict[str, Any]] = []

    def download(model: str, revision: str | None, **options: Any) -> Path:
        asked.append({"model": model, "revision": revision, **options})
        return place

    monkeypatch.setattr(module, "download", download)
    return asked


def test_a_classifier_of_the_hub_is_the_same_as_its_folder(folder: Any, monkeypatch: Any) -> None:
    place = folder(("nothate", "hate"))
    asked = hub(monkeypatch, place)
    scorer = choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}"), offline=True)
    local = choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{place}"), offline=True)
    assert scorer.score(TEXTS) == local.score(TEXTS)
    assert (scorer.record.name, scorer.record.source) == (HUB_ID.partition("/")[2], f"hub {HUB_ID}")
    assert (local.record.source, local.record.sha256) == ("folder toxicity-classifier", scorer.record.sha256)
    (call,) = asked  # the folder was not asked for
    assert (call["model"], call["offline"]) == (HUB_ID, True)
    names = ["config.json", "model.safetensors", "merges.txt", "vocab.json", "tokenizer_config.json"]
    others = ["validity.json", "modeling.py", "pytorch_model.bin", "README.md"]
    assert list(filter_repo_objects([*names, *others], allow_patterns=call["patterns"])) == names


def test_the_commit_of_the_hub_is_said_and_may_be_chosen(folder: Any, tmp_path: Path, monkeypatch: Any) -> None:
    place = folder()
    cached = tmp_path / "models--owner--name" / "snapshots" / ("0123456789abcdef" * 3)[:40]
    cached.parent.mkdir(parents=True)
    place.rename(cached)
    asked = hub(monkeypatch, cached)
    for said, revision in ((HUB_ID, None), (f"{HUB_ID}@0123abc", "0123abc"), (f"{HUB_ID}@refs/pr/1", "refs/pr/1")):
        record = choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{said}")).record
        assert (asked[-1]["model"], asked[-1]["revision"]) == (HUB_ID, revision)
        assert (record.source, record.version) == (f"hub {HUB_ID}", cached.name)
    alone = FolderScorer(cached).record
    assert (alone.version, alone.sha256) == (record.sha256[:12], record.sha256)


def test_a_commit_that_the_hub_lacks_is_one_line(monkeypatch: Any) -> None:
    def download(*_: Any, **__: Any) -> Path:
        msg = f"{HUB_ID}: no such folder, and the hub's {HUB_ID} has no revision x: correct --revision"
        raise AssetError(msg)

    monkeypatch.setattr(module, "download", download)
    with pytest.raises(AssetMissing, match=r"has no revision x: `hf download facebook/\S+ --local-dir FOLDER`"):
        choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}@x"))


def test_weights_of_the_hub_do_not_vouch_for_themselves(folder: Any, monkeypatch: Any) -> None:
    place = folder()
    (place / "validity.json").write_text("not read")
    hub(monkeypatch, place)
    assert choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}")).validity is None


def test_a_classifier_of_the_hub_says_which_labels_it_has(folder: Any, monkeypatch: Any) -> None:
    hub(monkeypatch, folder(("LABEL_0", "LABEL_1")))
    with pytest.raises(AssetError, match=rf"^{HUB_ID}: which of its labels means toxic\? It has LABEL_0, LABEL_1"):
        choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}"))
    said = choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}", toxicity_label="LABEL_1"))
    assert [value for value, _ in said.score_labels(TEXTS)] == [row["LABEL_1"] for _, row in said.score_labels(TEXTS)]


def test_without_a_network_one_line_says_what_to_download(folder: Any, monkeypatch: Any) -> None:
    what = r"`hf download facebook/\S+ --local-dir FOLDER` .*safetensors, name sequence:FOLDER"
    with pytest.raises(
        AssetMissing, match=rf"^scorer sequence: {HUB_ID}: no such folder, .*hub cache: {what}$"
    ) as told:
        choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}"), offline=True)
    assert "\n" not in str(told.value)
    place = folder()
    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    hub(monkeypatch, place)
    with pytest.raises(AssetMissing, match=rf"^scorer sequence: {HUB_ID}: no \*\.safetensors .*pickled.*: {what}$"):
        choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}"))
    (place / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(AssetError, match=r"^scorer sequence: "):
        choose_scorer(SafetyConfig(toxicity_scorer=f"sequence:{HUB_ID}"))
    with pytest.raises(AssetMissing, match="no such folder"):
        choose_scorer(SafetyConfig(toxicity_scorer="sequence:nowhere"))
