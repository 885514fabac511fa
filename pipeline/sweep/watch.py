"""What a sweep waits for, and who hears how it goes on; without a library that loads models."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from audit.core.progress import Progress


class SweepListener(Protocol):
    """Hears how a sweep goes on."""

    def auditing(self, checkpoint: str, place: int, known: int) -> AbstractContextManager[Progress]:
        """The audit of a checkpoint begins: number ``place`` of those that are ``known``."""

    def say(self, line: str) -> None:
        """A line for people."""


@dataclass(frozen=True)
class Watch:
    """How long a sweep waits for checkpoints to come."""

    every: float = 30.0
    """Seconds between two looks."""
    idle: float | None = None
    """Seconds without a new checkpoint after which it ends; None waits until it is interrupted."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""
