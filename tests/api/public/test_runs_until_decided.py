"""``audit.run(until_decided=…, baseline=…)``: the policy is registered, and says how many items are measured."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

import audit
from audit.gate.policy import load_policy

if TYPE_CHECKING:
    from pathlib import Path

COMPARES = "rules: [{metric: quiz/accuracy, no_worse_than_baseline: {margin: 0.4}}]\n"
LIMIT = 120


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(COMPARES)
    return file


@pytest.mark.slow
def test_what_cannot_be_meant_is_one_line(policy: Path, tmp_path: Path) -> None:
    given: list[tuple[dict[str, Any], str]] = [
        ({"baseline": "latest"}, "baseline is the run that the rules of until_decided compare with"),
        ({"until_decided": policy}, "1 rule compares with a baseline"),
        ({"until_decided": policy, "baseline": "nobody"}, "nobody"),
        ({"until_decided": ""}, "audit.run: until_decided"),
        ({"until_decided": tmp_path / "none.yaml"}, "none.yaml"),
    ]
    for options, said in given:
        with pytest.raises(audit.UsageError) as raised:
            audit.run(out=tmp_path, **options)
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_a_run_stops_when_its_rule_is_decided(tiny_model: Path, policy: Path, tmp_path: Path) -> None:
    draw = random.Random(1)  # noqa: S311 - not a secret
    rows = [f"Is {draw.randrange(10**6)} even?,{draw.choice(['yes', 'no'])}" for _ in range(LIMIT)]
    (tmp_path / "quiz.csv").write_text("\n".join(["question,answer", *rows]))
    task = {"name": "quiz", "file": str(tmp_path / "quiz.csv"), "classes": ["yes", "no"], "limit": "all"}
    options: dict[str, Any] = {
        "evals": {"tasks": [task]},
        "safety": {"tasks": []},
        "explain": {"methods": []},
        "offline": True,
        "out": tmp_path / "runs",
        "progress": False,
    }
    before = audit.run(tiny_model, **options)
    run = audit.run(tiny_model, tasks=["quiz"], until_decided=policy, baseline=before.path, **options)
    manifest = run.manifest
    assert manifest.looks is not None
    assert manifest.policy is not None
    assert manifest.policy.sha256 == manifest.looks.policy_sha256 == load_policy(policy).sha256
    assert (manifest.looks.decided, manifest.looks.tasks["quiz"].most) == (True, LIMIT)
    assert len(run.samples("quiz")) == manifest.looks.tasks["quiz"].limit < LIMIT
    decision = audit.gate(run.path, policy=policy, baseline=before.path)
    assert decision.verdict == "PASS"
    policy.write_text(COMPARES.replace("0.4", "0.3"))
    with pytest.raises(audit.UsageError, match="it was looked at with another policy"):
        audit.run(resume=run.path, until_decided=policy, baseline=before.path)
    assert audit.gate(run.path, policy=policy, baseline=before.path).verdict == "INCONCLUSIVE"
