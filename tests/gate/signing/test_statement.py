from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import rfc8785
from pydantic import ValidationError

from audit.core.errors import AuditError
from audit.core.records import RegisteredPolicy, RunReference
from audit.gate.signing import envelope
from audit.gate.signing.parts import parts_of
from audit.gate.signing.statement import (
    MODEL_SIGNING,
    RECORDED,
    Configuration,
    Statement,
    Subject,
    SubjectNotes,
    build,
    payload,
    statement_faults,
)

if TYPE_CHECKING:
    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

SUBJECT = Subject(name="tiny", digest={"sha256": "c" * 64}, annotations=SubjectNotes(method=MODEL_SIGNING, remark=""))
AS_RECORDED = Subject(name="tiny", digest={"sha256": "ab"}, annotations=SubjectNotes(method=RECORDED, remark="gone"))
"""By the digest in the manifest."""


def statement_of(run: RunFolder, **changes: Any) -> Statement:
    """The statement on a run, its decision changed."""
    decision = the_decision(run).model_copy(update=changes)
    return build(run.read_manifest(), decision, parts_of(run), SUBJECT)


def the_decision(run: RunFolder) -> Decision:
    decision = run.read_decision()
    assert decision is not None
    return decision


def test_the_statement_says_what_the_gate_decided(whole: RunFolder) -> None:
    plain = json.loads(payload(statement_of(whole)))
    decision = json.loads(whole.decision_path.read_text())
    assert set(plain) == {"_type", "subject", "predicateType", "predicate"}
    assert plain["subject"] == [
        {"name": "tiny", "digest": {"sha256": "c" * 64}, "annotations": {"method": MODEL_SIGNING, "remark": ""}}
    ]
    predicate = plain["predicate"]
    assert predicate["result"] == "FAILED"
    assert predicate["passedTests"] == ["run/status status complete", "boolq/accuracy min 20"]
    assert predicate["warnedTests"] == ["boolq/length max 18"]
    assert predicate["failedTests"] == []
    assert [one["name"] for one in predicate["configuration"]] == [
        "policy policy.yaml",
        "manifest.json",
        "decision.json",
    ]
    assert predicate["configuration"][0]["digest"] == {"sha256": decision["policy_sha256"]}
    assert predicate["checkpointAudit"]["decision"] == decision
    assert predicate["checkpointAudit"]["run_id"] == whole.run_id
    assert len(predicate["checkpointAudit"]["parts"]) == 10


@pytest.mark.parametrize(("verdict", "result"), [("PASS", "PASSED"), ("FAIL", "FAILED"), ("INCONCLUSIVE", "FAILED")])
def test_only_a_pass_is_passed(verdict: str, result: str, whole: RunFolder) -> None:
    assert statement_of(whole, verdict=verdict).predicate.result == result


def test_waived_checks_warn_and_what_decides_is_named(whole: RunFolder) -> None:
    """A waived check is no failed test, and a verdict that rests on one is no clean pass; a failed one stays."""
    decision = the_decision(whole)
    first, second, third = decision.checks
    waived = [first, second.model_copy(update={"verdict": "FAIL", "waived_by": "w1"}), third]
    baseline = RunReference(
        run_id="before", model="m", model_digest="d", dtype="float32", quantization=None, metrics_sha256="b" * 64
    )
    given = {"waiver_file": "w.yaml", "waivers_sha256": "e" * 64, "baseline": baseline}
    for verdict, result in (("PASS", "WARNED"), ("FAIL", "FAILED"), ("INCONCLUSIVE", "FAILED")):
        predicate = statement_of(whole, verdict=verdict, checks=waived, **given).predicate
        assert predicate.result == result
    assert predicate.passedTests == [f"{first.metric} {first.rule}"]
    assert predicate.warnedTests == [f"{one.metric} {one.rule}" for one in (second, third)]
    assert predicate.failedTests == []
    digests = {part.name: part.sha256 for part in parts_of(whole)}
    assert [(one.name, one.digest["sha256"]) for one in predicate.configuration] == [
        ("policy policy.yaml", decision.policy_sha256), ("waivers w.yaml", "e" * 64),
        ("manifest.json", digests["manifest.json"]), ("decision.json", digests["decision.json"]),
        ("baseline before", "b" * 64),
    ]  # fmt: skip
    failed = statement_of(whole, checks=[second.model_copy(update={"verdict": "FAIL"})]).predicate
    assert (failed.failedTests, failed.warnedTests) == ([f"{second.metric} {second.rule}"], [])


def test_a_policy_that_was_registered_before_the_run_is_named(whole: RunFolder) -> None:
    manifest = whole.read_manifest()
    before = RegisteredPolicy(name="release.yaml", sha256="d" * 64, registered=manifest.started)
    manifest = manifest.model_copy(update={"policy": before})
    found = build(manifest, the_decision(whole), parts_of(whole), SUBJECT).predicate.configuration
    named = {one.name: one.digest for one in found}
    assert named["policy registered before the run release.yaml"] == {"sha256": "d" * 64}


