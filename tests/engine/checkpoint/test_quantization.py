"""Quantising while loading: what bitsandbytes is asked for, and where it is refused."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.quantization import Quantization, quantization_config


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
