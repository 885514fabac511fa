"""Which of the weight files in a folder is loaded; transformers' own choice is the truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.modeling_utils import _get_resolved_checkpoint_files

from audit.core.errors import CheckpointError
from audit.engine import ScoreRequest, load
from audit.engine.checkpoint.files import inspect_folder
from audit.engine.checkpoint.weight_files import weight_files
from tests.engine.checkpoints import edit_json, shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUEST = ScoreRequest(context_ids=(5, 9, 20, 31), target_ids=(7, 40, 12))


def other_weights(folder: Path, name: str) -> None:
    """Another set of weights: the same names, other values."""
    weights = {key: tensor + 1 for key, tensor in load_file(folder / "model.safetensors").items()}
    if name.endswith(".safetensors"):
        save_file(weights, folder / name, {"format": "pt"})
    else:
        torch.save(weights, folder / name)


def shards_next_to_it(folder: Path) -> None:
    kept = (folder / "model.safetensors").read_bytes()
    shard(folder)
    (folder / "model.safetensors").write_bytes(kept)


def only(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        other_weights(folder, name)
        (folder / "model.safetensors").unlink()

    return change


def renamed(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "mine.safetensors")
    edit_json(folder / "config.json", transformers_weights="mine.safetensors")
    other_weights_of(folder, "mine.safetensors", "model.safetensors")


def other_weights_of(folder: Path, source: str, name: str) -> None:
    save_file({key: w + 1 for key, w in load_file(folder / source).items()}, folder / name, {"format": "pt"})


@pytest.mark.parametrize(
    ("change", "allow_pickle"),
    [
        (lambda folder: None, False),
        (shard, False),
        (lambda folder: other_weights(folder, "consolidated.safetensors"), False),
        (lambda folder: other_weights(folder, "pytorch_model.bin"), False),
        (lambda folder: other_weights(folder, "pytorch_model.bin"), True),
        (only("pytorch_model.bin"), True),
        (renamed, False),
    ],
    ids=["one", "shards", "consolidated", "bin next to it", "bin next to it, allowed", "bin", "named by the config"],
)
def test_the_choice_is_that_of_transformers(
    copy: Path, change: Callable[[Path], object], *, allow_pickle: bool
) -> None:
    change(copy)
    named = json.loads((copy / "config.json").read_text()).get("transformers_weights")
    theirs, _ = _get_resolved_checkpoint_files(
        copy, None, None, not allow_pickle or None, None, is_remote_code=False, transformers_explicit_filename=named
    )
    ours = weight_files(copy, allow_pickle=allow_pickle)
    assert [str(file) for file in ours] == sorted(theirs)
    files = inspect_folder(copy, allow_pickle=allow_pickle).files
    assert [file.path for file in files if file.kind == "weights"] == [file.name for file in ours]


@pytest.mark.parametrize("name", ["consolidated.safetensors", "pytorch_model.bin", "model.fp16.safetensors"])
def test_the_set_that_is_not_read_is_named_and_changes_nothing(copy: Path, name: str) -> None:
    before = load(str(copy), device="cpu")
    other_weights(copy, name)
    after = load(str(copy), device="cpu")
    assert after.record.digest == before.record.digest
    assert after.record.remarks == [f"weights were read from model.safetensors; ignored in the same folder: {name}"]
    assert after.score([REQUEST])[0].log_probs == before.score([REQUEST])[0].log_probs


def test_two_sets_of_the_same_kind_are_refused(copy: Path) -> None:
    shards_next_to_it(copy)
    with pytest.raises(CheckpointError, match=r"two sets of weights, model\.safetensors and the 2 file\(s\) of .*keep"):
        load(str(copy), device="cpu")
    (copy / "model.safetensors").unlink()
    assert load(str(copy), device="cpu").record.remarks == []


def test_an_index_of_the_one_file_is_no_second_set(copy: Path) -> None:
    where = dict.fromkeys(load_file(copy / "model.safetensors"), "model.safetensors")
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    assert load(str(copy), device="cpu").record.remarks == []


def test_shards_without_their_index(copy: Path) -> None:
    shard(copy)
    (copy / "model.safetensors.index.json").unlink()
    with pytest.raises(CheckpointError, match=r"no model\.safetensors\.index\.json, which lists its 2 weight files"):
        load(str(copy), device="cpu")


@pytest.mark.parametrize("name", ["mine.safetensors", "model.pt"])
def test_weights_under_another_name_are_named(copy: Path, name: str) -> None:
    (copy / "model.safetensors").rename(copy / name)
    with pytest.raises(CheckpointError, match=rf"no weights \(model\.safetensors or its shards, only {name}\)"):
        load(str(copy), device="cpu", allow_pickle=True)


def test_a_training_s_pickles_are_no_weights(copy: Path) -> None:
    before = inspect_folder(copy).digest
    for name in ("optimizer.pt", "training_args.bin", "rng_state.pth"):
        torch.save({"a": torch.ones(1)}, copy / name)
    assert (inspect_folder(copy).digest, inspect_folder(copy).remarks) == (before, ())
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no weights"):
        load(str(copy), device="cpu", allow_pickle=True)


def test_pickled_shards_are_read_by_their_index(copy: Path) -> None:
    expected = load(str(copy), device="cpu").score([REQUEST])[0].log_probs
    weights = load_file(copy / "model.safetensors")
    where = {name: f"pytorch_model-0000{i % 2 + 1}-of-00002.bin" for i, name in enumerate(weights)}
    for file in set(where.values()):
        torch.save({name: w for name, w in weights.items() if where[name] == file}, copy / file)
    (copy / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"index\.json: pickled weights can run code"):
        load(str(copy), device="cpu")
    assert load(str(copy), device="cpu", allow_pickle=True).score([REQUEST])[0].log_probs == expected


def test_a_distributed_checkpoint_is_refused(copy: Path) -> None:
    other_weights(copy, "shard-00001-model-00001-of-00001.safetensors")
    with pytest.raises(CheckpointError, match="a distributed checkpoint"):
        load(str(copy), device="cpu")


def test_a_weight_file_that_was_named_is_the_one_that_is_loaded(copy: Path) -> None:
    assert load(str(copy / "model.safetensors"), device="cpu").record.remarks == []
    other_weights(copy, "consolidated.safetensors")
    with pytest.raises(CheckpointError, match=r"its folder would load model\.safetensors"):
        load(str(copy / "consolidated.safetensors"), device="cpu")
