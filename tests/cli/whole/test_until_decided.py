"""``audit run --until-decided``: what it refuses, what it measures, and what the gate then finds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from audit.core.run_folder import RunFolder
from audit.gate.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

COMPARES = "rules: [{metric: quiz/accuracy, no_worse_than_baseline: {margin: 0.4}}]\n"
LIMIT = 120


@pytest.fixture
def here(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder with questions and a policy; the options of every run."""
    monkeypatch.chdir(tmp_path)
    draw = random.Random(1)  # noqa: S311 - not a secret
    rows = [f"Is {draw.randrange(10**6)} even?,yes,no,{draw.choice(['yes', 'no'])}" for _ in range(200)]
    (tmp_path / "quiz.csv").write_text("\n".join(["question,a,b,answer", *rows]))
    (tmp_path / "policy.yaml").write_text(COMPARES)
    (tmp_path / "floor.yaml").write_text("rules: [{metric: quiz/accuracy, min: 0.1}]\n")
    return ["run", "--model", str(tiny_model), "--task-file", "quiz.csv", "--offline", "--no-explain", "--out", "runs"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--baseline", "latest"), "--baseline is the run that the rules of --until-decided compare with"),
        (("--until-decided", "policy.yaml"), "policy.yaml: 1 rule compares with a baseline (quiz/accuracy"),
        (("--until-decided", "policy.yaml", "--baseline", "nobody"), "nobody"),
        (("--until-decided", "floor.yaml", "--policy", "floor.yaml"), "leave out --policy"),
        (("--until-decided", "policy.yaml", "--samples", "1"), "leave out --samples"),
        (("--until-decided", "policy.yaml", "--extend", "latest"), "leave out --extend"),
        (("--until-decided", "none.yaml"), "none.yaml"),
    ],
)
def test_what_cannot_be_meant_is_one_line(here: list[str], audit: Audit, words: tuple[str, ...], said: str) -> None:
    code, out, error = audit(*here, *words)
    assert (code, out) == (2, "")
    assert said in error
    assert len(error.splitlines()) == 1


@pytest.mark.slow
def test_a_run_stops_when_its_rule_is_decided(here: list[str], audit: Audit, tmp_path: Path) -> None:
    code, _, error = audit(*here, "--limit", LIMIT)
    assert code == 0, error
    before = RunFolder.resolve("latest", tmp_path / "runs")
    options = ["--until-decided", "policy.yaml", "--baseline", before.path]
    code, out, _ = audit(*here, *options)
    assert code == 0
    run = RunFolder.resolve("latest", tmp_path / "runs")
    manifest, policy = run.read_manifest(), load_policy(tmp_path / "policy.yaml")
    assert manifest.looks is not None
    assert manifest.policy is not None
    assert manifest.looks.policy_sha256 == manifest.policy.sha256 == policy.sha256
    assert (manifest.looks.baseline, manifest.looks.decided) == (before.read_manifest().run_id, True)
    task = manifest.looks.tasks["quiz"]
    assert (task.most, len(run.read_samples("evals", "quiz"))) == (LIMIT, task.limit)
    assert task.limit < LIMIT  # equal answers and a wide margin
    assert "looks   stopped when every blocking rule was decided" in out
    gate = ["--policy", "policy.yaml", "--baseline", before.path]
    code, out, _ = audit("gate", run.path, *gate)
    assert code == 0
    assert "registered" in out
    assert audit("verify", run.path, "--recompute")[0] == 0
    again = ["run", "--resume", run.path, "--until-decided"]
    assert audit(*again, "policy.yaml", "--baseline", before.path)[0] == 0  # nothing is left to do
    assert run.read_manifest() == manifest
    (tmp_path / "other.yaml").write_text(COMPARES.replace("0.4", "0.3"))
    code, _, error = audit(*again, "other.yaml", "--baseline", before.path)
    assert (code, "it was looked at with another policy, policy.yaml" in error) == (2, True)
    assert audit("gate", run.path, "--policy", "other.yaml", "--baseline", before.path)[0] == 11
