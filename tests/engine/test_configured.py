"""The checkpoint is loaded as the configuration says, and one of a recorded run as the run loaded it, or refused."""

from __future__ import annotations

import inspect
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.core.config import RunConfig
from audit.core.errors import CheckpointError, ConfigError
from audit.core.records import FileDigest, ModelRecord, RunManifest
from audit.engine import configured, load
from audit.engine.chat import named
from audit.engine.configured import (
    computed_otherwise,
    difference,
    load_recorded,
    other_device,
    other_ways,
    recorded_config,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_every_field_reaches_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def listen(model: str, **options: Any) -> str:
        given.update(options, model=model)
        return "engine"

    monkeypatch.setattr(configured, "load", listen)
    plain = {
        "model": "m", "base": "b", "device": "auto", "device_map": "auto", "dtype": "float16", "revision": "r",
        "quantization": "nf4", "trust_remote_code": True, "allow_pickle": True, "offline": True, "max_length": 99,
        "batch_tokens": 77, "tokenizer": "t", "chat_template_args": {"enable_thinking": False}, "seed": 7,
    }  # fmt: skip
    nested = {
        "chat_template": "other",
        "server": {"tries": 2},
        "inference": {"eager": True},
        "thinking": {"end": "</end>", "tokens": 5},
    }
    config = RunConfig.model_validate({**plain, **nested})
    assert configured.engine_of(config) == "engine"
    assert given.pop("server").tries == 2
    assert given.pop("inference").eager
    assert given == {**plain, "chat_template": named("other"), "think_end": "</end>", "thinking_tokens": 5}
    assert given.keys() | {"server", "inference"} == inspect.signature(load).parameters.keys() - {"progress"}


FIELDS: dict[str, Any] = {
    "run_id": "r", "seeds": {}, "packages": {}, "git": {}, "status": "complete", "signature": "s",
    "started": "2026-01-01T00:00:00Z",
    "platform": {
        "system": "s", "machine": "m", "python": "3", "cpu_count": 1, "threads": 1, "memory_bytes": 1,
    },
}  # fmt: skip


def manifest(record: ModelRecord, **config: Any) -> RunManifest:
    whole = RunConfig.model_validate(config).model_dump(mode="json")
    values = FIELDS | {"model": json.loads(record.model_dump_json()), "config": whole}
    return RunManifest.model_validate_json(json.dumps(values))


def test_what_auto_chose_is_chosen_again(tiny_model: Path) -> None:
    record = load(str(tiny_model), device="cpu").record
    for stored, config, expected in (
        ({"dtype": "bfloat16"}, {}, ("bfloat16", "cpu")),
        ({"dtype": "float32", "device": "cuda:0 (NVIDIA)"}, {}, ("float32", "auto")),
        ({"dtype": "float32"}, {"device_map": "auto"}, ("float32", "auto")),
        ({"dtype": "float32"}, {"device": "cuda:1"}, ("float32", "cuda:1")),
    ):
        found = recorded_config(manifest(record.model_copy(update=stored), model="m", **config), "manifest.json")
        assert (found.dtype, found.device) == expected
    broken = manifest(record, model="m").model_copy(update={"config": {"model": 5}})
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        recorded_config(broken, "manifest.json")


@pytest.mark.slow
def test_template_arguments_and_number_type_are_those_of_the_run(tiny_model: Path, tmp_path: Path) -> None:
    """The run computed in bfloat16, which ``auto`` never chooses on a CPU, and set a variable of its template."""
    folder = tmp_path / "copy"
    shutil.copytree(tiny_model, folder)
    (folder / "chat_template.jinja").write_text("{{ mood }}:{{ messages[0].content }}>")
    record = load(str(folder), device="cpu", dtype="bfloat16", max_length=99).record
    run = manifest(record, model=str(folder), chat_template_args={"mood": "calm"}, max_length=99)
    engine = load_recorded(recorded_config(run, "m"), run)
    assert engine.chat_text([{"role": "user", "content": "Hi"}]).text == "calm:Hi>"
    assert engine.model.dtype == torch.bfloat16
    assert engine.record.max_length == 99

    other = run.model_copy(update={"model": record.model_copy(update={"dtype": "int4", "max_length": 9})})
    with pytest.raises(CheckpointError) as caught:
        load_recorded(recorded_config(run, "m"), other, ": name that one with --model")
    assert str(caught.value) == (
        f"{folder}: the checkpoint of r, but loaded another way here: "
        "number type bfloat16, the run's is int4; context length 99, the run's is 9"
    )

    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    with pytest.raises(CheckpointError, match=r"not the checkpoint of r \(.*; different: chat template\): do this"):
        load_recorded(recorded_config(run, "m"), run, ": do this")


def test_what_differs_is_named(tiny_model: Path) -> None:
    record = load(str(tiny_model), device="cpu").record
    weights = FileDigest(path="model.safetensors", kind="weights", sha256="1", size=1)
    template = FileDigest(path="chat_template.jinja", kind="chat_template", sha256="1", size=1)
    then = record.model_copy(update={"digest": "a" * 64, "files": [weights]})
    changed = weights.model_copy(update={"sha256": "2"})
    assert difference(then, then) is None
    for files, words in (
        ([changed], "different: weights"),
        ([weights, template], "different: chat template"),
        ([template], "different: chat template, weights"),
    ):
        now = record.model_copy(update={"digest": "b" * 64, "files": files})
        assert difference(then, now) == f"digest {'b' * 12}, the run's is {'a' * 12}; {words}"
    for name, other, words in (
        ("dtype", "float64", "number type float64, the run's is float32"),
        ("quantization", "nf4", "quantisation nf4, the run's is None"),
        ("max_length", 7, f"context length 7, the run's is {record.max_length}"),
    ):
        assert difference(record, record.model_copy(update={name: other})) == words
    server = record.model_copy(update={"digest": "a" * 64, "files": []})
    assert difference(server, record) == f"digest {record.digest[:12]}, the run's is {'a' * 12}"


def test_another_kind_of_device_is_said(tiny_model: Path) -> None:
    record = load(str(tiny_model), device="cpu").record
    graphics = record.model_copy(update={"device": "cuda:0 (NVIDIA H100)"})
    assert other_device(record, record) is None
    assert other_device(graphics, graphics.model_copy(update={"device": "cuda:1"})) is None
    assert "the run computed on cuda:0 (NVIDIA H100)" in str(other_device(graphics, record))


def test_another_way_of_computing_is_said(tiny_model: Path) -> None:
    record = load(str(tiny_model), device="cpu").record
    wide = record.model_copy(update={"ways": ["float32 head", "flex attention"]})
    assert other_ways(wide, wide) is None
    said = "ways of computing log-probabilities: float32 head, flex attention, the run's: "
    assert other_ways(record, wide) == f"{said}none"
    before = ModelRecord.model_validate(record.model_dump(exclude={"ways"}))
    assert other_ways(before, wide) == f"{said}not recorded"
    assert computed_otherwise(record, wide) == f"{said}none"
    assert computed_otherwise(record, record) is None
    card = wide.model_copy(update={"device": "cuda:0 (NVIDIA H100)"})
    assert str(computed_otherwise(record, card)).endswith(f"differ by rounding; {said}none")
