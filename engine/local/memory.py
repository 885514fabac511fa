"""How much fits into memory, and what happens when it still runs out."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, TypeVar

import psutil
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

OUT_OF_MEMORY = "out of memory even for one request: use a shorter --max-length, a smaller --dtype or more memory"
PHRASES = (
    "out of memory",  # CUDA, HIP, MPS, XPU; CUDA_ERROR_OUT_OF_MEMORY
    "out of host memory",
    "out of device memory",
    "can't allocate memory",  # torch's CPU allocator
    "cannot allocate memory",  # the system's own words (ENOMEM)
    "not enough memory",
    "failed to allocate",
    "unable to allocate",  # NumPy
    "alloc failed",  # CUBLAS_STATUS_ALLOC_FAILED and those of cuDNN, cuSPARSE, cuSOLVER, hipBLAS
    "allocation failed",
    "miopenstatusallocfailed",
    "rocblas status memory error",
    "bad alloc",  # std::bad_alloc
    "bad allocation",
    "invalid buffer size",  # MPS: a tensor larger than a buffer may be
)
"""Parts of the messages with which libraries report it, in lower case and with spaces for underscores."""

KINDS = (MemoryError, RuntimeError, OSError)
"""Types of exceptions that may report it; torch's own are runtime errors."""
FILLED = 0.35
"""Share of free memory for each of two uses: activations of one layer, and copies of shared prefixes."""
KEPT = 0.1
"""Share of free memory for trunks that are kept between passes."""
CACHED_PER_TOKEN = 16
"""Cached positions that a pass may copy per token."""
LEAST_TOKENS = 64
CHANGE = 0.125
"""Relative change of what fits below which a plan stays as it is: what a call leaves behind is no other model."""
PATIENCE = 4
"""Successful passes in a row before twice as much is tried again; doubled after each failure."""


def free_memory(devices: Sequence[torch.device]) -> int:
    """Bytes that may be taken on each of these devices: those of the fullest one."""
    return min(map(_free_on, devices))


def _free_on(device: torch.device) -> int:
    """Bytes that may be taken on a device."""
    if device.type != "cuda":
        return int(psutil.virtual_memory().available)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(torch.cuda.mem_get_info(device)[0] + kept)  # blocks that torch has freed are free for us


def fitting(wanted: int, bytes_each: float, free: int, least: int = 1) -> int:
    """How many of ``wanted`` things of this size fit into a use's share of free memory; at least ``least``."""
    return max(least, min(wanted, int(FILLED * free / max(bytes_each, 1.0))))


class MemoryRoom:
    """How much of a pass fits into the free memory of a model's devices, and how much may be kept between passes.

    Another model that is loaded afterwards (a scorer of toxicity, a second checkpoint) takes memory that was free, and
    gives it back when it goes. So a GPU is asked again before each call. A CPU is asked once: what is planned there
    follows from the requests alone, so that shards divide no pass.

    Args:
        devices: Of the model's layers.
        wanted: Input tokens of a pass, at most.
        live_bytes: Memory that one token takes while it passes through a layer.
        position_bytes: Memory that the keys and values of one position take.
        most_kept: Bytes of kept trunks, at most.
        fixed: Whether ``wanted`` is what the user asked for, whatever is free.

    Attributes:
        tokens: Input tokens of a pass.
        cached: Cached positions that a pass may copy.
        kept_bytes: For trunks that are kept between passes.
    """

    def __init__(
        self,
        devices: Sequence[torch.device],
        wanted: int,
        live_bytes: float,
        position_bytes: float,
        most_kept: int,
        *,
        fixed: bool = False,
    ) -> None:
        self.devices = devices
        self._wanted, self._most_kept, self._fixed = wanted, most_kept, fixed
        self._live_bytes, self._position_bytes = live_bytes, position_bytes
        self.tokens, self.cached, self.kept_bytes = self._fitting(free_memory(devices))

    def ask(self, kept: int) -> bool:
        """Ask a GPU for its free memory again; whether what fits has changed.

        Args:
            kept: Bytes of trunks that are kept now; they are dropped where memory is short.
        """
        if any(device.type != "cuda" for device in self.devices):
            return False
        before = self.tokens, self.cached, self.kept_bytes
        now = self._fitting(free_memory(self.devices) + kept // len(self.devices))
        if all(abs(new - old) <= CHANGE * old for new, old in zip(now, before, strict=True)):
            return False
        self.tokens, self.cached, self.kept_bytes = now
        return True

    def _fitting(self, free: int) -> tuple[int, int, int]:
        """Tokens, cached positions and bytes of kept trunks for so much free memory."""
        tokens = self._wanted if self._fixed else fitting(self._wanted, self._live_bytes, free, LEAST_TOKENS)
        cached = fitting(CACHED_PER_TOKEN * tokens, self._position_bytes, free, tokens)
        return tokens, cached, min(self._most_kept, int(KEPT * free))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception reports that memory ran out, on GPU or CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    message = str(error).lower().replace("_", " ")
    return isinstance(error, RuntimeError) and any(phrase in message for phrase in PHRASES)


def give_back() -> None:
    """Return freed blocks that torch caches to the driver, so that parts of them can serve larger ones."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


class Allowance:
    """How much is tried at a time: less after memory ran out, twice as much again after a while without failures.

    Memory may run out for a moment only, because another process took it. A single attempt that fails although much
    more is allowed therefore changes nothing; a second one soon after it does.

    Args:
        most: Maximum, used until memory runs out.
        patience: Attempts in a row that must succeed before twice as much is tried again.

    Attributes:
        now: How much may be tried.
    """

    def __init__(self, most: int, patience: int = PATIENCE) -> None:
        self.most = self.now = most
        self._patience = patience
        self._good = 0
        self._warned = False

    def allow(self, most: int) -> None:
        """Another maximum: what is tried follows it, unless less was found to fit."""
        self.now = most if self.now == self.most else min(self.now, most)
        self.most = most

    def worked(self) -> None:
        """An attempt succeeded."""
        self._good += 1
        if self._good >= self._patience:
            self._good, self._warned = 0, False
            self.now = min(self.most, 2 * self.now)

    def failed(self, size: int) -> None:
        """An attempt of this size failed."""
        self._good = 0
        if self._warned or 2 * size >= self.now:
            self.now = max(1, min(self.now, size // 2))
            self._patience *= 2
        self._warned = True


def halve_when_full(
    items: Sequence[Item],
    compute: Callable[[Sequence[Item]], list[Result]],
    give_up: Callable[[Item], Result],
    make_room: Callable[[], object],
    say: Callable[[str], None],
) -> list[Result]:
    """Results of ``compute(items)``; when out of memory, try again, then in halves down to single items.

    Args:
        items: What to compute; at least one.
        compute: Computes results, one per item.
        give_up: The result of a single item that memory is too small for.
        make_room: Drops what is kept in memory, before the second attempt.
        say: Receives one line for each thing that happens.
    """
    for _ in range(2):
        try:
            return compute(items)
        except KINDS as error:
            if not is_out_of_memory(error):
                raise
        make_room()  # outside the handler, whose traceback holds what filled the memory
        give_back()
    if len(items) == 1:
        return [give_up(items[0])]
    half = len(items) // 2
    say(f"out of memory with {len(items)} requests in a batch: continuing with {half}")
    return [
        *halve_when_full(items[:half], compute, give_up, make_room, say),
        *halve_when_full(items[half:], compute, give_up, make_room, say),
    ]
