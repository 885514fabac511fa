from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import CheckpointError, EvidenceInvalid, RunFolderError
from audit.gate.binding.registered import register
from audit.gate.decide import decide
from audit.gate.evidence import seal
from audit.gate.metrics_file import metrics_digest
from audit.gate.policy import load_policy
from audit.gate.signing import envelope
from audit.gate.signing.keys import key_id
from audit.gate.signing.parts import parts_of
from audit.gate.signing.sign import sign
from audit.gate.signing.statement import Statement, payload
from audit.gate.signing.verify import UNCHECKED, UNSIGNED, verify
from tests.gate.signing.conftest import CHECKPOINT, POLICY
from tests.gate.signing.test_model_digest import OF_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile


def bundle(run: RunFolder) -> Path:
    return run.path / envelope.NAME


def statement(run: RunFolder) -> Statement:
    """What a run's bundle says."""
    text = envelope.payload_of(bundle(run), envelope.read(bundle(run)))
    return envelope.parsed(bundle(run), text, Statement)


@pytest.mark.slow
def test_a_signed_run_is_valid_wherever_it_is_copied(
    whole: RunFolder, run: RunFolder, public: Ed25519PublicKey
) -> None:
    for folder in (whole, run):
        found = verify(folder, public)
        assert (found.valid, found.signature, found.faults, found.remarks) == (True, "valid", [], [])
        assert (found.files, found.verdict, found.key_id) == (10, "INCONCLUSIVE", key_id(public))
        assert found.subject is not None
        assert found.subject.digest == {"sha256": OF_FOLDER}


def test_a_signature_that_was_not_checked_is_said(whole: RunFolder, public: Ed25519PublicKey) -> None:
    found = verify(whole)
    assert (found.valid, found.signature, found.remarks) == (True, "not checked", [UNCHECKED])
    assert found.key_id == key_id(public)


def test_a_missing_signature_is_said_and_with_a_key_it_is_a_fault(run: RunFolder, public: Ed25519PublicKey) -> None:
    bundle(run).unlink()
    found = verify(run)
    assert (found.valid, found.signature, found.remarks) == (True, "missing", [UNSIGNED])
    assert (found.files, found.key_id, found.subject) == (8, None, None)
    found = verify(run, public)
    assert found.faults == [
        f"{envelope.NAME}: it is missing: the run is not signed, and a key was given to check its signature"
    ]


def test_without_a_bundle_every_changed_file_is_named(run: RunFolder) -> None:
    bundle(run).unlink()
    run.drivers_path.unlink()
    run.metrics_path.write_text(run.metrics_path.read_text() + " ")
    (run.path / "samples" / "more.parquet").write_bytes(b"")
    assert verify(run).faults == [
        "drivers.json: it is missing, though the run left it",
        "metrics.json: it was changed after the run ended, or belongs to another run",
        "samples/more.parquet: it does not belong to the run: the manifest does not list it",
    ]


def test_what_is_no_evidence_is_named(run: RunFolder, public: Ed25519PublicKey) -> None:
    """A card that shows other numbers, and files that somebody put there; the journal holds nothing that is shown."""
    run.report_path.parent.mkdir()
    run.report_path.write_text("<html>100 %</html>")
    (run.path / "journal.sqlite").write_bytes(b"")
    (run.path / ".hidden").write_bytes(b"")
    card = f"not checked: report/, which is no evidence: render the card again with audit report {run.path}"
    assert verify(run, public).remarks == [card]
    for index in range(7):
        (run.path / f"{index}\n.txt").write_text("approved")
    found = verify(run, public)
    names = ", ".join(f"{index}⏎.txt" for index in range(5))
    assert (found.valid, found.remarks) == (
        True,
        [card, f"not checked, because the run did not write it: {names} and 2 more"],
    )


def test_another_key_is_named(whole: RunFolder, other_key: Ed25519PrivateKey, public: Ed25519PublicKey) -> None:
    other = other_key.public_key()
    found = verify(whole, other)
    assert found.signature == "invalid"
    ids = f"{key_id(public)[:16]}, not with {key_id(other)[:16]}"
    assert found.faults == [f"{envelope.NAME}: it is signed with another key, {ids}"]


def test_outputs_in_the_clear_may_be_taken_out_which_is_said(run: RunFolder, public: Ed25519PublicKey) -> None:
    run.raw_path.unlink()
    found = verify(run, public)
    assert (found.valid, found.files) == (True, 9)
    assert found.remarks == ["raw.jsonl was taken out, which is allowed: it holds personal data in the clear"]
    run.raw_path.write_text("{}\n")
    assert len(verify(run, public).faults) == 1


def test_a_manifest_that_is_broken_is_named_where_there_is_a_bundle(run: RunFolder, public: Ed25519PublicKey) -> None:
    run.manifest_path.write_text("{")
    found = verify(run, public)
    assert (found.run_id, found.valid) == (None, False)
    assert found.faults[0].startswith("manifest.json: it was cut short or replaced: 1 of ")
    run.decision_path.write_text("{")
    assert verify(run, public).verdict is None
    bundle(run).unlink()
    with pytest.raises(RunFolderError, match=r"manifest\.json: broken"):
        verify(run, public)


