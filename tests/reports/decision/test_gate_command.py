"""The command that reaches a verdict again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from audit.core.records import RunReference
from audit.core.run_folder import RunFolder
from audit.gate.binding.kept_policy import NAME
from audit.reports.decision.gate_command import gate_command
from tests.reports.decision.test_rule_views import a_decision

if TYPE_CHECKING:
    from pathlib import Path


def test_it_names_policy_baseline_and_waivers(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "my runs" / "a")
    run.path.mkdir(parents=True)
    start = ["audit", "gate", str(run.path)]
    assert shlex.split(gate_command(run, None)) == start
    decision = a_decision()
    assert shlex.split(gate_command(run, decision)) == [*start, "--policy", "policy.yaml"]
    (run.path / NAME).touch()
    reference = RunReference(
        run_id="b", model="m", model_digest="0" * 64, dtype="float32", quantization=None, metrics_sha256="1" * 64
    )
    with_baseline = decision.model_copy(update={"baseline": reference})
    command = gate_command(run, with_baseline, "waivers.yaml")
    kept = str(run.path / NAME)
    assert shlex.split(command) == [*start, "--policy", kept, "--baseline", "b", "--waivers", "waivers.yaml"]
    other = run.path.with_name("b")
    other.mkdir()
    (other / "manifest.json").touch()
    assert shlex.split(gate_command(run, with_baseline))[-1] == str(other)
