"""The policy that was registered before a run: rules that are picked when the numbers are known decide nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import GateCheck, RegisteredPolicy

if TYPE_CHECKING:
    from datetime import datetime

    from audit.core.records import RunManifest, Verdict
    from audit.gate.policy import PolicyFile

REGISTERED_CHECK = "policy/registered"
"""Name of the check on the policy itself."""


def register(policy: PolicyFile, time: datetime) -> RegisteredPolicy:
    """A policy as the manifest of a run names it.

    Args:
        policy: The file.
        time: When it was read: before anything is measured.
    """
    return RegisteredPolicy(name=policy.name, sha256=policy.sha256, registered=time)


def registered_checks(manifest: RunManifest, name: str, sha256: str) -> list[GateCheck]:
    """The check on the policy of a decision; none where the run has no registered one.

    Args:
        manifest: Of the run.
        name: File name of the policy that it is judged under.
        sha256: Digest of that policy.
    """
    before = manifest.policy
    if before is None:
        return []
    when = f"{before.registered:%Y-%m-%d %H:%M:%S} UTC"
    verdict: Verdict = "PASS"
    reason = f"registered when the run began, {when}"
    if before.sha256 != sha256:
        verdict = "INCONCLUSIVE"
        digests = f"digest {before.sha256[:16]}, and this is {name}, {sha256[:16]}"
        reason = f"the policy registered when the run began, {when}, is {before.name}, {digests}: judge under that one"
    nothing = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return [
        GateCheck(metric=REGISTERED_CHECK, rule="registered before the run", verdict=verdict, reason=reason, **nothing)
    ]
