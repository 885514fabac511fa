"""The baseline of a verdict, and each rule's severity and owner, in words: for terminal, card, summary and app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.text import printable

if TYPE_CHECKING:
    from audit.core.records import Decision, GateCheck

UNKNOWN = "unknown"
"""What an imported run has where the log does not name the checkpoint."""


def rule_text(check: GateCheck) -> str:
    """The rule, with its severity where it only warns, and its owner."""
    notes = [
        *(["warning only"] if check.severity == "warn" else []),
        *([f"owner {check.owner}"] if check.owner else []),
    ]
    return f"{check.rule} ({', '.join(notes)})" if notes else check.rule


def baseline_lines(decision: Decision, remark: str | None = None) -> list[str]:
    """What the run was compared with, and in what else the two differ.

    Args:
        decision: The verdict.
        remark: What of the verdict could not be checked; None where all of it was.
    """
    other = decision.baseline
    if other is None:
        return [printable(remark, 400)] if remark else []
    known = [part for part in (other.model, other.dtype, other.quantization) if part and part != UNKNOWN]
    seen = "weights not seen" if other.by_name else f"digest {other.model_digest[:16]}"
    lines = [f"compared with the baseline {other.run_id} ({', '.join([*known, seen])})"]
    named = [one.words for one in decision.mismatches if one.kind != "package"]
    if named:
        lines.append(f"the runs differ in: {', '.join(dict.fromkeys(named))}")
    if decision.across:
        lines.append(f"tolerated by the policy: {', '.join(kind.replace('_', ' ') for kind in decision.across)}")
    return [printable(line, 400) for line in [*lines, *([remark] if remark else [])]]
