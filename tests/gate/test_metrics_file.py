"""The metrics that a verdict is on, and their digest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, RunFolderError
from audit.gate.decide import decide, exit_code
from audit.gate.metrics_file import metrics_digest, read_metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder
    from audit.gate.policy import PolicyFile

Records = dict[str, "Callable[..., Any]"]


@pytest.mark.parametrize("status", ["running", "partial", "failed"])
def test_a_run_killed_before_its_first_metric_is_incomplete(
    status: str, make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile]
) -> None:
    decision = decide(make_run(status=status), make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert (decision.verdict, exit_code(decision), decision.metrics_sha256) == ("INCONCLUSIVE", 13, "")


def test_a_complete_run_without_metrics_is_broken(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile]
) -> None:
    with pytest.raises(EvidenceInvalid, match=r"holds no metrics\.json"):
        decide(make_run(), make_policy({"metric": "boolq/accuracy", "min": 0.1}))


def test_a_decision_names_the_evidence_by_digest(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records, tmp_path: Path
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/accuracy", "min": 0.1}))
    assert decision.metrics_sha256 == hashlib.sha256(run.metrics_path.read_bytes()).hexdigest()
    assert decision.policy_sha256 == hashlib.sha256((tmp_path / "policy.yaml").read_bytes()).hexdigest()
    run.write_decision(decision)
    assert json.loads(run.decision_path.read_text("utf-8"))["verdict"] == "PASS"
    assert run.read_decision() == decision


def test_the_digest_is_of_the_bytes_and_metrics_may_be_absent_before_the_end(
    make_run: Callable[..., RunFolder], records: Records
) -> None:
    run = make_run([records["metric"]()])
    digest = hashlib.sha256(run.metrics_path.read_bytes()).hexdigest()
    manifest = run.read_manifest()
    assert metrics_digest(run) == digest
    assert read_metrics(run, manifest) == ([records["metric"]()], digest)
    partial = manifest.model_copy(update={"status": "partial"})
    assert read_metrics(run, partial) == ([records["metric"]()], digest)
    run.metrics_path.unlink()
    assert read_metrics(run, partial) == ([], "")
    with pytest.raises(RunFolderError):
        read_metrics(run, manifest)
