"""Optional tasks, units and what an open rule asks for, on the command line."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

Audit = Any


@pytest.mark.slow
def test_a_run_is_complete_without_its_optional_tasks(
    audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(
        "evals: {tasks: [{name: ntrex_en_de, optional: true}]}\n"
        "safety: {tasks: [{name: crows_pairs, limit: 4}]}\nexplain: {methods: []}\n"
    )
    runs = tmp_path / "runs"
    fixed = ["--model", tiny_model, "--data-dir", data_dir, "--offline", "--out", runs]
    code, out, error = audit("run", *fixed, "--config", config)
    assert code == 0, error
    assert "not run (optional): ntrex_en_de: " in out
    manifest = RunFolder.resolve("latest", runs).read_manifest()
    assert (manifest.status, [(one.task, one.optional) for one in manifest.not_run]) == (
        "complete",
        [("ntrex_en_de", True)],
    )
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules:\n- {metric: ntrex_en_de/chrf, min: 20}\n- {metric: crows_pairs/unscored, max: 0}\n")
    code, out, error = audit("gate", "latest", "--runs", runs, "--policy", policy)
    assert code == 0, error
    assert "not judged: ntrex_en_de/chrf min 20: optional, the task did not run: " in out.replace("\n", " ")


def test_tables_name_unit_and_direction(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: crows_pairs/likelihood_difference, min: 0.001}]")
    code, out, error = audit("gate", finished.path, "--policy", policy)
    assert code in {0, 11}
    assert "nats ↓" in out
    assert "↓ lower is better" in out
    assert "not judged: no rule is about crows_pairs/pct_stereotype" in out.replace("\n", " ")
    assert error.startswith("warning: crows_pairs/likelihood_difference: lower is better, and min 0.001 lets every")
    html = finished.report_path.read_text("utf-8")
    assert "Not judged: no rule is about crows_pairs/pct_stereotype" in html
    assert "Warning: crows_pairs/likelihood_difference: lower is better" in html


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{metric: crows_pairs/pct_stereotype, max: 100}", "can never fail: it is a percentage, 0 to 100"),
        ("{metric: crows_pairs/pct_stereotype, max: 70, slice: {bias_type: gendre}}", "Did you mean 'gender'?"),
        ("{metric: crows_pairs/pct_stereotype, min: 045}", "045 is read as an octal number"),
    ],
)
def test_rules_that_cannot_be_meant_are_bad_input(
    rule: str, message: str, audit: Audit, finished: RunFolder, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"rules: [{rule}]")
    code, out, error = audit("gate", finished.path, "--policy", policy)
    assert (code, out) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert not finished.decision_path.exists()


@pytest.mark.slow
def test_the_command_that_an_open_rule_names_runs(
    audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path
) -> None:
    fixed = ["--model", tiny_model, "--data-dir", data_dir, "--offline", "--no-explain", "--tasks", "crows_pairs"]
    code, out, error = audit("run", *fixed, "--out", tmp_path / "runs", "--limit", 10)
    assert code == 0, error
    assert "crows_pairs/pct_stereotype" in out
    assert "ideal" in out
    folder = RunFolder.resolve("latest", tmp_path / "runs")
    value = next(m.value for m in folder.read_metrics() if m.name == "crows_pairs/pct_stereotype" and not m.slice)
    policy = tmp_path / "policy.yaml"
    limit = f"max: {value + 15}" if value < 50 else f"min: {value - 15}"  # inside the interval of ten items
    policy.write_text(f"rules: [{{metric: crows_pairs/pct_stereotype, {limit}}}]")
    code, _, _ = audit("gate", folder.path, "--policy", policy, "--json")
    assert code == 11
    reason = folder.read_decision().checks[1].reason
    count = int(re.findall(r"about (\d+) items", reason)[0])
    command = shlex.split(reason.partition(": audit ")[2])
    code, _, error = audit(*command)
    assert code == 0, error
    assert len(folder.read_samples("safety", "crows_pairs")) == count
