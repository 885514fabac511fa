"""Python's garbage collector, paused where many records are made.

Each time that so many objects were added it looks at all of them for cycles. Records hold none: reading 100,000 samples
took three times as long.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class _Pauses:
    """The pauses that are going on; threads of the app overlap, and the last one to end turns the collector on."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0
    was_on: bool = False

    def begin(self) -> None:
        with self.lock:
            if self.count == 0:
                self.was_on = gc.isenabled()
                gc.disable()
            self.count += 1

    def end(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count == 0 and self.was_on:
                gc.enable()


_PAUSES = _Pauses()


@contextmanager
def paused() -> Iterator[None]:
    """No collection meanwhile, in any thread; as a decorator: while the function runs. Reference counts go on."""
    _PAUSES.begin()
    try:
        yield
    finally:
        _PAUSES.end()
