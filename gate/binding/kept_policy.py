"""The policy of a decision, kept next to it: whoever has the run folder can judge the run again.

The decision names it by its digest. Another policy, with its digest in the decision, is another decision: whether the
rules are the right ones shows only in a digest that was registered or published before the run.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core.errors import EvidenceInvalid
from audit.core.filesystem import write_bytes
from audit.gate.policy import load_policy, shipped_policy

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

NAME = "decision.policy.yaml"
"""The file, byte for byte the policy that was given."""


def path_in(run: RunFolder) -> Path:
    """Where the policy of a run's decision is kept."""
    return run.path / NAME


def keep(run: RunFolder, policy: PolicyFile) -> None:
    """Write the policy into the run folder.

    Raises:
        WriteError: It cannot be written.
    """
    write_bytes(path_in(run), policy.data)


def policy_of(run: RunFolder, decision: Decision) -> PolicyFile | None:
    """The policy of a decision: the one kept, else the shipped one with its digest; None where neither is at hand.

    Raises:
        ConfigError: The file cannot be read.
        EvidenceInvalid: It is another policy.
    """
    path = path_in(run)
    if not os.path.lexists(path):
        return shipped_policy(decision.policy_sha256)
    found = load_policy(path)
    if found.sha256 != decision.policy_sha256:
        msg = f"it is not the policy of the decision, {decision.policy}, digest {decision.policy_sha256[:16]}"
        raise EvidenceInvalid(msg, path)
    return replace(found, name=decision.policy)
