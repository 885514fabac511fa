"""A run judged from Python: the verdict is the gate's, and text of checkpoints cannot act in a notebook."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

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
    assert list(inspect.signature(audit.gate).parameters) == ["run", "policy", "baseline", "waivers", "database", "out"]


def test_logs_are_imported_first(tmp_path: Path) -> None:
    log, policy = tmp_path / "t.csv", tmp_path / "policy.yaml"
    log.write_text("id,prompt,score\n" + "".join(f"{n},{n}?,{n % 2}\n" for n in range(20)))
    policy.write_text("rules: [{metric: t/score, max: 0.1}]\n")
    assert audit.gate(log, policy=policy, out=tmp_path / "runs").verdict == "FAIL"
    assert len(list((tmp_path / "runs").iterdir())) == 1
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "t.csv"
    other.write_text("id,prompt,score\n" + "".join(f"{n},{n}?,{int(n % 4 == 0)}\n" for n in range(20)))
    found = audit.compare(log, other, out=tmp_path / "runs")
    assert list(found.differences["difference"]) == [-0.25]


def test_a_missing_baseline_and_an_unknown_policy_are_one_line(made: audit.Run, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("rules:\n- {metric: boolq/accuracy, better_than_baseline: true}\n")
    with pytest.raises(audit.UsageError, match="1 rule compares with a baseline"):
        audit.gate(made.path, policy=file)
    with pytest.raises(audit.UsageError, match="no shipped policy"):
        audit.gate(made.path, policy="defaultt")


def test_waivers_are_those_of_the_command_line(made: audit.Run, tmp_path: Path) -> None:
    policy, waivers = tmp_path / "policy.yaml", tmp_path / "waivers.yaml"
    policy.write_text("rules:\n- {metric: crows_pairs/pct_stereotype, min: 99.9}\n")
    scope = f"{{run: {RunFolder.open(made.path).run_id}}}"
    waivers.write_text(
        f"waivers:\n- id: W-1\n  rule: crows_pairs/pct_stereotype\n  scope: {scope}\n"
        "  reason: why not\n  owner: Ada\n  approver: Grace\n  granted: 2020-01-01\n  expires: 2020-02-01\n"
    )
    found = audit.gate(made.path, policy=policy, waivers=waivers)
    assert [one.id for one in found.record.waivers] == ["W-1"]
    assert "expired on 2020-02-01" in str(found.record.waivers[0].fault)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"policy": {"rules": []}}, "audit.gate: policy is a path or a name, not dict"),
        ({"policy": None}, "audit.gate: policy is a path or a name, not NoneType"),
        ({"baseline": 3}, "audit.gate: baseline is a path or a name, not int"),
        ({"waivers": ""}, "audit.gate: waivers is empty: is the variable behind it set?"),
    ],
)
def test_what_is_no_path_is_one_line(given: dict[str, Any], said: str, made: audit.Run) -> None:
    with pytest.raises(audit.UsageError) as raised:
        audit.gate(made.path, **given)
    assert str(raised.value) == said
