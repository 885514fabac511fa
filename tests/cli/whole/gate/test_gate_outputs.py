"""``audit gate`` writes its verdict as JUnit XML, summary and comment; ``audit report`` writes every format."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from audit.reports.exports.formats import Format
from tests.reports.conftest import full_run, make_run, records, shared_run, written_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

    Audit = Callable[..., tuple[int, str, str]]

__all__ = ["full_run", "make_run", "records", "shared_run", "written_run"]

MIB = 1_048_576


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """One rule that fails, on the stereotypes of the run."""
    file = tmp_path / "policy.yaml"
    file.write_text("rules: [{metric: crows_pairs/pct_stereotype, max: 5}]\n", "utf-8")
    return file


def test_the_verdict_goes_to_every_file(audit: Audit, full_run: RunFolder, policy: Path, tmp_path: Path) -> None:
    junit, comment, summary = tmp_path / "out" / "junit.xml", tmp_path / "comment.md", tmp_path / "summary.md"
    comment.write_text("the comment of an earlier run", "utf-8")
    summary.write_text("an earlier line", "utf-8")
    files = ["--junit", junit, "--comment", comment, "--summary", summary]
    code, _, _ = audit("gate", full_run.path, "--policy", policy, *files)
    assert code == 10
    suite = ET.parse(junit).getroot()[0]  # noqa: S314 - ours
    assert suite.get("failures") == "1"
    assert comment.read_text("utf-8").startswith(
        "<!-- checkpoint-audit gate policy.yaml -->\n### Release gate: ❌ FAIL"
    )
    assert summary.read_text("utf-8").startswith("an earlier line\n# Release gate: ❌ FAIL")


def test_the_summary_of_a_step_stays_below_a_mebibyte(
    audit: Audit, full_run: RunFolder, policy: Path, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    before = "x" * (MIB - 500)
    summary.write_text(before, "utf-8")
    audit("gate", full_run.path, "--policy", policy, "--summary", summary)
    assert os.path.getsize(summary) <= MIB  # noqa: PTH202 - plainer
    assert "do not fit" in summary.read_text("utf-8").removeprefix(before)


@pytest.mark.parametrize("option", ["--junit", "--comment"])
def test_a_file_that_cannot_be_written_costs_the_file_alone(
    option: str, audit: Audit, full_run: RunFolder, policy: Path, tmp_path: Path
) -> None:
    code, out, err = audit("gate", full_run.path, "--policy", policy, option, tmp_path)
    assert code == 10
    assert "FAIL: " in out
    assert f"no {option[2:]}: {tmp_path}: cannot be written" in err


@pytest.mark.parametrize("option", ["--junit", "--comment", "--summary"])
def test_evidence_is_never_overwritten(option: str, audit: Audit, full_run: RunFolder, policy: Path) -> None:
    before = full_run.metrics_path.read_bytes()
    code, _, err = audit("gate", full_run.path, "--policy", policy, option, full_run.metrics_path)
    assert code == 2
    assert option in err
    assert full_run.metrics_path.read_bytes() == before
    assert full_run.read_decision() is None


@pytest.mark.slow
def test_a_report_in_every_format(audit: Audit, full_run: RunFolder, policy: Path) -> None:
    """Those of a verdict need one; the Hub's needs to know the benchmark."""
    code, _, err = audit("report", full_run.path, "--format", "junit")
    assert code == 2
    assert "it has no verdict: run audit gate" in err
    audit("gate", full_run.path, "--policy", policy)
    for form in (Format.JUNIT, Format.COMMENT, Format.MODEL_CARD, Format.EEE):
        code, out, _ = audit("report", full_run.path, "--format", form)
        assert code == 0
        assert out.strip() == str(full_run.report_file(form.file))
    code, _, err = audit("report", full_run.path, "--format", "eval-results", "--benchmark", "boolq/accuracy=a/b:c")
    assert code == 2
    assert "a leaderboard needs all of them" in err