def test_numbers_that_the_samples_do_not_give_are_found_although_they_are_signed(
    run: RunFolder, key: Ed25519PrivateKey
) -> None:
    """By somebody who has the key: whoever signs is believed, and still cannot sign a contradiction unnoticed."""
    metrics = json.loads(run.metrics_path.read_text())
    metrics[0].update(value=90.0, ci_high=95.0)
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    sign(run, key)
    (fault,) = verify(run, key.public_key()).faults
    assert "boolq/accuracy is 90, the samples give" in fault
    assert "evidence invalid" not in fault


@pytest.mark.parametrize("name", ["accuracy", "accuracy [strict]"])
def test_an_interval_that_the_samples_do_not_give_is_found_although_a_decision_rests_on_it(
    run: RunFolder, tmp_path: Path, name: str
) -> None:
    """A lower end below the limit would leave the rule open; without the key, and without ``--recompute``.

    The name of a metric may look like one with a slice.
    """
    bundle(run).unlink()
    metrics = json.loads(run.metrics_path.read_text())
    assert metrics[0]["ci_low"] < 60 < metrics[0]["value"]
    metrics[0].update(name=f"boolq/{name}", metric=name, primary=False)
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    (tmp_path / "higher.yaml").write_text(f"rules: [{{metric: 'boolq/{name}', min: 60}}]\n")
    before = decide(run, load_policy(tmp_path / "higher.yaml"))
    metrics[0]["ci_low"] = 61.0
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    (check,) = [one for one in before.checks if one.metric == f"boolq/{name}"]
    passed = check.model_copy(update={"ci_low": 61.0, "verdict": "PASS", "reason": "61 to 80 is allowed"})
    forged = {"checks": [before.checks[0], passed], "verdict": "PASS", "metrics_sha256": metrics_digest(run)}
    run.write_decision(before.model_copy(update=forged))
    (fault,) = verify(run).faults
    assert f"the interval of boolq/{name} is 61 to 79.9155, the samples give 52.0177 to " in fault


def test_a_decision_on_other_metrics_is_found_although_it_is_signed(run: RunFolder, key: Ed25519PrivateKey) -> None:
    decision = run.read_decision()
    assert decision is not None
    run.write_decision(decision.model_copy(update={"verdict": "PASS"}))
    sign(run, key)
    assert verify(run, key.public_key()).faults == ["decision.json: its verdict does not follow from its checks"]


def test_a_statement_that_says_more_than_the_run_is_found_although_it_is_signed(
    run: RunFolder, key: Ed25519PrivateKey
) -> None:
    text = envelope.payload_of(bundle(run), envelope.read(bundle(run)))
    assert '"result":"FAILED"' in text
    edited = text.replace('"result":"FAILED"', '"result":"PASSED"')
    bundle(run).write_bytes(envelope.sealed(edited.encode(), key))
    assert verify(run, key.public_key()).faults == [f"{envelope.NAME}: its field result is not that of the run"]


def test_a_run_that_was_not_judged_has_no_verdict(run: RunFolder) -> None:
    bundle(run).unlink()
    run.decision_path.unlink()
    found = verify(run)
    assert (found.valid, found.verdict) == (True, None)


def test_when_the_policy_was_registered_is_said(run: RunFolder, policy: PolicyFile) -> None:
    time = datetime(2026, 1, 31, 11, 59, 7, tzinfo=UTC)
    seal(run, run.read_manifest().model_copy(update={"policy": register(policy, time)}))
    run.write_decision(decide(run, policy))
    assert "policy policy.yaml: registered when the run began, 2026-01-31 11:59:07 UTC" in verify(run).remarks


RUNNING = {"status": "running", "finished": None, "evidence": {}}
"""What a manifest says of a run that goes on, or was killed."""


def test_a_run_that_has_not_ended_is_not_valid_because_nothing_was_compared(run: RunFolder) -> None:
    """Nor can somebody who edits a number avoid the comparison by saying that the run goes on."""
    bundle(run).unlink()
    run.write_manifest(run.read_manifest().model_copy(update=RUNNING))
    run.decision_path.unlink()
    run.metrics_path.write_text(run.metrics_path.read_text() + " ")
    found = verify(run)
    assert (found.valid, found.files, found.remarks) == (False, 0, [UNSIGNED])
    (fault,) = found.faults
    assert fault.startswith("manifest.json: the run has not ended, so there are no digests to compare its files with: ")
    assert fault.endswith(f"audit run --resume {run.path}")


def test_a_killed_run_that_was_judged_and_signed_is_compared_with_the_signed_list(
    run: RunFolder, policy: PolicyFile, key: Ed25519PrivateKey
) -> None:
    run.write_manifest(run.read_manifest().model_copy(update=RUNNING))
    run.write_decision(decide(run, policy))
    sign(run, key)
    found = verify(run, key.public_key())
    assert (found.valid, found.files, found.verdict) == (True, 10, "INCONCLUSIVE")
    assert found.remarks == ["the run has not ended: its numbers are compared with its samples only with --recompute"]
    run.metrics_path.write_text(run.metrics_path.read_text() + " ")
    assert verify(run, key.public_key()).faults == ["metrics.json: it was changed, or belongs to another run"]


