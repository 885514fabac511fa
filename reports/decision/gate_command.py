"""The command that judges a run again as its verdict was reached, with waivers."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from audit.gate.binding.kept_policy import path_in
from audit.gate.rules.again import folder_of

if TYPE_CHECKING:
    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder


def gate_command(run: RunFolder, decision: Decision | None, waivers: str | None = None) -> str:
    """``audit gate RUN --policy POLICY --baseline RUN --waivers FILE``.

    Args:
        run: The run.
        decision: Its verdict, whose policy is kept next to it or known by its name; null takes the default policy.
        waivers: A file of waivers; null for none.
    """
    parts = [f"audit gate {quote(str(run.path))}"]
    if decision is not None:
        kept = path_in(run)
        parts.append(f"--policy {quote(str(kept) if kept.is_file() else decision.policy)}")
        if decision.baseline is not None:
            folder = folder_of(run, decision, None)
            parts.append(f"--baseline {quote(str(folder.path) if folder else decision.baseline.run_id)}")
    return " ".join([*parts, *([f"--waivers {quote(waivers)}"] if waivers else [])])
