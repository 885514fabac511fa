"""GGUF files: parts, weights that are missing or too many, the converted copy, and what the file says of itself."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from audit.core.assets.settings import cache_dir
from audit.core.errors import CheckpointError
from audit.engine import load
from audit.engine.checkpoint.gguf import load as gguf_load
from audit.engine.checkpoint.gguf.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.checkpoint.gguf.gguf_files import File

pytestmark = pytest.mark.usefixtures("cache")


def logits(model: Any) -> torch.Tensor:
    """Of a fixed sequence, one row for each position."""
    with torch.no_grad():
        return model(input_ids=torch.arange(3, 103)[None]).logits[0]


@pytest.mark.slow
def test_a_file_is_the_model_that_it_was_made_of(file: File, truth: Any, tmp_path: Path) -> None:
    engine = load(str(file.write(tmp_path / "tiny.gguf")), device="cpu")
    assert torch.equal(logits(engine.model), logits(truth))
    assert (engine.record.quantization, engine.record.remarks) == ("gguf:F32", [])
    assert engine.record.parameter_count == sum(p.numel() for p in truth.parameters())


@pytest.mark.slow
def test_every_part_names_the_whole_file(file: File, truth: Any, tmp_path: Path) -> None:
    file.write(tmp_path / "tiny.gguf", parts=3)
    parts = sorted(tmp_path.glob("tiny-*.gguf"))
    engines = [load(str(part), device="cpu") for part in parts]
    assert len({engine.record.digest for engine in engines}) == 1
    for engine in engines:
        assert torch.equal(logits(engine.model), logits(truth))
        assert [entry.path for entry in engine.record.files if entry.kind == "weights"] == [p.name for p in parts]


@pytest.mark.slow
def test_another_last_part_is_another_checkpoint(file: File, tmp_path: Path) -> None:
    first = load(str(file.write(tmp_path / "a.gguf", parts=2)), device="cpu").record.digest
    file.tensors["output.weight"] = file.tensors["output.weight"] + 1
    assert load(str(file.write(tmp_path / "b.gguf", parts=2)), device="cpu").record.digest != first


@pytest.mark.slow
@pytest.mark.parametrize("name", ["blk.1.ffn_down.weight", "blk.0.attn_norm.weight", "output_norm.weight"])
def test_missing_weights_are_refused_and_leave_no_copy(file: File, tmp_path: Path, name: str) -> None:
    del file.tensors[name]
    path = file.write(tmp_path / "tiny.gguf")
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"1 weight\(s\) missing, first model\."):
            load(str(path))
    assert not [entry for entry in (cache_dir() / "converted").iterdir() if entry.is_dir()]


def test_a_missing_layer_is_counted(file: File, tmp_path: Path) -> None:
    for name in [name for name in file.tensors if name.startswith("blk.1.")]:
        del file.tensors[name]
    with pytest.raises(CheckpointError, match=r"9 weight\(s\) missing, first model\.layers\.1\.input_layernorm"):
        load(str(file.write(tmp_path / "tiny.gguf")))


@pytest.mark.slow
def test_a_missing_head_means_tied_embeddings(file: File, truth: Any, tmp_path: Path) -> None:
    del file.tensors["output.weight"]
    engine = load(str(file.write(tmp_path / "tiny.gguf")), device="cpu")
    tied = AutoModelForCausalLM.from_config(truth.config, dtype=torch.float32)
    tied.load_state_dict({**truth.state_dict(), "lm_head.weight": truth.model.embed_tokens.weight})
    assert torch.equal(logits(engine.model), logits(tied))


def test_a_weight_of_another_shape_is_named(file: File, tmp_path: Path) -> None:
    file.tensors["blk.0.ffn_up.weight"] = file.tensors["blk.0.ffn_up.weight"][:32]
    with pytest.raises(CheckpointError, match=r"model\.layers\.0\.mlp\.up_proj\.weight has shape \[32, 32\]"):
        load(str(file.write(tmp_path / "tiny.gguf")))


@pytest.mark.slow
def test_a_layer_too_many_is_remarked(file: File, truth: Any, tmp_path: Path) -> None:
    extra = {name.replace("blk.1.", "blk.2."): data for name, data in file.tensors.items() if "blk.1." in name}
    file.tensors |= extra
    engine = load(str(file.write(tmp_path / "tiny.gguf")), device="cpu")
    assert torch.equal(logits(engine.model), logits(truth))
    (remark,) = engine.record.remarks
    assert f"{sum(data.size for data in extra.values()):,} more parameters than LlamaForCausalLM uses" in remark
    assert "blk.2." in remark


@pytest.mark.slow  # six conversions
def test_an_old_or_incomplete_copy_is_made_again(file: File, truth: Any, tmp_path: Path) -> None:
    path = file.write(tmp_path / "tiny.gguf")
    digest = load(str(path), device="cpu").record.digest
    (copy,) = [entry for entry in (cache_dir() / "converted").iterdir() if entry.is_dir()]
    weights = copy / "model.safetensors"
    whole = weights.read_bytes()
    old = json.dumps({**json.loads((copy / "conversion.json").read_text()), "converter": 1})
    faults = {
        "no record": (copy / "conversion.json").unlink,
        "of an older converter": lambda: (copy / "conversion.json").write_text(old),
        "no tokenizer": (copy / "tokenizer.json").unlink,
        "no weights": weights.unlink,
        "half the weights": lambda: weights.write_bytes(whole[:1000]),
    }
    for fault, make in faults.items():
        make()
        engine = load(str(path), device="cpu")
        assert torch.equal(logits(engine.model), logits(truth)), fault
        assert (engine.record.digest, weights.read_bytes()) == (digest, whole), fault


@pytest.mark.slow
@pytest.mark.parametrize("parts", [1, 2])
def test_a_header_is_read_to_convert_and_not_again(
    file: File, truth: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    file.write(tmp_path / "tiny.gguf", parts=parts)
    path = min(tmp_path.glob("*.gguf"))
    read: list[Path] = []
    monkeypatch.setattr(gguf_load, "read_header", lambda path: read.append(path) or read_header(path))
    first, second = (load(str(path), device="cpu") for _ in range(2))
    assert read == [path]
    assert second.record == first.record
    assert torch.equal(logits(second.model), logits(truth))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="truncated"):
        load(str(path), device="cpu")


@pytest.mark.slow
def test_a_copy_of_an_older_version_is_left_alone_and_not_used(file: File, truth: Any, tmp_path: Path) -> None:
    path = file.write(tmp_path / "tiny.gguf")
    sha256 = load(str(path), device="cpu").record.files[0].sha256
    shutil.rmtree(cache_dir() / "converted")
    random = cache_dir() / "converted" / sha256  # where earlier versions kept a copy
    random.mkdir(parents=True)
    AutoModelForCausalLM.from_config(truth.config).save_pretrained(random)
    assert torch.equal(logits(load(str(path), device="cpu").model), logits(truth))


@pytest.mark.slow
def test_the_name_of_a_file_is_no_part_of_its_identity(file: File, tmp_path: Path) -> None:
    file.settings["general.file_type"] = 15  # llama.cpp's number of Q4_K_M
    one = file.write(tmp_path / "Qwen2.5-0.5B-Instruct-Q8_0.gguf")
    other = shutil.copy(one, tmp_path / "renamed.gguf")
    engines = [load(str(path), device="cpu") for path in (one, other)]
    assert [engine.record.quantization for engine in engines] == ["gguf:Q4_K_M", "gguf:Q4_K_M"]
    assert engines[0].record.digest == engines[1].record.digest


def test_a_message_about_a_split_file_names_one_of_its_parts(file: File, tmp_path: Path) -> None:
    file.vocabulary["ggml.pre"] = "something-new"
    path = file.write(tmp_path / "tiny.gguf", parts=2)
    with pytest.raises(CheckpointError) as refused:
        load(str(path))
    assert str(refused.value).startswith(f"{path}: its pre-tokenizer")


def test_an_encoder_is_refused_in_one_line(file: File, tmp_path: Path) -> None:
    file.architecture = "clip"
    with pytest.raises(CheckpointError, match="architecture clip is not supported") as refused:
        load(str(file.write(tmp_path / "tiny.gguf")))
    assert "\n" not in str(refused.value)
