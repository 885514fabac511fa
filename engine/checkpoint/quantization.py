"""Quantising a checkpoint while it is loaded, with bitsandbytes."""

from __future__ import annotations

from typing import Any, Literal

import torch
from transformers import BitsAndBytesConfig

from audit.core.errors import CheckpointError

Quantization = Literal["int8", "nf4"]


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
