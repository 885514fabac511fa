"""Quantised weights: made while a checkpoint is loaded, with bitsandbytes, or in its files (FP8, GPTQ, AWQ and others).

transformers reads packed weights. What it needs for them is looked for first, and what it leaves half done is refused:
a method that it does not know it ignores, so that packed numbers would be read as weights.
"""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Any, Literal

import torch
import transformers
from transformers import BitsAndBytesConfig
from transformers.quantizers.auto import AutoHfQuantizer

from audit.core.errors import CheckpointError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Quantization = Literal["int8", "nf4"]
PACKAGES = {
    "awq": ("gptqmodel", "accelerate"),
    "bitsandbytes": ("bitsandbytes", "accelerate"),
    "compressed-tensors": ("compressed-tensors",),
    "fbgemm_fp8": ("accelerate",),
    "fp8": ("accelerate",),
    "gptq": ("optimum", "gptqmodel"),
    "hqq": ("hqq",),
    "mxfp4": ("accelerate",),
    "mxfp8": ("accelerate",),
    "torchao": ("torchao",),
}
"""What transformers 5.23 needs to read packed weights, by method; of others its own message says so."""
CARD_ONLY = {"fbgemm_fp8", "higgs", "spqr"}
"""Methods without code for a CPU."""
SCALE = re.compile(r"^(?P<module>(?:.*\.)?)(?:weight_scale(?:_inv|_2)?|SCB)$")
"""What packed weights are multiplied by: FP8, compressed-tensors, ModelOpt; LLM.int8()."""
WEIGHTS = ("weight", "weight_packed")
"""What a scale belongs to: a module that has one of these in the files alone is not the model's."""
EIGHT_BITS = {torch.float8_e4m3fn, torch.float8_e5m2, torch.int8, torch.uint8}
WIDER = {torch.float32, torch.bfloat16, torch.float16}


def quantization_config(quantization: Quantization, device: torch.device) -> Any:  # noqa: ANN401 - untyped package
    """Configuration of bitsandbytes.

    Raises:
        CheckpointError: The package is missing, or the device is no GPU.
    """
    try:
        import bitsandbytes  # type: ignore[import-not-found,unused-ignore]  # noqa: F401, PLC0415 - optional
    except ImportError:
        msg = f"quantization {quantization} needs bitsandbytes: pip install bitsandbytes"
        raise CheckpointError(msg) from None
    if device.type != "cuda":
        msg = f"quantization {quantization} needs a CUDA device"
        raise CheckpointError(msg)
    if quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16)


def check_packed(folder: Path, config: Mapping[str, Any], device: torch.device) -> None:
    """Make sure, before weights are read, that packed ones can be.

    Args:
        folder: The checkpoint's.
        config: Its ``config.json``.
        device: Where it is to run.

    Raises:
        CheckpointError: The method has no name or is unknown, needs a GPU, or needs packages that are not installed.
    """
    packed = config.get("quantization_config")
    if not isinstance(packed, dict):
        return
    method = "bitsandbytes" if packed.get("load_in_4bit") or packed.get("load_in_8bit") else packed.get("quant_method")
    if not isinstance(method, str):
        msg = f"{folder}/config.json: quantization_config has no quant_method: copy the checkpoint's own config.json"
        raise CheckpointError(msg)
    if not AutoHfQuantizer.supports_quant_method(packed):
        msg = (
            f"{folder}: its weights are packed ({method}), which transformers {transformers.__version__} "
            "does not know: use a version that does, or the checkpoint in another format"
        )
        raise CheckpointError(msg)
    if method in CARD_ONLY and device.type != "cuda":
        msg = f"{folder}: its weights are packed ({method}), which needs a CUDA device: use the unpacked checkpoint"
        raise CheckpointError(msg)
    absent = [name for name in PACKAGES.get(method, ()) if importlib.util.find_spec(name.replace("-", "_")) is None]
    if absent:
        names = " ".join(absent)
        msg = f"{folder}: its weights are packed ({method}), which needs {' and '.join(absent)}: pip install {names}"
        raise CheckpointError(msg)


def check_scales(unexpected: Iterable[str], place: Path) -> None:
    """Refuse packed weights that were read as if they were plain.

    Args:
        unexpected: Names in the files that do not belong to the model.
        place: The folder or file that the weights came from.

    Raises:
        CheckpointError: The scale of a weight of the model is among them.
    """
    names = set(unexpected)
    scales = [match for name in sorted(names) if (match := SCALE.match(name))]
    lost = [match[0] for match in scales if not names & {match["module"] + name for name in WEIGHTS}]
    if lost:
        msg = (
            f"{place}: its weights are packed and {len(lost)} scale(s) are not applied, first {lost[0]}: "
            "copy the checkpoint's own config.json, whose quantization_config says how they are packed"
        )
        raise CheckpointError(msg)


def finish_unpacking(model: Any, dtype: torch.dtype, folder: Path) -> None:  # noqa: ANN401 - any model of transformers
    """One number type for weights that were unpacked while they were loaded.

    transformers unpacks FP8 and MXFP4 where there is no GPU for them; what was not packed keeps the type that it has in
    the files, which then meets another one.

    Args:
        model: As transformers loaded it.
        dtype: That the checkpoint is to run in.
        folder: The checkpoint's.

    Raises:
        CheckpointError: A weight is still packed: its scale is not in the files.
    """
    if getattr(model, "hf_quantizer", None) is not None:  # packed for good
        return
    kept = {*(getattr(model, "_keep_in_fp32_modules", None) or ())}
    kept |= {*(getattr(model, "_keep_in_fp32_modules_strict", None) or ())}
    for name, weight in model.named_parameters():
        if weight.dtype in EIGHT_BITS:
            msg = f"{folder}: {name} is packed, and its scale is not in the files: copy the checkpoint again"
            raise CheckpointError(msg)
        if weight.dtype in WIDER and not (kept & {*name.split(".")} and weight.dtype == torch.float32):
            weight.data = weight.data.to(dtype)
