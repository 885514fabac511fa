"""Whether the evidence of a run is what was signed: offline, from its folder and a public key."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Literal

from audit.core.errors import AuditError, EvidenceInvalid, RunFolderError
from audit.core.formatting import counted
from audit.core.provenance import package_versions
from audit.core.records.base import Record
from audit.core.run_folder import EVIDENCE
from audit.core.text import printable
from audit.gate import decisions, evidence
from audit.gate.binding.kept_policy import policy_of
from audit.gate.binding.registered import REGISTERED_CHECK
from audit.gate.corrected.ratings import RatedOutputs, changed_since
from audit.gate.decisions import NO_POLICY
from audit.gate.measured import target
from audit.gate.metrics_file import read_metrics
from audit.gate.rules.again import not_recomputed
from audit.gate.signing import envelope, keyless
from audit.gate.signing.keys import key_id
from audit.gate.signing.model_digest import file_digests, root_digest
from audit.gate.signing.parts import DECISION, folder_faults, list_faults
from audit.gate.signing.recompute import Recomputed, recompute
from audit.gate.signing.statement import MODEL_SIGNING, Statement, Subject, statement_faults
from audit.gate.waivers.judging import expired
from audit.stats.aggregate import IF_RIGHT, IF_WRONG

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from audit.core.records import Decision, Metric
    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile
    from audit.gate.waivers.waiver_file import WaiverFile

PACKAGE = "checkpoint-audit"
SHOWN = 5
"""Names of files that are no evidence."""
NO_BUNDLE = "it is missing: the run is not signed, and a key was given to check its signature"
UNSIGNED = "not signed: whoever can write this folder can change it unnoticed"
UNFINISHED = "the run has not ended"
UNCHECKED = "signed, but the signature was not checked: give its public key with --key"
UNCHECKED_IDENTITY = "signed by an identity that was not checked: give --sigstore-identity and --sigstore-issuer"


Checked = Literal["valid", "invalid", "not checked", "missing"]
"""What is known of a signature."""


class Verification(Record):
    """What verifying a run found."""

    run: str
    """The folder."""
    run_id: str | None
    """The run; null where its manifest cannot be read."""
    signature: Checked
    """Of the bundle, by the key that was given."""
    key_id: str | None
    """The key that was given, else the one that the bundle says it is signed with."""
    keyless: Checked = "missing"
    """Of the Sigstore bundle, by the identity that was given."""
    identity: str | None = None
    """The identity that was given."""
    subject: Subject | None
    """The checkpoint that was signed; null without a bundle."""
    verdict: str | None
    """Of the decision; null where there is none."""
    files: int
    """Files of evidence that were compared with their digests."""
    recomputed: Recomputed | None
    """What was derived again; null where that was not asked for."""
    faults: list[str]
    """Everything that contradicts the evidence; empty where nothing does."""
    remarks: list[str]
    """What the reader must know: that a signature is missing or was not checked, and which files are no evidence."""

    @property
    def valid(self) -> bool:
        """Whether nothing contradicts the evidence."""
        return not self.faults


def verify(  # noqa: PLR0913 - everything that the evidence can be compared with
    run: RunFolder,
    key: Ed25519PublicKey | None = None,
    *,
    signer: keyless.Signatory | None = None,
    checkpoint: Path | None = None,
    policy: PolicyFile | None = None,
    waivers: WaiverFile | None = None,
    again: bool = False,
    known: Collection[str] = (),
    baseline: RunFolder | None = None,
) -> Verification:
    """Compare a run with its bundle and with itself; every contradiction is listed.

    Args:
        run: The folder.
        key: The public key that the bundle has to be signed with; None leaves its signature unchecked.
        signer: Who has to have signed the Sigstore bundle; None leaves that unchecked.
        checkpoint: Folder or file that has to be the subject of the bundle; None leaves that unchecked.
        policy: The policy that the decision has to be reached under; None leaves that unchecked.
        waivers: The waivers that the decision has to be made with; None leaves that unchecked.
        again: Whether every metric and the decision are derived again.
        known: Names of this installation's attribution methods.
        baseline: The run that the decision compares with; None looks for it next to the run.

    Raises:
        CheckpointError: The checkpoint is neither folder nor file, or cannot be read.
        EvidenceInvalid: The bundle is broken.
        RunFolderError: There is no bundle, and the folder is broken.
    """
    root = root_digest(file_digests(checkpoint)) if checkpoint else None
    path, other = run.path / envelope.NAME, run.path / keyless.NAME
    found = envelope.read(path) if os.path.lexists(path) else None
    texts = [] if found is None else [(path, envelope.payload_of(path, found))]
    texts += [(other, keyless.payload_of(other))] if os.path.lexists(other) else []
    statement = envelope.parsed(*texts[0], Statement) if texts else None
    by_identity, faults = _by_identity(run, signer)
    if len({text for _, text in texts}) > 1:
        faults.append(f"{keyless.NAME}: it signs another statement than {envelope.NAME}")
    if found is None and key is not None:
        faults.append(f"{envelope.NAME}: {NO_BUNDLE}")
    name = texts[0][0].name if texts else envelope.NAME
    faults += [f"{name}: {fault}" for fault in _in_bundle(found, statement, key, root)]
    files, in_files = _in_files(run, statement)
    faults += in_files
    faults += _under_another(run, policy) if policy else []
    faults += _with_others(run, waivers) if waivers else []
    if not faults:
        faults += _in_content(run, statement, baseline)
    done, in_numbers = _again(run, policy, known, baseline) if again else (None, [])
    faults += in_numbers
    return Verification(
        run=str(run.path),
        run_id=_run_id(run),
        signature=_signature(found, key),
        key_id=key_id(key) if key else found.signatures[0].keyid if found else None,
        keyless=by_identity,
        identity=signer.name if signer else None,
        subject=statement.subject[0] if statement else None,
        verdict=_verdict(run),
        files=files,
        recomputed=done,
        faults=list(dict.fromkeys(faults)),
        remarks=[
            *_remarks(run, statement, checked=key is not None or signer is not None),
            *_on_decision(run, policy, baseline),
            *_on_ratings(run),
        ],
    )


def _in_bundle(
    found: envelope.Envelope | None, statement: Statement | None, key: Ed25519PublicKey | None, root: str | None
) -> Iterator[str]:
    """What is wrong with the bundle by itself: its signature, its list of files, its subject."""
    if statement is None:
        if root is not None:
            yield "it is missing, so that nothing ties the run to a checkpoint"
        return
    wrong = envelope.signature_fault(found, key) if key and found else None
    if wrong:
        yield wrong
    yield from list_faults(statement.evidence.parts)
    if root is not None:
        yield from _in_subject(statement.subject[0], root)


def _by_identity(run: RunFolder, signer: keyless.Signatory | None) -> tuple[Checked, list[str]]:
    """What is known of the Sigstore bundle, and what is wrong with it."""
    path = run.path / keyless.NAME
    if not os.path.lexists(path):
        missing = f"{keyless.NAME}: it is missing: nobody signed the run with an identity, and one was given"
        return "missing", [missing] if signer else []
    if signer is None:
        return "not checked", []
    wrong = keyless.signature_fault(path, signer)
    return ("invalid", [f"{keyless.NAME}: {wrong}"]) if wrong else ("valid", [])


def _in_subject(subject: Subject, root: str) -> Iterator[str]:
    """Why a checkpoint with a root digest is not the subject."""
    if subject.annotations.method != MODEL_SIGNING:
        yield f"its subject is no folder that a checkpoint could be compared with: {subject.annotations.remark}"
    elif root != subject.digest["sha256"]:
        yield f"its subject is another checkpoint, not sha256:{root}"


def _in_files(run: RunFolder, statement: Statement | None) -> tuple[int, list[str]]:
    """Number of files compared, and every one that is not what the bundle, or without one the manifest, says."""
    if statement is not None:
        parts = statement.evidence.parts
        return _present(run, (part.name for part in parts)), list(folder_faults(run, parts))
    manifest = run.read_manifest()
    if manifest.status == "running":
        advice = f"finish it with audit run --resume {quote(str(run.path))}"
        return 0, [f"{evidence.MANIFEST}: {UNFINISHED}, so there are no digests to compare its files with: {advice}"]
    return _present(run, manifest.evidence), [fault.within(run.path) for fault in evidence.file_faults(run, manifest)]


def _present(run: RunFolder, names: Iterable[str]) -> int:
    """How many files are there: one that may be taken out is listed all the same."""
    return sum((run.path / name).exists() for name in names)


def _in_content(run: RunFolder, statement: Statement | None, baseline: RunFolder | None) -> list[str]:
    """The first contradiction inside the files, whose digests fit; and between them and the bundle."""
    try:
        manifest, decision = run.read_manifest(), run.read_decision()
        metrics, digest = read_metrics(run, manifest)
        evidence.check(run, _judged(decision, metrics))
    except (EvidenceInvalid, RunFolderError) as error:
        return [error.within(run.path)]
    if decision is None:
        return [f"{DECISION}: it is missing, though {envelope.NAME} signs a decision"] if statement else []
    _, why = decisions.current(run, manifest, metrics, digest, baseline)
    faults = [f"{DECISION}: {why}"] if why else []
    if statement is not None:
        faults += [f"{envelope.NAME}: {fault}" for fault in statement_faults(statement, manifest, decision)]
    return faults


def _judged(decision: Decision | None, metrics: Iterable[Metric]) -> set[str]:
    """Names of the metrics that a decision judges, with those of their bounds: the verdict rests on their intervals."""
    targets = {check.metric for check in decision.checks} if decision else set()
    names = {metric.name for metric in metrics if target(metric) in targets}
    return {f"{name}{ending}" for name in names for ending in ("", IF_WRONG, IF_RIGHT)}


def _under_another(run: RunFolder, policy: PolicyFile) -> list[str]:
    """Why the decision is not one under a policy, by its digest: that of the very file, registered before the run."""
    try:
        decision = run.read_decision()
    except RunFolderError as error:
        return [error.within(run.path)]
    if decision is None:
        return [f"{DECISION}: it is missing: the run was not judged under {policy.name}"]
    if decision.policy_sha256 != policy.sha256:
        digests = f"{decision.policy_sha256[:16]}, not {policy.sha256[:16]}"
        return [f"{DECISION}: it was reached under another policy, {digests}"]
    return []


def _with_others(run: RunFolder, waivers: WaiverFile) -> list[str]:
    """Why the decision is not one that was made with a file of waivers, by its digest."""
    try:
        decision = run.read_decision()
    except RunFolderError as error:
        return [error.within(run.path)]
    made_with = decision.waivers_sha256 if decision else None
    if made_with is None:
        return [f"{DECISION}: it was made without waivers, not with {waivers.name}"]
    if made_with != waivers.sha256:
        return [f"{DECISION}: it was made with other waivers, {made_with[:16]}, not {waivers.sha256[:16]}"]
    return []


def _remarks(run: RunFolder, statement: Statement | None, *, checked: bool) -> Iterator[str]:
    """What is no contradiction, and a reader must know."""
    if statement is None:
        yield UNSIGNED
    elif not checked:
        yield UNCHECKED if os.path.lexists(run.path / envelope.NAME) else UNCHECKED_IDENTITY
    yield from _on_manifest(run, signed=statement is not None)
    yield from _on_waivers(run)
    yield from _unchecked(run)
    listed = [part.name for part in statement.evidence.parts] if statement else run.read_manifest().evidence
    for name in evidence.REMOVABLE:
        if name in listed and not (run.path / name).exists():
            yield f"{name} was taken out, which is allowed: it holds personal data in the clear"


def _on_decision(run: RunFolder, policy: PolicyFile | None, baseline: RunFolder | None) -> Iterator[str]:
    """When its policy was registered, and what of the decision was not checked because a file is not at hand."""
    try:
        decision = run.read_decision()
        if decision is None:
            return
        remark = not_recomputed(run, decision, baseline)
        known = policy or policy_of(run, decision)
    except AuditError:
        return
    for check in decision.checks:
        if check.metric == REGISTERED_CHECK:
            yield f"policy {decision.policy}: {check.reason}"
    if known is None:
        yield f"{NO_POLICY}: give it with --policy"
    if remark:
        yield f"{remark}: give it with --baseline"


def _on_ratings(run: RunFolder) -> Iterator[str]:
    """That ratings which corrected a metric are not at hand, or are others by now."""
    try:
        decision = run.read_decision()
        if decision is None or not any(check.corrected for check in decision.checks):
            return
        changed = changed_since(decision, run, RatedOutputs.next_to(run))
    except AuditError as error:
        yield f"the ratings of the decision were not compared with those of today: {error}"
        return
    if changed:
        yield f"the ratings of {counted(changed, 'output')} in ratings.sqlite are not those that decided: decide again"


def _unchecked(run: RunFolder) -> Iterator[str]:
    """What else is in the folder, which nothing ties to the evidence; of journals and hidden files nothing is shown."""
    others = {path.name for path in run.path.iterdir() if not path.name.startswith(".")} - EVIDENCE
    card = run.report_path.parent.name
    if card in others:
        again = f"render the card again with audit report {quote(str(run.path))}"
        yield f"not checked: {card}/, which is no evidence: {again}"
    names = [printable(name, 80) for name in sorted(others - {card})]
    if names:
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"not checked, because the run did not write it: {', '.join(names[:SHOWN])}{more}"


def _on_manifest(run: RunFolder, *, signed: bool) -> Iterator[str]:
    """That the run has not ended, and that another version of this program made it, whose gate words its reasons."""
    try:
        manifest = run.read_manifest()
    except RunFolderError:
        return
    if manifest.status == "running" and signed:
        yield f"{UNFINISHED}: its numbers are compared with its samples only with --recompute"
    made, mine = manifest.packages.get(PACKAGE), package_versions((PACKAGE,)).get(PACKAGE)
    if made != mine:
        versions = f"the run was made with {PACKAGE} {made}, and this is {mine}"
        yield f"{versions}: a contradiction may come from that"


def _on_waivers(run: RunFolder) -> Iterator[str]:
    """That a waiver behind the decision has expired since: the decision was sound when it was made."""
    try:
        decision = run.read_decision()
    except RunFolderError:
        return
    over = expired(decision, datetime.now(UTC).date()) if decision else None
    if over:
        yield f"the decision no longer holds: {over}"


def _again(
    run: RunFolder, policy: PolicyFile | None, known: Collection[str], baseline: RunFolder | None
) -> tuple[Recomputed | None, list[str]]:
    """What was derived again, and what differs; files that are broken are a difference."""
    try:
        done = recompute(run, policy, known, baseline)
    except (EvidenceInvalid, RunFolderError) as error:
        return None, [f"nothing can be derived again: {error.within(run.path)}"]
    return done, done.faults


def _signature(found: envelope.Envelope | None, key: Ed25519PublicKey | None) -> Checked:
    if found is None:
        return "missing"
    if key is None:
        return "not checked"
    return "invalid" if envelope.signature_fault(found, key) else "valid"


def _run_id(run: RunFolder) -> str | None:
    try:
        return run.run_id
    except RunFolderError:
        return None


def _verdict(run: RunFolder) -> str | None:
    try:
        decision = run.read_decision()
    except RunFolderError:
        return None
    return decision.verdict if decision else None
