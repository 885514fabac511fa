"""Where weights are put while loading, seen in what transformers is asked for: there may be no GPU here."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from audit.engine import load
from audit.engine.checkpoint.device import placement
from tests.engine.checkpoints import edit_json

if TYPE_CHECKING:
    from pathlib import Path


class Asked(Exception):  # noqa: N818 - ends a call once it is seen
    """What ``from_pretrained`` was asked for."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("asked")
        self.options = options


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two cards and bitsandbytes are there, and loading ends with what was asked for."""

    def ask(*_: object, **options: Any) -> None:
        raise Asked(options)

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setitem(sys.modules, "bitsandbytes", ModuleType("bitsandbytes"))
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", ask)


def options_of(folder: Path, **options: Any) -> dict[str, Any]:
    with pytest.raises(Exception, match="asked") as caught:
        load(str(folder), **options)
    cause = caught.value.__cause__
    assert isinstance(cause, Asked)
    return cause.options


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("device", ["cuda:1", "cuda:0", "cuda"])
@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_quantised_weights_go_to_the_card_that_was_named(tiny_model: Path, device: str, quantization: Any) -> None:
    options = options_of(tiny_model, device=device, quantization=quantization)
    assert options["device_map"] == {"": torch.device("cuda:1" if device == "cuda:1" else "cuda:0")}
    config = options["quantization_config"]
    assert isinstance(config, BitsAndBytesConfig)
    assert (config.load_in_4bit, config.load_in_8bit) == (quantization == "nf4", quantization == "int8")


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("device", ["cuda:1", "cpu"])
def test_packed_weights_go_to_the_device_that_was_named(tiny_model: Path, tmp_path: Path, device: str) -> None:
    folder = tmp_path / "packed"
    shutil.copytree(tiny_model, folder)
    edit_json(folder / "config.json", quantization_config={"quant_method": "fp8"})
    assert options_of(folder, device=device)["device_map"] == {"": torch.device(device)}


@pytest.mark.usefixtures("asked")
def test_plain_weights_go_straight_to_a_card_and_a_device_map_stays(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert options_of(tiny_model, device="cuda:1")["device_map"] == {"": torch.device("cuda:1")}
    assert options_of(tiny_model, device="cpu")["device_map"] is None
    assert options_of(tiny_model, device_map="balanced", quantization="nf4")["device_map"] == "balanced"
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "accelerate" else found(name))
    assert options_of(tiny_model, device="cuda:1")["device_map"] is None


def test_without_a_card_packed_weights_need_no_map() -> None:
    if not torch.cuda.is_available():
        assert placement(torch.device("cpu")) is None
