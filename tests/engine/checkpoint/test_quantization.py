"""Quantising while loading, and checkpoints whose files are packed: what is asked for, computed and refused."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.quantizers.quantizer_finegrained_fp8 import FineGrainedFP8HfQuantizer

from audit.core.errors import CheckpointError
from audit.engine import ScoreRequest, load
from audit.engine.checkpoint.quantization import (
    Quantization,
    check_packed,
    check_scales,
    finish_unpacking,
    quantization_config,
)
from audit.engine.checkpoint.weights import load_weights
from tests.engine.whole.tiny_types import configuration, random_model

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    Weights = dict[str, torch.Tensor]

CPU = torch.device("cpu")
SIDE = 16
FP8 = {"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "e4m3", "weight_block_size": [SIDE, SIDE]}
MXFP4 = {"quant_method": "mxfp4", "modules_to_not_convert": ["self_attn", "router", "embed_tokens", "lm_head"]}
IDS = (5, 9, 20, 31, 7, 40, 12)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package bitsandbytes, as far as it is looked for."""
    monkeypatch.setitem(sys.modules, "bitsandbytes", ModuleType("bitsandbytes"))


@pytest.mark.parametrize("quantization", ["int8", "nf4"])
def test_a_missing_package_is_named(quantization: Quantization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(CheckpointError, match=f"quantization {quantization} needs bitsandbytes: pip install"):
        quantization_config(quantization, torch.device("cuda"))


@pytest.mark.usefixtures("installed")
def test_a_device_without_its_kernels_is_refused() -> None:
    with pytest.raises(CheckpointError, match="quantization nf4 needs a CUDA device"):
        quantization_config("nf4", torch.device("cpu"))


@pytest.mark.usefixtures("installed")
def test_each_kind_is_what_it_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers.BitsAndBytesConfig.post_init", lambda self: None)  # asks the package's version
    eight, four = (quantization_config(kind, torch.device("cuda")) for kind in ("int8", "nf4"))
    assert (eight.load_in_8bit, eight.load_in_4bit) == (True, False)
    assert (four.load_in_8bit, four.load_in_4bit) == (False, True)
    assert (four.bnb_4bit_quant_type, four.bnb_4bit_compute_dtype) == ("nf4", torch.bfloat16)


def packed_in_fp8(weights: Weights) -> tuple[Weights, Weights]:
    """Weights as published FP8 checkpoints hold them, the rest in bfloat16; and the float32 weights they stand for."""
    packed, plain = dict[str, torch.Tensor](), dict[str, torch.Tensor]()
    for name, weight in weights.items():
        if "proj" not in name:
            packed[name] = weight.bfloat16()
            plain[name] = packed[name].float()
            continue
        rows, columns = (size // SIDE for size in weight.shape)
        blocks = weight.view(rows, SIDE, columns, SIDE)
        scale = blocks.abs().amax(dim=(1, 3)) / 448
        small = (blocks / scale[:, None, :, None]).to(torch.float8_e4m3fn)
        packed[name], packed[f"{name}_scale_inv"] = small.view(weight.shape), scale
        plain[name] = (small.float() * scale[:, None, :, None]).view(weight.shape)
    return packed, plain


def packed_in_mxfp4(weights: Weights) -> tuple[Weights, Weights]:
    """Experts of random blocks of 32 numbers of 4 bits with one exponent, and the float32 weights they stand for."""
    half = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    values, draw = torch.cat([half, -half]), torch.Generator().manual_seed(0)
    packed, plain = dict(weights), dict(weights)
    for name, weight in weights.items():
        if name.endswith(("gate_up_proj", "down_proj")):
            experts, inputs, outputs = weight.shape
            blocks = torch.randint(0, 256, (experts, outputs, inputs // 32, 16), generator=draw, dtype=torch.uint8)
            exponents = torch.randint(120, 124, blocks.shape[:3], generator=draw, dtype=torch.uint8)
            numbers = values[torch.stack([blocks & 15, blocks >> 4], dim=-1).long()].flatten(-2)
            numbers *= torch.exp2(exponents.float() - 127)[..., None]
            del packed[name]
            packed |= {f"{name}_blocks": blocks, f"{name}_scales": exponents}
            plain[name] = numbers.view(experts, outputs, inputs).transpose(1, 2).contiguous()
    return packed, plain


KINDS: dict[str, tuple[str, dict[str, Any], dict[str, int], Callable[[Weights], tuple[Weights, Weights]]]] = {
    "fp8": ("llama", FP8, {}, packed_in_fp8),
    "mxfp4": ("gpt_oss", MXFP4, {"hidden_size": 64, "intermediate_size": 64}, packed_in_mxfp4),
}


@pytest.fixture
def packed(tiny_model: Path, tmp_path: Path) -> Callable[..., tuple[Path, Any]]:
    """A tiny checkpoint with packed weights, and the model that it stands for."""

    def packed(kind: str, without: Collection[str] = (), method: dict[str, Any] | None = None) -> tuple[Path, Any]:
        architecture, given, sizes, pack = KINDS[kind]
        model = random_model(configuration(architecture, **sizes))
        model.save_pretrained(tmp_path)
        AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
        file, config = tmp_path / "model.safetensors", json.loads((tmp_path / "config.json").read_text())
        (tmp_path / "config.json").write_text(json.dumps(config | {"quantization_config": method or given}))
        small, plain = pack(load_file(file))
        model.load_state_dict(plain, strict=False)
        save_file({name: part for name, part in small.items() if name not in without}, file, {"format": "pt"})
        return tmp_path, model

    return packed


def log_probs(model: Any) -> list[float]:
    """Of the last three tokens, from the model itself."""
    with torch.inference_mode():
        rows = model(input_ids=torch.tensor([IDS[:-1]])).logits[0].log_softmax(dim=-1)
    return [float(rows[place, IDS[place + 1]]) for place in (3, 4, 5)]


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "within"), [("float32", 1e-5), ("bfloat16", 0.15)])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_weights_are_the_numbers_that_they_stand_for(
    kind: str, dtype: Any, within: float, packed: Callable[..., tuple[Path, Any]]
) -> None:
    folder, model = packed(kind)
    engine: Any = load(str(folder), device="cpu", dtype=dtype)
    assert (engine.record.quantization, engine.record.remarks) == (kind, [])
    assert {str(part.dtype) for part in engine.model.parameters()} == {f"torch.{dtype}"}
    (found,) = engine.score([ScoreRequest(IDS[:-3], IDS[-3:])])
    assert found.log_probs == pytest.approx(log_probs(model), abs=within)


@pytest.mark.parametrize(
    ("kind", "without", "says"),
    [
        ("fp8", "model.layers.1.self_attn.q_proj.weight_scale_inv", "q_proj.weight is packed, and its scale is not in"),
        (
            "fp8",
            "model.layers.1.self_attn.q_proj.weight",
            r"1 weight\(s\) of the model are not in the files, first .*q_proj",
        ),
        ("mxfp4", "model.layers.1.mlp.experts.down_proj_scales", "layers.1.mlp.experts.down_proj cannot be assembled"),
        ("mxfp4", "model.layers.1.mlp.experts.down_proj_blocks", "layers.1.mlp.experts.down_proj cannot be assembled"),
    ],
)
def test_half_of_a_packed_weight_is_refused(
    kind: str, without: str, says: str, packed: Callable[..., tuple[Path, Any]]
) -> None:
    folder, _ = packed(kind, [without])
    with pytest.raises(CheckpointError, match=says) as caught:
        load(str(folder), device="cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("fp8", "its weights are packed and 14 scale.s. are not applied, first .*down_proj.weight_scale_inv"),
        (
            "mxfp4",
            "4 weight.s. of the model are not in the files, first .*; 8 others do not belong to it, first .*_blocks",
        ),
    ],
)
def test_packed_weights_are_not_read_as_plain_ones(
    kind: str, says: str, packed: Callable[..., tuple[Path, Any]]
) -> None:
    """A copy that lost its quantization_config: transformers would take 8 bits without their scale for weights."""
    folder, _ = packed(kind)
    config = json.loads((folder / "config.json").read_text())
    del config["quantization_config"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(CheckpointError, match=says):
        load(str(folder), device="cpu")


@pytest.mark.parametrize("method", ["modelopt", "of tomorrow"])
def test_a_method_that_would_be_ignored_is_refused(method: str, packed: Callable[..., tuple[Path, Any]]) -> None:
    folder, _ = packed("fp8", method={"quant_method": method, "quant_algo": "FP8"})
    with pytest.raises(CheckpointError, match=rf"packed \({method}\), which transformers [0-9.]+ does not know: use"):
        load(str(folder), device="cpu")


def test_where_eight_bits_stay_packed_a_missing_scale_is_missing(
    packed: Callable[..., tuple[Path, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: layers of their own keep weight and scale."""
    monkeypatch.setattr(FineGrainedFP8HfQuantizer, "validate_environment", lambda *_, **__: None)
    folder, _ = packed("fp8")
    options = {"dtype": torch.float32, "use_safetensors": True}
    model, remarks = load_weights(AutoModelForCausalLM, folder, options)
    assert type(model.model.layers[0].mlp.up_proj).__name__ == "FP8Linear"
    assert {part.dtype for part in model.parameters()} == {torch.float8_e4m3fn, torch.float32}
    assert remarks == []
    folder, _ = packed("fp8", ["model.layers.1.self_attn.q_proj.weight_scale_inv"])
    with pytest.raises(
        CheckpointError, match=r"1 weight\(s\) .* first model.layers.1.self_attn.q_proj.weight_scale_inv"
    ):
        load_weights(AutoModelForCausalLM, folder, options)


@pytest.mark.parametrize(
    ("method", "needs"),
    [
        ({"quant_method": "gptq", "bits": 4}, "optimum and gptqmodel: pip install optimum gptqmodel"),
        ({"quant_method": "awq", "bits": 4}, "gptqmodel and accelerate: pip install gptqmodel accelerate"),
        ({"quant_method": "compressed-tensors"}, "compressed-tensors: pip install compressed-tensors"),
        ({"load_in_4bit": True}, "bitsandbytes and accelerate: pip install bitsandbytes accelerate"),
        ({"quant_method": "fp8"}, "accelerate: pip install accelerate"),
    ],
)
def test_all_missing_packages_are_named_at_once(
    method: dict[str, Any], needs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(CheckpointError, match=needs) as caught:
        check_packed(tmp_path, {"quantization_config": method}, torch.device("cuda"))
    assert str(caught.value).startswith(f"{tmp_path}: its weights are packed (")


def test_what_can_be_read_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: SimpleNamespace())
    for config in ({}, {"quantization_config": None}, {"quantization_config": {"quant_method": "gptq"}}):
        check_packed(tmp_path, config, CPU)
    check_packed(tmp_path, {"quantization_config": {"quant_method": "fbgemm_fp8"}}, torch.device("cuda"))
    with pytest.raises(CheckpointError, match=r"packed \(fbgemm_fp8\), which needs a CUDA device"):
        check_packed(tmp_path, {"quantization_config": {"quant_method": "fbgemm_fp8"}}, CPU)
    with pytest.raises(CheckpointError, match=r"config.json: quantization_config has no quant_method"):
        check_packed(tmp_path, {"quantization_config": {"bits": 4}}, CPU)


def test_scales_of_layers_that_the_model_does_not_have_are_no_fault(tmp_path: Path) -> None:
    """DeepSeek's files hold a layer more, for drafting; scales of a cache multiply no weight."""
    check_scales(
        ["layers.61.up.weight", "layers.61.up.weight_scale_inv", "layers.0.k_scale", "a.input_scale"], tmp_path
    )
    check_scales(["mtp.up.weight_packed", "mtp.up.weight_scale", "mtp.up.weight_shape"], tmp_path)
    for name in ("up.weight_scale", "up.weight_scale_2", "up.SCB", "weight_scale_inv"):
        with pytest.raises(CheckpointError, match=rf"packed and 1 scale\(s\) are not applied, first {name}: copy"):
            check_scales([name, "other.weight"], tmp_path)


def test_what_a_model_keeps_in_float32_stays(tmp_path: Path) -> None:
    model: Any = nn.ModuleDict({"gate": nn.Linear(2, 2), "up": nn.Linear(2, 2)}).requires_grad_(False)
    model._keep_in_fp32_modules = ["gate"]
    finish_unpacking(model, torch.bfloat16, tmp_path)
    assert {name: part.dtype for name, part in model.named_parameters() if name.endswith("weight")} == {
        "gate.weight": torch.float32,
        "up.weight": torch.bfloat16,
    }
