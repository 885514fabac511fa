from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import torch

from audit.core.errors import AssetError, CheckpointError
from audit.engine import ScoreRequest, load
from audit.engine.checkpoint.files import inspect_folder
from audit.engine.checkpoint.source import short_name
from tests.engine.conftest import Listener

if TYPE_CHECKING:
    from pathlib import Path


def test_record_names_every_deciding_file(copy: Path) -> None:
    (copy / "README.md").write_text("decides nothing")
    record = load(str(copy), device="cpu").record
    assert {file.path: file.kind for file in record.files} == {
        "config.json": "config",
        "generation_config.json": "config",
        "model.safetensors": "weights",
        "tokenizer.json": "tokenizer",
        "tokenizer_config.json": "tokenizer",
        "chat_template.jinja": "chat_template",
    }
    assert (record.architecture, record.dtype, record.max_length) == ("LlamaForCausalLM", "float32", 256)
    assert record.parameter_count == sum(p.numel() for p in load(str(copy), device="cpu").model.parameters())


def test_names_for_people(tmp_path: Path) -> None:
    (tmp_path / "Llama-3.1").mkdir()
    (tmp_path / "model.Q4_1.gguf").write_bytes(b"")
    assert short_name(str(tmp_path / "Llama-3.1")) == "Llama-3.1"
    assert short_name(str(tmp_path / "Llama-3.1" / ".")) == "Llama-3.1"
    assert short_name(str(tmp_path / "model.Q4_1.gguf")) == "model.Q4_1"
    assert short_name("someone/some-model") == "some-model"


def test_missing_folder() -> None:
    with pytest.raises(CheckpointError, match=r"no such folder, file or asset: check the path"):
        load("./nowhere/at/all")


def test_hub_id_offline() -> None:
    with pytest.raises(AssetError, match="not in the hub cache"):
        load("someone/some-model", offline=True)


def test_folder_without_weights(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no weights"):
        load(str(copy))


def test_folder_without_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        load(str(tmp_path))


@pytest.mark.parametrize("keep", [0, 5, 100, -1000, -1])
def test_truncated_safetensors(copy: Path, keep: int) -> None:
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="truncated"):
        load(str(copy))


def test_garbage_safetensors(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load(str(copy))


def test_missing_shard(copy: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="model-00001-of-00002"):
        load(str(copy))


def test_pickled_weights_are_refused_unless_allowed(copy: Path) -> None:
    expected = load(str(copy), device="cpu")
    torch.save(expected.model.state_dict(), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="--allow-pickle"):
        load(str(copy))
    engine = load(str(copy), device="cpu", allow_pickle=True)
    assert next(iter(f.path for f in engine.record.files if f.kind == "weights")) == "pytorch_model.bin"


def test_not_a_gguf_file(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="not a GGUF file"):
        load(str(tmp_path / "model.gguf"))


def test_truncated_gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(60))
    with pytest.raises(CheckpointError, match="truncated or unsupported"):
        load(str(tmp_path / "model.gguf"))
    assert not [entry for entry in (tmp_path / "cache" / "converted").iterdir() if entry.is_dir()]


@pytest.mark.parametrize("device", ["warp", "cuda:99", "meta"])
def test_unknown_device(tiny_model: Path, device: str) -> None:
    with pytest.raises(CheckpointError, match="--device"):
        load(str(tiny_model), device=device)


def test_the_embedded_checkpoint_answers(embedded: object) -> None:
    from audit.engine import GenerateRequest
    from audit.engine.local.engine import TransformersEngine

    assert isinstance(embedded, TransformersEngine)
    assert embedded.record.quantization == "gguf:Q4_1"
    assert embedded.record.parameter_count == 134_515_008
    prompt = embedded.apply_chat_template([{"role": "user", "content": "What is the capital of France?"}])
    answer = embedded.generate([GenerateRequest(prompt, max_new_tokens=12)])[0]
    assert "Paris" in answer.generations[0].text


def test_a_checkpoint_that_is_quantised_says_how(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "packed"
    shutil.copytree(tiny_model, folder)
    assert inspect_folder(folder).quantization is None
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "gptq"}}))
    assert inspect_folder(folder).quantization == "gptq"


def test_a_listener_that_is_given_hears_the_work(tiny_model: Path) -> None:
    heard = Listener()
    engine = load(str(tiny_model), device="cpu", progress=heard)
    engine.score([ScoreRequest((5, 6), (7,))])
    assert (engine.progress, heard.expected, heard.answered) == (heard, 1, 1)