def test_the_payload_is_canonical_and_reads_back(whole: RunFolder) -> None:
    """Keys sorted, no spaces; Python's own writer agrees where floats and characters beyond ASCII are out of play."""
    made = statement_of(whole)
    text = payload(made)
    assert text == rfc8785.dumps(json.loads(text))
    assert envelope.parsed(whole.path, text.decode(), Statement) == made
    parts = json.loads(text)["predicate"]["checkpointAudit"]["parts"]
    assert json.dumps(parts, sort_keys=True, separators=(",", ":")).encode() in text


def test_the_day_that_waivers_were_judged_for_is_signed_as_text(whole: RunFolder) -> None:
    plain = json.loads(payload(statement_of(whole, judged_for=date(2026, 2, 10))))
    assert plain["predicate"]["checkpointAudit"]["decision"]["judged_for"] == "2026-02-10"


def test_a_statement_is_on_one_checkpoint_and_every_digest_is_there(whole: RunFolder) -> None:
    plain = json.loads(payload(statement_of(whole)))
    for subjects in ([], [plain["subject"][0]] * 2):
        with pytest.raises(ValidationError, match="subject"):
            Statement.model_validate_json(json.dumps({**plain, "subject": subjects}))
    with pytest.raises(ValidationError, match="digest"):
        Subject(name="tiny", digest={}, annotations=SUBJECT.annotations)
    with pytest.raises(ValidationError, match="digest"):
        Configuration(name="manifest.json", digest={})


def test_what_has_no_canonical_form_is_not_signed(whole: RunFolder) -> None:
    made = statement_of(whole)
    made.evidence.decision["n"] = 2**60
    with pytest.raises(AuditError, match="not signed"):
        payload(made)
    made.evidence.decision.pop("n")
    made.evidence.decision["\ud800"] = 1
    with pytest.raises(AuditError, match="not signed"):
        payload(made)


def test_a_statement_on_the_run_has_no_fault(whole: RunFolder) -> None:
    assert statement_faults(statement_of(whole), whole.read_manifest(), the_decision(whole)) == []


@pytest.mark.parametrize(
    ("place", "value", "name"),
    [
        (("result",), "PASSED", "result"),
        (("passedTests",), ["boolq/length max 18"], "passedTests"),
        (("warnedTests",), [], "warnedTests"),
        (("failedTests",), ["run/status"], "failedTests"),
        (("configuration", 0, "digest", "sha256"), "f" * 64, "configuration"),
        (("checkpointAudit", "run_id"), "other", "run_id"),
        (("checkpointAudit", "model_digest"), "other", "model_digest"),
        (("checkpointAudit", "decision", "verdict"), "PASS", "decision"),
    ],
)
def test_every_field_that_was_edited_is_named(place: tuple[Any, ...], value: Any, name: str, whole: RunFolder) -> None:
    plain = json.loads(payload(statement_of(whole)))
    inner = plain["predicate"]
    for step in place[:-1]:
        inner = inner[step]
    assert inner[place[-1]] != value
    inner[place[-1]] = value
    edited = Statement.model_validate_json(json.dumps(plain))
    faults = statement_faults(edited, whole.read_manifest(), the_decision(whole))
    assert faults == [f"its field {name} is not that of the run"]


@pytest.mark.parametrize("subject", [SUBJECT, AS_RECORDED])
def test_the_checkpoint_may_be_named_by_either_digest(subject: Subject, whole: RunFolder) -> None:
    made = build(whole.read_manifest(), the_decision(whole), parts_of(whole), subject)
    assert statement_faults(made, whole.read_manifest(), the_decision(whole)) == []


@pytest.mark.parametrize(
    ("subject", "change", "model"),
    [
        (SUBJECT, {"name": "other"}, {}),
        (AS_RECORDED, {"name": "other"}, {}),
        (AS_RECORDED, {"digest": {"sha256": "c" * 64}}, {}),
        (SUBJECT, {"annotations": SubjectNotes(method="believe me", remark="")}, {}),
        (AS_RECORDED, {"annotations": SubjectNotes(method="believe me", remark="")}, {}),
        (SUBJECT, {}, {"device": "server"}),
        (SUBJECT, {}, {"files": []}),
    ],
)
def test_a_subject_that_cannot_be_the_checkpoint_of_the_run_is_named(
    subject: Subject, change: dict[str, Any], model: dict[str, Any], whole: RunFolder
) -> None:
    """Another name or recorded digest, an unknown method, and a folder of a model without files."""
    manifest = whole.read_manifest()
    manifest = manifest.model_copy(update={"model": manifest.model.model_copy(update=model)})
    made = build(manifest, the_decision(whole), parts_of(whole), subject.model_copy(update=change))
    faults = statement_faults(made, manifest, the_decision(whole))
    assert faults == ["its field subject is not the checkpoint of the run"]
