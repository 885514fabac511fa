"""What is signed about a run: an in-toto statement with the test-result predicate, and the evidence in an extension.

https://github.com/in-toto/attestation, Statement v1; predicate https://in-toto.io/attestation/test-result/v0.1. Its
subject is the checkpoint. A verdict of INCONCLUSIVE is FAILED there, since the predicate knows nothing in between that
blocks; the checks behind it are among ``warnedTests``. The extension ``checkpointAudit`` has the decision as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import rfc8785
from pydantic import Field

from audit.core.errors import AuditError
from audit.core.records.base import Record
from audit.gate.evidence import MANIFEST
from audit.gate.signing.parts import DECISION, EvidencePart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Decision, ModelRecord, RunManifest

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
MODEL_SIGNING = "OpenSSF model-signing, files, SHA-256"
"""Method of a digest over the folder of the checkpoint (:mod:`audit.gate.signing.model_digest`)."""
RECORDED = "checkpoint-audit"
"""Method of a digest that the manifest records: over the files that determine answers, or a server's description."""
RESULTS = {"PASS": "PASSED", "INCONCLUSIVE": "FAILED", "FAIL": "FAILED"}


class SubjectNotes(Record):
    """How the digest of a subject was computed."""

    method: str
    """:data:`MODEL_SIGNING` or :data:`RECORDED`."""
    remark: str
    """Why the digest is not that of the folder; empty where it is."""


class Subject(Record):
    """The checkpoint that a statement is about."""

    name: str
    """Its display name."""
    digest: dict[Literal["sha256"], str] = Field(min_length=1)
    """Which checkpoint it is."""
    annotations: SubjectNotes
    """What kind of digest that is."""


class Configuration(Record):
    """What the result depends on: policy, manifest, baseline."""

    name: str
    """What it is."""
    digest: dict[Literal["sha256"], str] = Field(min_length=1)
    """SHA-256 of the bytes of the file."""


class SignedEvidence(Record):
    """The evidence behind a result: extension of the predicate."""

    version: Literal[1] = 1
    """Of this extension."""
    run_id: str
    """The run."""
    model_digest: str
    """Digest of the checkpoint as the manifest records it."""
    decision: dict[str, Any]
    """``decision.json``."""
    parts: list[EvidencePart]
    """Every file of the run's evidence, in the fixed order, chained."""


class TestResult(Record):
    """The predicate."""

    result: Literal["PASSED", "WARNED", "FAILED"]
    """PASSED for PASS, WARNED where that rests on waivers; FAILED for every other verdict."""
    configuration: list[Configuration]
    """Policy, waivers, manifest and decision."""
    passedTests: list[str]  # noqa: N815 - in-toto's names
    """Checks that PASS."""
    warnedTests: list[str]  # noqa: N815
    """Checks that are INCONCLUSIVE, or waived."""
    failedTests: list[str]  # noqa: N815
    """Checks that FAIL."""
    checkpointAudit: SignedEvidence  # noqa: N815
    """What was judged."""


class Statement(Record):
    """An in-toto statement on one checkpoint."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    """Version of the format."""
    subject: list[Subject] = Field(min_length=1, max_length=1)
    """The checkpoint."""
    predicateType: Literal["https://in-toto.io/attestation/test-result/v0.1"]  # noqa: N815
    """What the predicate is."""
    predicate: TestResult
    """The result."""

    @property
    def evidence(self) -> SignedEvidence:
        """The extension of the predicate."""
        return self.predicate.checkpointAudit


def build(manifest: RunManifest, decision: Decision, parts: Sequence[EvidencePart], subject: Subject) -> Statement:
    """The statement on a run and its decision; nothing in it depends on when or where it is made.

    Args:
        manifest: Of the run.
        decision: As ``decision.json`` has it.
        parts: Every file of evidence, the decision's included.
        subject: The checkpoint.
    """
    evidence = SignedEvidence(
        run_id=manifest.run_id,
        model_digest=manifest.model.digest,
        decision=decision.model_dump(mode="json"),
        parts=list(parts),
    )
    digests = {part.name: part.sha256 for part in parts}
    configuration = [
        Configuration(name=f"policy {decision.policy}", digest={"sha256": decision.policy_sha256}),
        *_registered(manifest),
        *_waivers(decision),
        *(Configuration(name=name, digest={"sha256": digests[name]}) for name in (MANIFEST, DECISION)),
    ]
    if decision.baseline is not None:
        digest = decision.baseline.metrics_sha256
        configuration.append(Configuration(name=f"baseline {decision.baseline.run_id}", digest={"sha256": digest}))
    warned = any(check.blocking != check.verdict for check in decision.checks)
    tests: dict[str, list[str]] = {verdict: [] for verdict in RESULTS}
    for check in decision.checks:
        kind = check.verdict if check.blocking == check.verdict else "INCONCLUSIVE"
        tests[kind].append(f"{check.metric} {check.rule}")
    predicate = TestResult(
        result="WARNED" if warned and decision.verdict == "PASS" else RESULTS[decision.verdict],
        configuration=configuration,
        passedTests=tests["PASS"],
        warnedTests=tests["INCONCLUSIVE"],
        failedTests=tests["FAIL"],
        checkpointAudit=evidence,
    )
    return Statement(_type=STATEMENT_TYPE, subject=[subject], predicateType=PREDICATE_TYPE, predicate=predicate)


def _registered(manifest: RunManifest) -> list[Configuration]:
    """The policy that was registered before the run, if one was."""
    before = manifest.policy
    if before is None:
        return []
    return [Configuration(name=f"policy registered before the run {before.name}", digest={"sha256": before.sha256})]


def _waivers(decision: Decision) -> list[Configuration]:
    """The file of waivers that a decision was made with, if it was with any."""
    if decision.waivers_sha256 is None:
        return []
    return [Configuration(name=f"waivers {decision.waiver_file}", digest={"sha256": decision.waivers_sha256})]


def payload(statement: Statement) -> bytes:
    """The bytes of a statement that are signed: its RFC 8785 JSON.

    Raises:
        AuditError: It holds what that has no form for: a lone surrogate, an integer beyond 2**53.
    """
    try:
        return rfc8785.dumps(statement.model_dump(by_alias=True))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        msg = f"not signed: the run holds what canonical JSON cannot express: {error}"
        raise AuditError(msg) from error


def statement_faults(statement: Statement, manifest: RunManifest, decision: Decision) -> list[str]:
    """How a statement differs from what the run in the folder gives, file contents aside.

    Args:
        statement: Of a bundle.
        manifest: Of the run.
        decision: Of the run.
    """
    made = build(manifest, decision, statement.evidence.parts, statement.subject[0])
    own, given = (_plain(one) for one in (made, statement))
    faults = [f"its field {name} is not that of the run" for name in own if own[name] != given[name]]
    if not _can_be_subject(statement.subject[0], manifest.model):
        faults.append("its field subject is not the checkpoint of the run")
    return faults


def _can_be_subject(subject: Subject, model: ModelRecord) -> bool:
    """Whether a subject can be the checkpoint of a run; the digest of its folder is not known without the folder."""
    if subject.annotations.method == MODEL_SIGNING:
        return subject.name == model.name and model.device != "server" and bool(model.files)
    recorded = subject.annotations.method == RECORDED and subject.digest["sha256"] == model.digest
    return subject.name == model.name and recorded


def _plain(statement: Statement) -> dict[str, Any]:
    """Everything that a run determines, by name."""
    predicate = statement.predicate.model_dump()
    extension = predicate.pop("checkpointAudit")
    return predicate | {name: extension[name] for name in ("run_id", "model_digest", "decision")}
