"""One method may fail without spoiling the others: its error becomes a record, here and nowhere else."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from audit.core.errors import (
    RAISED_BY_OTHERS,
    AuditError,
    DeviceLost,
    ScorerError,
    TaskUnavailable,
    UsageError,
    WhiteBoxUnavailable,
)
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one method or search has no result while others may have one."""

    error: AuditError
    """What it raised."""

    @property
    def reason(self) -> str:
        """The error in one line."""
        return str(self.error)


def attempt(work: Callable[..., T], *given: object) -> T | Failed:
    """What ``work`` returns, or why it failed.

    A method that breaks, for want of memory say, has given no answer: that is a failure like any other.

    Args:
        work: What is called.
        given: Its arguments.

    Raises:
        DeviceLost: Nothing else can be computed either.
        AuditError: An error that concerns more than this work.
    """
    try:
        return work(*given)
    except DeviceLost:
        raise
    except (TaskUnavailable, ScorerError, UsageError, WhiteBoxUnavailable) as error:
        return Failed(error)
    except AuditError:
        raise
    except RAISED_BY_OTHERS as error:
        logger.debug("a method broke", exc_info=True)
        return Failed(ScorerError(f"the method broke: {type(error).__name__}: {printable(str(error), 200)}"))
