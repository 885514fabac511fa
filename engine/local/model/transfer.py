"""Numbers between the host and a GPU: few, large copies, and none that the host has to wait for.

A copy from ordinary memory makes the host wait until the GPU has done all that was asked before. Copies here go through
pinned memory; on a CPU nothing is copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray


def on_device(device: torch.device, *arrays: NDArray[Any]) -> list[torch.Tensor]:
    """Arrays of whole numbers or flags as int64 tensors on a device, all of them in one copy.

    Args:
        device: CPU or GPU.
        arrays: Of any shape.
    """
    flat = torch.from_numpy(np.concatenate([array.ravel().astype(np.int64, copy=False) for array in arrays]))
    if device.type != "cpu":
        flat = (flat.pin_memory() if device.type == "cuda" else flat).to(device, non_blocking=True)
    parts = torch.split(flat, [array.size for array in arrays])
    return [part.view(array.shape) for part, array in zip(parts, arrays, strict=True)]


@dataclass(frozen=True)
class Fetched:
    """Numbers on their way from a device to the host."""

    copy: torch.Tensor
    arrived: torch.cuda.Event | None

    @classmethod
    def of(cls, values: torch.Tensor) -> Fetched:
        """Start to fetch ``values``."""
        if values.device.type != "cuda":
            return cls(values, None)
        copy = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
        copy.copy_(values, non_blocking=True)
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrived.record(torch.cuda.current_stream(values.device))
        return cls(copy, arrived)

    def numpy(self) -> NDArray[np.float64]:
        """The numbers, once they are there."""
        if self.arrived is not None:
            self.arrived.synchronize()
        found: NDArray[np.float64] = self.copy.double().numpy()
        return found
