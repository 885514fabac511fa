"""Sign the evidence of a run that has been judged."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from audit.core.assets.digest import file_sha256
from audit.core.errors import CheckpointError, EvidenceInvalid, RunFolderError
from audit.core.filesystem import write_bytes
from audit.core.text import printable
from audit.gate import evidence
from audit.gate.binding import kept_policy
from audit.gate.signing import envelope, model_digest
from audit.gate.signing.parts import DECISION, parts_of
from audit.gate.signing.statement import MODEL_SIGNING, RECORDED, Statement, Subject, SubjectNotes, build, payload

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from audit.core.records import RunManifest
    from audit.core.run_folder import RunFolder
    from audit.gate.signing.parts import EvidencePart

OWN = {evidence.MANIFEST, DECISION, kept_policy.NAME}
"""Parts that the manifest has no digest of: its own is of its content, the others come after it."""


def sign(run: RunFolder, key: Ed25519PrivateKey) -> Subject:
    """Write ``evidence.dsse.json``: byte for byte the same for the same files, checkpoint and key.

    Args:
        run: A run that the gate has judged, its evidence checked.
        key: The private key.

    Returns:
        The subject of the statement.

    Raises:
        EvidenceInvalid: A file has changed since the run ended.
        RunFolderError: The run has not been judged, or a file cannot be read.
        WriteError: The file cannot be written.
    """
    statement = statement_of(run)
    write_bytes(run.path / envelope.NAME, envelope.sealed(payload(statement), key))
    return statement.subject[0]


def statement_of(run: RunFolder) -> Statement:
    """What is signed about a run.

    Raises:
        EvidenceInvalid: A file has changed since the run ended.
        RunFolderError: The run has not been judged, or a file cannot be read.
    """
    decision = run.read_decision()
    if decision is None:
        msg = f"{run.path}: not judged yet, so there is no decision to sign: run audit gate {quote(str(run.path))}"
        raise RunFolderError(msg)
    manifest, parts = run.read_manifest(), parts_of(run)
    _refuse_changed(run, manifest, parts)
    return build(manifest, decision, parts, subject_of(manifest))


def signs_decision(run: RunFolder) -> bool:
    """Whether the bundle lists the decision of a run as it is; of the signature itself nothing is said.

    Args:
        run: A run with a decision and a bundle.
    """
    path = run.path / envelope.NAME
    return lists_decision(run, path, lambda: envelope.payload_of(path, envelope.read(path)))


def lists_decision(run: RunFolder, path: Path, text: Callable[[], str]) -> bool:
    """Whether a signed statement lists the decision of a run as it is.

    Args:
        run: A run with a decision.
        path: The bundle.
        text: Reads the statement in it; raises EvidenceInvalid where it is broken.
    """
    try:
        statement = envelope.parsed(path, text(), Statement)
    except EvidenceInvalid:
        return False
    now = file_sha256(run.decision_path)
    return any(part.name == DECISION and part.sha256 == now for part in statement.evidence.parts)


def subject_of(manifest: RunManifest) -> Subject:
    """The checkpoint of a run, by the digest of its folder where that is at hand and is the one that was audited.

    Whatever is in the folder that the manifest names, there is a subject: a verdict that was reached can be signed.
    """
    model, given = manifest.model, str(manifest.config.get("model") or "")
    checkpoint = Path(os.path.expanduser(given)) if given else None  # noqa: PTH111 - a user that nobody knows is no error
    if model.device == "server":
        return _recorded(manifest, "a model behind a server: its weights were not seen")
    if checkpoint is None or not os.path.exists(checkpoint):  # noqa: PTH110 - no error where the name is too long
        return _recorded(manifest, f"no folder of the checkpoint at hand: the run loaded {model.source}")
    try:
        known = model_digest.audited_digests(model, checkpoint)
    except (CheckpointError, OSError) as error:
        return _recorded(manifest, f"{checkpoint.name} is not the audited checkpoint: {printable(str(error))}")
    try:
        digests = model_digest.file_digests(checkpoint, known)
    except CheckpointError as error:  # the verdict stands, and it is signed
        return _recorded(manifest, printable(error.within(checkpoint.parent)))
    notes = SubjectNotes(method=MODEL_SIGNING, remark="")
    return Subject(name=model.name, digest={"sha256": model_digest.root_digest(digests)}, annotations=notes)


def _recorded(manifest: RunManifest, remark: str) -> Subject:
    """The checkpoint by the digest that the manifest records."""
    notes = SubjectNotes(method=RECORDED, remark=remark)
    return Subject(name=manifest.model.name, digest={"sha256": manifest.model.digest}, annotations=notes)


def _refuse_changed(run: RunFolder, manifest: RunManifest, parts: Sequence[EvidencePart]) -> None:
    """Refuse files that are not those that the run left; a run that was killed has no digests of them.

    Raises:
        EvidenceInvalid: One differs, or was added.
    """
    for part in parts:
        own = part.name in OWN
        if manifest.evidence and not own and part.sha256 != manifest.evidence.get(part.name):
            msg = "it was changed or added after the run ended"
            raise EvidenceInvalid(msg, run.path / part.name)
