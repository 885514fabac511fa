"""Where a checkpoint runs, and in which floating-point type."""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

import torch

from audit.core.errors import CheckpointError

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
DeviceMap = Literal["auto", "balanced", "sequential"]


def choose_device(device: str) -> torch.device:
    """The device to run on.

    Raises:
        CheckpointError: It is not there.
    """
    if device == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        place = torch.device(device)
    except RuntimeError:
        msg = f"--device {device}: unknown device: use auto, cpu, cuda or cuda:N"
        raise CheckpointError(msg) from None
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        msg = f"--device {device}: torch sees {count} CUDA device(s): use cpu, or install torch with CUDA"
        raise CheckpointError(msg)
    if place.type not in {"cpu", "cuda"}:
        msg = f"--device {device}: only cpu and cuda are supported"
        raise CheckpointError(msg)
    return torch.device("cuda:0") if device == "cuda" else place


def choose_dtype(dtype: Dtype, device: torch.device) -> torch.dtype:
    """The floating-point type to run in."""
    if dtype == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    chosen: torch.dtype = getattr(torch, dtype)
    return chosen


def placement(device: torch.device) -> dict[str, torch.device] | None:
    """Device map of a checkpoint whose weights are packed: they are placed while loading.

    Without one transformers takes the first card, whichever was asked for. Where there is no card it needs none, and
    some kinds of packed weights refuse one that names the CPU.
    """
    return {"": device} if device.type == "cuda" or torch.cuda.is_available() else None


def describe_device(device: torch.device) -> str:
    """``cpu``, or the GPU with its name."""
    return f"{device} {torch.cuda.get_device_name(device)}" if device.type == "cuda" else "cpu"


def describe_devices(model: Any, device: torch.device) -> str:  # noqa: ANN401 - see above
    """The device, or all devices that the layers of a model are spread over."""
    spread = dict.fromkeys(getattr(model, "hf_device_map", {}).values())
    places = [torch.device("cuda", place) if isinstance(place, int) else place for place in spread]
    return ", ".join(
        "disk" if place == "disk" else describe_device(torch.device(place)) for place in places or [device]
    )


def check_device_map(device: str, device_map: DeviceMap) -> None:
    """Refuse options that conflict with a device map.

    Raises:
        CheckpointError: A device is named too, or accelerate is missing.
    """
    if device != "auto":
        msg = f"--device-map {device_map} chooses the devices itself: leave out --device {device}"
        raise CheckpointError(msg)
    if importlib.util.find_spec("accelerate") is None:
        msg = f"--device-map {device_map} needs the package accelerate: pip install 'checkpoint-audit[accelerate]'"
        raise CheckpointError(msg)
