"""Waivers that one person proposes and another one approves, as files next to the runs.

A proposal is a file of its own, and so is what became of it. Both are made once and never changed: a second approval
finds the file of the first one. The approval names the digest of the proposal, so that nothing else was approved than
was read. The gate reads neither: what is approved becomes a waiver in a file that somebody hands to it
(:func:`audit.gate.waivers.waiver_file.written`).
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from audit.core.config import validate
from audit.core.errors import ConfigError, UsageError
from audit.core.filesystem import make_folder, write_error
from audit.core.records import Waiver, digest_of
from audit.core.records.base import Record
from audit.core.records.files.json_file import plain, read_plain, to_json
from audit.core.records.waiver import Digest, Name  # noqa: TC001 - pydantic reads the annotations at run time
from audit.core.text_file import decode, read_bytes
from audit.gate.decide import POLICY_CHECK
from audit.gate.decisions import OWN_CHECKS
from audit.gate.measured import target
from audit.gate.waivers.judging import is_on_waiver
from audit.gate.waivers.people import mixes_alphabets, same_person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import Decision, GateCheck, Metric, RunManifest

FOLDER = "waiver-proposals"
"""In the folder of the runs."""
MOST_BYTES = 64 * 1024
"""Of a file."""
_FILE = re.compile(r"(W-[0-9a-f]{8})\.json")


class WaiverProposal(Record):
    """A waiver that nobody has approved yet."""

    waiver: dict[str, Any]
    """Its fields but for ``approver`` and ``granted``."""
    by: Name
    """Who proposes it."""
    at: datetime
    """When."""


class ProposalOutcome(Record):
    """What became of a proposal."""

    approved: bool
    """Whether it was approved; else it was declined, or taken back."""
    by: Name
    """Who said so."""
    at: datetime
    """When; an approved waiver holds from that day on."""
    proposal_sha256: Digest
    """Digest of the proposal that was read."""
    comment: str = ""
    """Why."""


@dataclass(frozen=True)
class Proposal:
    """A proposal and what became of it."""

    proposal: WaiverProposal
    """As it was written."""
    sha256: str
    """Digest of its file."""
    outcome: ProposalOutcome | None
    """None as long as nobody has approved or declined it."""

    @property
    def id(self) -> str:
        """Of the waiver."""
        return str(self.proposal.waiver["id"])

    @property
    def state(self) -> str:
        """``open``, ``approved``, ``declined``, or ``taken back`` by who proposed it."""
        if self.outcome is None:
            return "open"
        if self.outcome.approved:
            return "approved"
        return "taken back" if self.is_by(self.outcome.by) else "declined"

    def is_by(self, name: str) -> bool:
        """Whether somebody of this very name proposed it; case does not matter, everything else does."""
        return self.proposal.by.strip().casefold() == name.strip().casefold()

    def waiver(self, approver: str | None = None, day: date | None = None) -> Waiver:
        """The waiver as it was approved, or as somebody would approve it.

        Args:
            approver: Who would; None takes the one who has.
            day: First day on which it would hold, UTC; None takes that of the approval.

        Raises:
            ConfigError: It is not valid, e.g. because it would hold for more than 90 days.
        """
        name = self.outcome.by if approver is None and self.outcome else approver
        granted = self.outcome.at.astimezone(UTC).date() if day is None and self.outcome else day
        return validate(Waiver, {**self.proposal.waiver, "approver": name, "granted": granted}, f"waiver {self.id}")


def waivable(decision: Decision, metrics: Sequence[Metric]) -> list[tuple[GateCheck, Metric | None]]:
    """The checks that a waiver can be proposed for: on rules that block; with the metric that each is about.

    Args:
        decision: The verdict.
        metrics: Of the run.
    """
    known = {target(metric): metric for metric in reversed(metrics)}
    rules = (one for one in decision.checks if one.metric not in {*OWN_CHECKS, POLICY_CHECK} and not is_on_waiver(one))
    found = [(check, known.get(check.metric)) for check in rules if check.blocking != "PASS"]
    # Of a slice that was not measured the name alone is known, which may be shortened.
    return [(check, metric) for check, metric in found if metric or " [" not in check.metric]


def drafted(
    check: GateCheck,
    metric: Metric | None,
    manifest: RunManifest,
    policy: str,
    *,
    reason: str,
    owner: str,
    expires: date,
) -> dict[str, Any]:
    """The fields of a waiver by which a check may not pass, for the checkpoint of a run and under a policy.

    Args:
        check: One of :func:`waivable`.
        metric: With it.
        manifest: Of the run.
        policy: SHA-256 of the policy.
        reason: Why the rule may be broken.
        owner: Who sees to it that the waiver is no longer needed.
        expires: Last day on which it holds, UTC.
    """
    # Without a file of the checkpoint its digest is that of a name, which another checkpoint may have.
    scope = {"digest": manifest.model.digest} if manifest.model.files else {"run": manifest.run_id}
    return {
        "rule": metric.name if metric else check.metric,
        "slice": metric.slice if metric else None,
        "scope": {**scope, "policy": policy},
        "reason": reason.strip(),
        "owner": owner.strip(),
        "expires": expires.isoformat(),
    }


def propose(runs: Path, waiver: dict[str, Any], by: str, now: datetime | None = None) -> Proposal:
    """Write a proposal.

    Args:
        runs: Folder of the runs.
        waiver: From :func:`drafted`.
        by: Who proposes it.
        now: The time; None takes that of the clock.

    Raises:
        ConfigError: Such a waiver could not be approved today.
        WriteError: The file cannot be written.
    """
    at = now or datetime.now(UTC)
    identity = f"W-{digest_of(waiver, by, at.isoformat())[:8]}"
    proposal = validate(WaiverProposal, {"waiver": {"id": identity, **waiver}, "by": by.strip(), "at": at}, "proposal")
    data = to_json(plain(proposal)).encode()
    made = Proposal(proposal, hashlib.sha256(data).hexdigest(), None)
    made.waiver("somebody", at.astimezone(UTC).date())
    _write_once(make_folder(runs / FOLDER) / f"{identity}.json", data)
    return made


def decide(
    runs: Path, proposal: Proposal, *, by: str, approve: bool, comment: str = "", now: datetime | None = None
) -> None:
    """Approve or decline a proposal; who has proposed it can only take it back.

    Args:
        runs: Folder of the runs.
        proposal: As it was read.
        by: Who says so.
        approve: Whether it is approved.
        comment: Why.
        now: The time; None takes that of the clock.

    Raises:
        UsageError: Two people are needed, somebody else has decided, or the waiver is not valid today.
        WriteError: The file cannot be written.
    """
    at = now or datetime.now(UTC)
    if approve:
        _refuse_self_approval(proposal, by)
        proposal.waiver(by, at.astimezone(UTC).date())
    outcome = ProposalOutcome(approved=approve, by=by, at=at, proposal_sha256=proposal.sha256, comment=comment.strip())
    try:
        _write_once(runs / FOLDER / f"{proposal.id}.outcome.json", to_json(plain(outcome)).encode())
    except FileExistsError:
        msg = f"waiver {proposal.id}: somebody else has already decided it: look at the result"
        raise UsageError(msg) from None


def take_back(runs: Path, proposal: Proposal, *, by: str, now: datetime | None = None) -> None:
    """Take back one's own proposal, as long as nobody has decided on it; both files stay.

    Args:
        runs: Folder of the runs.
        proposal: As it was read.
        by: Who proposed it.
        now: The time; None takes that of the clock.

    Raises:
        UsageError: Somebody else proposed it, or it was decided on already.
        WriteError: The file cannot be written.
    """
    if not proposal.is_by(by):
        msg = f"waiver {proposal.id}: only {proposal.proposal.by}, who proposed it, can take it back"
        raise UsageError(msg)
    decide(runs, proposal, by=by, approve=False, now=now)


def read_proposals(runs: Path) -> tuple[list[Proposal], list[str]]:
    """All proposals of a folder of runs, the newest first; and a line for each file that cannot be read."""
    found, faults = [], []
    try:
        files = sorted((runs / FOLDER).iterdir())
    except OSError:
        return [], []
    for file in files:
        if _FILE.fullmatch(file.name):
            try:
                found.append(_read(file))
            except UsageError as error:
                faults.append(str(error))
    return sorted(found, key=lambda one: (one.proposal.at, one.id), reverse=True), faults


def _read(file: Path) -> Proposal:
    """A proposal with its outcome.

    Raises:
        ConfigError: A file is not what it should be, or the outcome is of another proposal.
    """
    proposal, sha256 = _record(file, WaiverProposal)
    if proposal.waiver.get("id") != file.stem:
        msg = f"{file}: the proposal of another waiver: restore the file"
        raise ConfigError(msg)
    after = file.with_name(f"{file.stem}.outcome.json")
    outcome = _record(after, ProposalOutcome)[0] if os.path.lexists(after) else None
    if outcome and outcome.proposal_sha256 != sha256:
        msg = f"{after}: about a proposal that was changed since: restore it, or propose the waiver again"
        raise ConfigError(msg)
    made = Proposal(proposal, sha256, outcome)
    if outcome and outcome.approved:
        _refuse_self_approval(made, outcome.by)
        made.waiver()
    else:
        made.waiver("somebody", proposal.at.astimezone(UTC).date())
    return made


def _record(file: Path, kind: type[Any]) -> tuple[Any, str]:
    data = read_bytes(file, ConfigError, most=MOST_BYTES)
    try:
        values = read_plain(decode(file, data, ConfigError))
    except (ValueError, RecursionError) as error:
        msg = f"{file}: not valid JSON: restore the file"
        raise ConfigError(msg) from error
    return validate(kind, values, str(file)), hashlib.sha256(data).hexdigest()


def _refuse_self_approval(proposal: Proposal, by: str) -> None:
    """Four eyes: neither who proposed a waiver nor its owner approves it.

    Raises:
        UsageError: They may be one person.
    """
    owner = str(proposal.proposal.waiver["owner"])
    for role, name in (("proposed", proposal.proposal.by), ("owns", owner)):
        if same_person(by, name):
            msg = f"waiver {proposal.id}: {by} {role} it: another person has to approve it"
            raise UsageError(msg)
    odd = next((name for name in (by, owner) if mixes_alphabets(name)), None)
    if odd is not None:
        msg = f"waiver {proposal.id}: the name {odd} mixes letters of alphabets that look alike: spell it in one"
        raise UsageError(msg)


def _write_once(file: Path, data: bytes) -> None:
    """Write a file that must not exist yet.

    Raises:
        FileExistsError: It does.
        WriteError: It cannot be written.
    """
    try:
        with file.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise
    except OSError as error:
        raise write_error(file, error) from error
