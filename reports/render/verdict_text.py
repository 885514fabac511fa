"""The verdict of a decision in one line, for terminal, card and summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ExitCode
from audit.gate.decide import exit_code, verdict_line

if TYPE_CHECKING:
    from audit.core.records import Decision


def verdict_text(decision: Decision) -> str:
    """How many checks pass and fail, and why an INCONCLUSIVE verdict has the exit code of an incomplete run.

    ``1 of 4 checks inconclusive, 3 pass; the run is incomplete (exit code 13)``
    """
    line = verdict_line(decision)
    if exit_code(decision) != ExitCode.INCOMPLETE:
        return line
    return f"{line}; the run is incomplete (exit code {ExitCode.INCOMPLETE:d})"
