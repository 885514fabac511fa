"""How much fits into memory; and when it runs out all the same: half the work, then half of that, then say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import psutil
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

OUT_OF_MEMORY = "out of memory even for one request: use a shorter --max-length, a smaller --dtype or more memory"
PHRASES = ("out of memory", "can't allocate memory", "not enough memory")


FILLED = 0.35
"""The share of free memory that may be planned for. Two things are: what is alive in a layer, and copies of trunks."""


def fitting(wanted: int, bytes_each: float, device: torch.device, least: int = 1) -> int:
    """How many of ``wanted`` things of this size fit into the free memory of a device, ``least`` at least."""
    if device.type == "cuda":  # torch keeps blocks that it has freed: they are free for us, not for the driver
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        free = torch.cuda.mem_get_info(device)[0] + kept
    else:
        free = int(psutil.virtual_memory().available)
    return max(least, min(wanted, int(FILLED * free / max(bytes_each, 1.0))))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on GPU or CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error) for phrase in PHRASES)


def halve_when_full(
    items: Sequence[Item],
    compute: Callable[[Sequence[Item]], list[Result]],
    give_up: Callable[[Item], Result],
    say: Callable[[str], None],
) -> list[Result]:
    """Results of ``compute(items)``; on out of memory, of both halves, down to single items.

    Args:
        items: What to compute; at least one.
        compute: Computes results, one per item.
        give_up: The result of a single item that memory is too small for.
        say: Told what happens, a line each.
    """
    try:
        return compute(items)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(items) == 1:
        return [give_up(items[0])]
    half = len(items) // 2
    say(f"out of memory with {len(items)} requests in a batch: going on with {half}")
    return [
        *halve_when_full(items[:half], compute, give_up, say),
        *halve_when_full(items[half:], compute, give_up, say),
    ]