def test_a_statement_on_a_decision_that_the_run_lacks_is_a_fault_although_it_is_signed(
    run: RunFolder, key: Ed25519PrivateKey
) -> None:
    made = statement(run)
    run.decision_path.unlink()
    made.evidence.parts[:] = parts_of(run)
    bundle(run).write_bytes(envelope.sealed(payload(made), key))
    assert verify(run, key.public_key()).faults == [
        f"decision.json: it is missing, though {envelope.NAME} signs a decision"
    ]


def test_a_statement_on_another_checkpoint_is_a_fault_although_it_is_signed(
    run: RunFolder, key: Ed25519PrivateKey
) -> None:
    made = statement(run)
    other = made.model_copy(update={"subject": [made.subject[0].model_copy(update={"name": "other"})]})
    bundle(run).write_bytes(envelope.sealed(payload(other), key))
    assert verify(run, key.public_key()).faults == [
        f"{envelope.NAME}: its field subject is not the checkpoint of the run"
    ]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"subject": [{"name": "tiny", "digest": {}, "annotations": {"method": "", "remark": ""}}]}, "digest: "),
        ({"part": {"size": 2**53}}, "size: "),
        ({"part": {"size": -1}}, "size: "),
    ],
)
def test_a_statement_that_no_statement_can_be_is_one_line(
    change: dict[str, Any], place: str, run: RunFolder, key: Ed25519PrivateKey
) -> None:
    """A digest that is not there, and sizes that canonical JSON has no form for."""
    plain = json.loads(payload(statement(run)))
    plain["predicate"]["checkpointAudit"]["parts"][0].update(change.pop("part", {}))
    bundle(run).write_bytes(envelope.sealed(json.dumps(plain | change).encode(), key))
    with pytest.raises(EvidenceInvalid, match=f"evidence invalid: broken: .*{place}"):
        verify(run)


def test_the_checkpoint_can_be_compared_with_the_subject(
    whole: RunFolder, run: RunFolder, public: Ed25519PublicKey, tmp_path: Path
) -> None:
    folder = whole.path.parents[1] / "checkpoint"
    assert verify(whole, public, checkpoint=folder).valid
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.safetensors").write_bytes(CHECKPOINT["model.safetensors"])
    content = hashlib.sha256(CHECKPOINT["model.safetensors"]).digest()
    assert verify(whole, public, checkpoint=other).faults == [
        f"{envelope.NAME}: its subject is another checkpoint, not sha256:{hashlib.sha256(content).hexdigest()}"
    ]
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        verify(whole, public, checkpoint=tmp_path / "gone")
    bundle(run).unlink()
    (fault,) = verify(run, checkpoint=folder).faults
    assert "nothing ties the run to a checkpoint" in fault


def test_a_subject_without_a_folder_cannot_be_compared(run: RunFolder, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    seal(run, run.read_manifest().model_copy(update={"config": {"model": "owner/name"}}))
    sign(run, key)
    (fault,) = verify(run, key.public_key(), checkpoint=tmp_path).faults
    assert "its subject is no folder that" in fault
    assert "no folder of the checkpoint at hand" in fault


def test_the_decision_has_to_be_reached_under_the_registered_policy(
    whole: RunFolder, run: RunFolder, policy: PolicyFile, tmp_path: Path
) -> None:
    assert verify(whole, policy=policy).valid
    (tmp_path / "other.yaml").write_text(POLICY + "\n")
    other = load_policy(tmp_path / "other.yaml")
    digests = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in (POLICY, POLICY + "\n")]
    fault = f"decision.json: it was reached under another policy, {digests[0]}, not {digests[1]}"
    assert verify(whole, policy=other).faults == [fault]
    bundle(run).unlink()
    run.decision_path.unlink()
    assert verify(run, policy=other).faults == ["decision.json: it is missing: the run was not judged under other.yaml"]
    run.decision_path.write_text("{")
    assert verify(run, policy=other).faults[0].startswith("decision.json: broken: ")


def test_a_broken_bundle_ends_the_comparison(run: RunFolder, public: Ed25519PublicKey) -> None:
    bundle(run).write_text("{}")
    with pytest.raises(EvidenceInvalid, match="broken: payload: "):
        verify(run, public)
    bundle(run).unlink()
    bundle(run).symlink_to("nowhere")
    with pytest.raises(EvidenceInvalid):
        verify(run, public)


@pytest.mark.slow
def test_what_is_derived_again_is_part_of_the_result(
    whole: RunFolder, run: RunFolder, public: Ed25519PublicKey, policy: PolicyFile
) -> None:
    found = verify(whole, public, policy=policy, again=True)
    assert found.valid
    assert found.recomputed is not None
    assert found.recomputed.metrics == 8
    run.metrics_path.write_text("[")
    found = verify(run, public, again=True)
    assert found.recomputed is None
    assert found.faults[-1].startswith("nothing can be derived again: metrics.json: broken: ")
