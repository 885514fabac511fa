"""What verifying says beyond the signature: of the content, of deriving again, of versions and of other files."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, RunFolderError
from audit.core.provenance import package_versions
from audit.core.records import JudgedWaiver
from audit.gate.evidence import seal
from audit.gate.signing import envelope
from audit.gate.signing.parts import chained
from audit.gate.signing.recompute import Recomputed
from audit.gate.signing.sign import sign
from audit.gate.signing.statement import payload
from audit.gate.signing.verify import _judged, verify
from audit.gate.waivers.waiver_file import WaiverFile
from tests.gate.signing.test_verify import bundle, statement
from tests.gate.waivers.conftest import WAIVER

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

RECOMPUTE = "audit.gate.signing.verify.recompute"
DONE = Recomputed(metrics=8, without_definition=0, intervals=True, decision="", faults=["metrics.json: other"])


def test_what_differs_when_derived_again_is_a_fault(
    whole: RunFolder, policy: PolicyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def derive(*given: Any) -> Recomputed:
        asked.extend(given)
        return DONE

    monkeypatch.setattr(RECOMPUTE, derive)
    found = verify(whole, policy=policy, again=True, known={"lime"})
    assert asked == [whole, policy, {"lime"}, None]
    assert (found.recomputed, found.faults, found.valid) == (DONE, ["metrics.json: other"], False)
    assert (found.run, found.run_id) == (str(whole.path), whole.read_manifest().run_id)
    assert verify(whole).recomputed is None


@pytest.mark.parametrize("kind", [EvidenceInvalid, RunFolderError])
def test_what_cannot_be_derived_again_is_a_fault(
    kind: type[EvidenceInvalid | RunFolderError], whole: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def derive(*_: Any) -> Recomputed:
        raise kind("broken: no list", path=whole.metrics_path)

    monkeypatch.setattr(RECOMPUTE, derive)
    found = verify(whole, again=True)
    assert (found.recomputed, found.faults) == (None, ["nothing can be derived again: metrics.json: broken: no list"])


def test_a_list_of_files_that_was_rebuilt_wrongly_is_a_fault_although_it_is_signed(
    run: RunFolder, key: Ed25519PrivateKey
) -> None:
    made = statement(run)
    parts = made.evidence.parts
    parts[-1], parts[-2] = parts[-2], parts[-1]
    bundle(run).write_bytes(envelope.sealed(payload(made), key))
    faults = verify(run, key.public_key()).faults
    assert f"{envelope.NAME}: {parts[-1].name}: it is listed after {parts[-2].name}" in " ".join(faults)
    assert chained((part.name, part.size, part.sha256) for part in parts) != parts


def test_a_broken_file_is_a_fault_although_it_is_signed(run: RunFolder, key: Ed25519PrivateKey) -> None:
    run.metrics_path.write_text("[")
    seal(run)
    sign(run, key)
    (fault,) = verify(run, key.public_key()).faults
    assert fault.startswith("metrics.json: broken: ")


def test_intervals_that_the_decision_rests_on_are_computed_again_also_of_other_than_primary_metrics(
    run: RunFolder, key: Ed25519PrivateKey
) -> None:
    metrics = json.loads(run.metrics_path.read_text())
    assert (metrics[1]["name"], metrics[1]["primary"]) == ("boolq/length", False)
    metrics[1]["ci_low"] -= 1
    run.metrics_path.write_text(json.dumps(metrics))
    seal(run)
    sign(run, key)
    (fault,) = verify(run, key.public_key()).faults
    assert "boolq/length" in fault


def test_metrics_of_a_decision_are_judged_with_the_bounds_under_cut_answers(whole: RunFolder) -> None:
    """The names of the bounds are those of ``docs/reference``: a cut answer counted as wrong, and as right.

    The run has eight metrics, of which its policy names two. A check on its status is on no metric.
    """
    names = {"boolq/accuracy", "boolq/length"}
    endings = ("", "_if_cut_wrong", "_if_cut_right")
    metrics = whole.read_metrics()
    assert _judged(whole.read_decision(), metrics) == {f"{name}{ending}" for name in names for ending in endings}
    assert _judged(None, metrics) == set()


def test_a_run_without_outputs_in_the_clear_lacks_nothing(run: RunFolder, key: Ed25519PrivateKey) -> None:
    run.raw_path.unlink()
    seal(run)
    sign(run, key)
    found = verify(run, key.public_key())
    assert (found.valid, found.remarks) == (True, [])


def test_five_other_files_are_named_and_long_names_are_cut(run: RunFolder, public: Ed25519PublicKey) -> None:
    for index in range(4):
        (run.path / f"{index}.txt").touch()
    (run.path / ("k" * 81)).touch()
    (remark,) = verify(run, public).remarks
    names = f"0.txt, 1.txt, 2.txt, 3.txt, {'k' * 79}…"
    assert remark == f"not checked, because the run did not write it: {names}"


def test_another_version_that_made_the_run_is_said(run: RunFolder, key: Ed25519PrivateKey) -> None:
    manifest = run.read_manifest()
    seal(run, manifest.model_copy(update={"packages": manifest.packages | {"checkpoint-audit": "0.0.1"}}))
    sign(run, key)
    mine = package_versions(("checkpoint-audit",))["checkpoint-audit"]
    versions = f"the run was made with checkpoint-audit 0.0.1, and this is {mine}"
    assert verify(run, key.public_key()).remarks == [f"{versions}: a contradiction may come from that"]


def test_a_broken_bundle_is_named_by_its_path(run: RunFolder, key: Ed25519PrivateKey) -> None:
    for content, fault in ((b"\xff", "its payload is broken: no Base64 of UTF-8 text"), (b"{}", "broken: ")):
        bundle(run).write_bytes(envelope.sealed(content, key))
        with pytest.raises(EvidenceInvalid) as caught:
            verify(run)
        assert str(caught.value).startswith(f"{bundle(run)}: evidence invalid: {fault}")


def test_the_decision_has_to_be_made_with_the_registered_waivers(whole: RunFolder, run: RunFolder) -> None:
    given, other = WaiverFile("w.yaml", "1" * 64, ()), WaiverFile("w.yaml", "2" * 64, ())
    without = "decision.json: it was made without waivers, not with w.yaml"
    assert verify(whole, waivers=given).faults == [without]
    bundle(run).unlink()
    decision = run.read_decision()
    assert decision is not None
    made = {"waiver_file": "w.yaml", "waivers_sha256": "2" * 64, "judged_for": date(2026, 2, 3)}
    run.write_decision(decision.model_copy(update=made))
    assert verify(run, waivers=other).valid
    digests = f"{'2' * 16}, not {'1' * 16}"
    assert verify(run, waivers=given).faults == [f"decision.json: it was made with other waivers, {digests}"]
    run.decision_path.unlink()
    assert verify(run, waivers=given).faults == [without]
    run.decision_path.write_text("{")
    assert verify(run, waivers=given).faults[0].startswith("decision.json: broken: ")


def test_a_waiver_that_has_expired_since_is_said(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the day in UTC, which is the next one here."""

    class Clock:
        @staticmethod
        def now(zone: object) -> datetime:
            return datetime(2026, 3, 2 if zone is UTC else 1, tzinfo=UTC)

    monkeypatch.setattr("audit.gate.signing.verify.datetime", Clock)
    decision = run.read_decision()
    assert decision is not None
    for expires, remarks in (
        ("2026-03-01", ["the decision no longer holds: it rests on waiver W-1, which expired on 2026-03-01 (UTC)"]),
        ("2026-03-02", []),
    ):
        waiver = JudgedWaiver.model_validate(WAIVER | {"expires": expires, "fault": None})
        run.write_decision(decision.model_copy(update={"waivers": [waiver]}))
        assert [remark for remark in verify(run).remarks if "not checked" not in remark] == remarks


def test_the_baseline_that_is_given_is_compared_with(
    whole: RunFolder, other: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(RECOMPUTE, lambda *given: asked.append(given[3]) or DONE)
    monkeypatch.setattr("audit.gate.decisions.current", lambda *given: asked.append(given[4]) or (None, None))
    monkeypatch.setattr("audit.gate.signing.verify.not_recomputed", lambda *given: asked.append(given) or "not there")
    found = verify(whole, again=True, baseline=other)
    assert asked == [other, other, (whole, whole.read_decision(), other)]
    assert found.remarks[1:] == ["not there: give it with --baseline"]
