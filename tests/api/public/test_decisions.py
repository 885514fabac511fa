"""A run judged from Python: the verdict is the gate's, and text of checkpoints cannot act in a notebook."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import pytest

import audit
from audit.core.run_folder import RunFolder
from audit.gate.decide import decide
from audit.gate.policy import load_policy

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "rules:\n- {metric: crows_pairs/pct_stereotype, min: 1, why: <b>bold</b>}\n"


def test_the_verdict_is_the_gates(made: audit.Run, tmp_path: Path) -> None:
    file = tmp_path / "<i>.yaml"
    file.write_text(POLICY)
    found = audit.gate(made.path, policy=file)
    assert found.record == decide(RunFolder.open(made.path), load_policy(file))
    assert found.verdict == found.record.verdict
    assert list(found.checks["metric"]) == [check.metric for check in found.record.checks]
    assert repr(found).startswith(f"Judgement({found.verdict!r}, {found.record.run_id!r}")
    assert "&lt;i&gt;.yaml" in found._repr_html_()
    assert list(inspect.signature(audit.gate).parameters) == ["run", "policy", "baseline", "out"]


def test_a_missing_baseline_and_an_unknown_policy_are_one_line(made: audit.Run, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("rules:\n- {metric: boolq/accuracy, better_than_baseline: true}\n")
    with pytest.raises(audit.UsageError, match="1 rule compares with a baseline"):
        audit.gate(made.path, policy=file)
    with pytest.raises(audit.UsageError, match="no shipped policy"):
        audit.gate(made.path, policy="defaultt")
