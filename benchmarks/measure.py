"""How ours and a peer are timed: same process, warm, alternating, medians; and what the machine could do."""

from __future__ import annotations

import gc
import importlib.metadata
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from audit.engine.hardware import cpu_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MATRIX_SECONDS = 1.0
MATRIX_SHAPE = {"cpu": (2048, 2048, 2048), "cuda": (8192, 8192, 8192)}
PACKAGES = ("torch", "transformers", "lm-eval")


@dataclass(frozen=True)
class Timing:
    """Seconds of both sides."""

    ours: list[float]
    peer: list[float]

    @property
    def ratio(self) -> float:
        """How many times faster ours is: the median of the pairwise ratios."""
        return statistics.median(peer / ours for ours, peer in zip(self.ours, self.peer, strict=True))


def alternate(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int) -> Timing:
    """Time both in turn; each has been run once before."""
    timing = Timing([], [])
    for _ in range(repeats):
        timing.ours.append(seconds(ours))
        timing.peer.append(seconds(peer))
    return timing


def seconds(work: Callable[[], Any]) -> float:
    """Wall-clock seconds of one call, the device's work included."""
    gc.collect()
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def best_batch(run: Callable[[int], Any], sizes: Sequence[int]) -> int:
    """The batch size with which the peer is fastest, each tried once after a warm-up."""
    run(sizes[0])
    return min(sizes, key=lambda size: seconds(lambda: run(size)))


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP per second of large matrix products."""
    rows, inner, columns = MATRIX_SHAPE[device.type]
    left = torch.randn(rows, inner, device=device, dtype=dtype)
    right = torch.randn(inner, columns, device=device, dtype=dtype)
    once = seconds(lambda: left @ right)
    count = max(3, int(MATRIX_SECONDS / max(once, 1e-6)))
    return 2.0 * rows * inner * columns / statistics.median(seconds(lambda: left @ right) for _ in range(count))


def setting(device: torch.device, dtype: torch.dtype) -> dict[str, str]:
    """Hardware and versions, for the table."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    versions = {package: importlib.metadata.version(package) for package in PACKAGES}
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "hardware": f"{name}, {torch.get_num_threads()} threads",
        "dtype": str(dtype).removeprefix("torch."),
        **versions,
    }


def markdown(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"
