"""Failures of an engine in the middle of a call."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.core.errors import RAISED_BY_OTHERS, AuditError, DeviceLost, EngineFault
from audit.core.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)


class Guard:
    """Turns anything that an engine raises into an error that costs one task, and remembers one that has ended.

    The error says what happened. What to do depends on the command that was called, which says it.

    Args:
        called: What computes, in words.
        ended: What is no longer there after an error, as the beginning of a sentence; None where the next call may
            succeed.
    """

    def __init__(self, called: str, ended: Callable[[BaseException], str | None]) -> None:
        self._called = called
        self._ended = ended
        self._lost: str | None = None

    def close(self, reason: str) -> None:
        """Let no further call through."""
        self._lost = reason

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Guard a call.

        Raises:
            EngineFault: It failed.
            DeviceLost: Nothing is answered any more, now or since an earlier call.
        """
        if self._lost is not None:
            raise DeviceLost(self._lost)
        try:
            yield
        except (AuditError, GeneratorExit):  # the latter where the call is a generator that its caller closes
            raise
        except RAISED_BY_OTHERS as error:
            logger.debug("%s failed", self._called, exc_info=True)
            reason = first_line(error)  # CUDA's messages continue with advice to programmers
            ended = self._ended(error)
            if ended is None:
                msg = f"{self._called} failed on a request ({reason})"
                raise EngineFault(msg) from error
            msg = f"{ended} ({reason})"
            self.close(msg)
            raise DeviceLost(msg) from error
