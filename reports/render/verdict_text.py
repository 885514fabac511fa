"""The verdict of a decision in one line, for terminal, card and summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ExitCode
from audit.gate.decide import RUN_CHECK, exit_code, verdict_line

if TYPE_CHECKING:
    from audit.core.records import Decision


def verdict_text(decision: Decision) -> str:
    """How many checks pass and fail, and why a verdict has an exit code that its word does not give.

    ``1 of 4 checks inconclusive, 3 pass; the run is incomplete (exit code 13)``
    """
    line, code = verdict_line(decision), exit_code(decision)
    if code == ExitCode.WAIVER:
        return f"{line}; a waiver has no effect (exit code {code:d})"
    if code != ExitCode.INCOMPLETE:
        return line
    incomplete = any(check.metric == RUN_CHECK and check.verdict != "PASS" for check in decision.checks)
    over = "no rule fails, but the run is not within its budget"
    why = "the run is incomplete" if incomplete else over
    return f"{line}; {why} (exit code {code:d})"
