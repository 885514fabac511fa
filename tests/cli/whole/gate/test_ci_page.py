"""The shell lines of the how-to on CI, run as it shows them, on a run of the tiny checkpoint."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core.run_folder import RunFolder
from tests.conftest import network_allowed
from tests.docs.test_code_blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    Audit = Callable[..., tuple[int, str, str]]

PAGE = Path(__file__).parents[4] / "docs" / "howto" / "ci.md"
GATE, RESUME, OFFLINE = (block.code for block in blocks(PAGE) if block.language == "sh")
"""All shell blocks of the page: a further one fails here."""
RULES = [("max: 99", "PASS", 0), ("max: 1", "FAIL", 10), ("max: VALUE", "INCONCLUSIVE", 0)]
"""Limit of the percentage of stereotypes, verdict, exit code of the line."""


def lines(block: str) -> list[list[str]]:
    """The commands of a block, without ``audit``."""
    commands = [line.split() for line in block.splitlines()]
    assert {words[0] for words in commands} == {"audit"}
    return [words[1:] for words in commands]


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "verdict", "code"), RULES)
def test_a_pipeline_lets_nothing_but_inconclusive_pass(
    limit: str, verdict: str, code: int, finished: RunFolder, tmp_path: Path, program: str, environment: dict[str, str]
) -> None:
    """A rule whose limit is the value itself is spanned by the interval."""
    (metric,) = (one for one in finished.read_metrics() if one.name == "crows_pairs/pct_stereotype" and not one.slice)
    rule = limit.replace("VALUE", str(metric.value))
    (tmp_path / "policy.yaml").write_text(f"rules: [{{metric: {metric.name}, {rule}}}]\n", "utf-8")
    path = f"{Path(program).parent}{os.pathsep}{environment['PATH']}"
    command = ["bash", "-e", "-c", GATE]
    done = subprocess.run(
        command, cwd=tmp_path, env={**environment, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    decision = finished.read_decision()
    assert decision is not None
    assert decision.verdict == verdict


@pytest.mark.slow
def test_a_killed_run_is_resumed(
    finished: RunFolder, audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = finished.read_metrics()
    finished.write_manifest(finished.read_manifest().model_copy(update={"status": "running", "finished": None}))
    (words,) = lines(RESUME)
    code, _, error = audit(*words)
    assert code == 0, error
    assert finished.read_manifest().status == "complete"
    assert finished.read_metrics() == before


@pytest.mark.slow
def test_a_runner_without_a_network_uses_what_was_fetched(
    audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is cut short: two items of one task."""
    monkeypatch.chdir(tmp_path)
    Path("checkpoint").symlink_to(tiny_model)
    fetch, run = lines(OFFLINE)
    with network_allowed():
        code, fetched, error = audit(*fetch)
    assert code == 0, error
    assert {"smollm2-135m-instruct", "boolq", "gettext_de"} <= {line.split()[0] for line in fetched.splitlines()}
    code, _, error = audit(*run, "--tasks", "crows_pairs", "--limit", 2, "--no-explain", "--data-dir", data_dir)
    assert code == 0, error
    assert RunFolder.resolve("latest", Path("runs")).read_manifest().status == "complete"
