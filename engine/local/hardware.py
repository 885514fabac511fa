"""What the processor and the GPUs of this machine support."""

from __future__ import annotations

import ctypes
import os
import platform
from dataclasses import dataclass
from typing import Any

import torch

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""glibc's ``malloc.h``."""
KEPT_BYTES = 512 * 2**20
MAPPED_BYTES = 32 * 2**20
"""glibc's largest: smaller blocks come from its heap, larger ones from the system."""
MALLOC_SETTINGS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


@dataclass(frozen=True)
class Card:
    """A CUDA device."""

    name: str
    """Name given by the driver."""
    memory_bytes: int
    """Total memory, used or not."""
    capability: str
    """Compute capability, e.g. ``9.0``."""


def cpu_name() -> str:
    """Name of the processor and the instructions torch's kernels use on it, e.g. ``Intel Xeon, AVX512``."""
    name = str(_capabilities().get("cpu_name") or platform.processor() or platform.machine())
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def cpu_kind() -> str:
    """Name and instructions of the processor: what decides which kernels libraries take, so which bits come out."""
    return f"{cpu_name()}: {' '.join(sorted(instructions()[1]))}"


def instructions() -> tuple[str, frozenset[str]]:
    """Name of the processor and its extensions as torch names them, e.g. ``avx512_f``; empty if torch cannot tell."""
    found = _capabilities()
    return str(found.get("cpu_name") or ""), frozenset(name for name, there in found.items() if there is True)


def bfloat16_units() -> list[str]:
    """This processor's instructions for bfloat16 products, e.g. ``amx_bf16``; none if torch cannot tell."""
    return sorted(name for name in instructions()[1] if "bf16" in name)


def cards() -> list[Card]:
    """CUDA devices that torch can use."""
    found = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        found.append(Card(properties.name, properties.total_memory, f"{properties.major}.{properties.minor}"))
    return found


def keep_freed_memory() -> bool:
    """Ask glibc to keep up to 512 MiB of freed memory for the next layer's tensors. Returns whether it agreed.

    By default it returns it to the system after each layer and requests it again, page by page. Nothing changes
    where the user has set malloc's variables, or where there is another C library.
    """
    if any(name in os.environ for name in MALLOC_SETTINGS):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES) and mallopt(M_TRIM_THRESHOLD, KEPT_BYTES))


def same_with_any_threads() -> None:
    """Ask MKL for products whose last bits do not depend on the number of threads.

    Without it, products of 5 or 7 rows (MKL 2024.2, EPYC) did. It must be asked before the first product of a process.
    Nothing changes where the user has set the variable. Source: oneMKL's developer guide, "Obtaining numerically
    reproducible results", strict mode.
    """
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")


def _capabilities() -> dict[str, Any]:
    """What torch reports about the processor; older versions report nothing."""
    ask = getattr(torch.cpu, "get_capabilities", None)
    return dict(ask()) if ask else {}
