"""Reading Detoxify's checkpoints without running code from them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from audit.core.errors import AssetError
from audit.safety.scorers import detoxify_checkpoint
from audit.safety.scorers.detoxify_checkpoint import IDENTITIES
from tests.safety.scorers.detoxify_files import CLASSES, TEXTS, UNBIASED, change, scorer, write_checkpoint


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    """``detoxify/`` with toxic_original.ckpt."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "detoxify"
    model = write_checkpoint(place, "toxic_original.ckpt", len(CLASSES), {"classes": CLASSES})
    model.save_pretrained(tmp_path / "whole")
    return place


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
    with pytest.raises(AssetError, match="download it again"):
        scorer(folder, monkeypatch)


@pytest.mark.slow
def test_weights_without_the_base_configuration_are_refused(folder: Path, monkeypatch: Any) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(AssetError, match=r"put config\.json"):
        scorer(folder, monkeypatch)


def test_identities_that_the_checkpoint_does_not_name_have_their_published_names() -> None:
    named = detoxify_checkpoint.label_names(UNBIASED, None, 16)
    assert named[7:] == tuple(f"identity_{name}" for name in IDENTITIES)


def test_the_second_load_reads_the_safetensors_copy(folder: Path, monkeypatch: Any) -> None:
    before = scorer(folder, monkeypatch).score(TEXTS)
    (copy,) = (folder.parent / "cache" / "scorers").glob("*.safetensors")
    monkeypatch.setattr(detoxify_checkpoint, "_from_pickle", lambda _file: pytest.fail("unpickled again"))
    assert scorer(folder, monkeypatch).score(TEXTS) == before
    assert copy.with_suffix(".sha256").read_text() == hashlib.sha256(copy.read_bytes()).hexdigest()


def test_a_copy_that_was_altered_is_not_used(folder: Path, monkeypatch: Any) -> None:
    before = scorer(folder, monkeypatch).score(TEXTS)
    (copy,) = (folder.parent / "cache" / "scorers").glob("*.safetensors")
    content = bytearray(copy.read_bytes())
    content[-40:] = bytes(40)
    copy.write_bytes(bytes(content))
    assert scorer(folder, monkeypatch).score(TEXTS) == before
    assert copy.read_bytes() != bytes(content)
