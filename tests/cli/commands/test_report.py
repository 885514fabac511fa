"""``audit report``: where its output goes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core.records import NotRun
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

    Audit = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
def test_a_report_that_nobody_reads_is_no_success(
    program: str, environment: dict[str, str], finished: RunFolder
) -> None:
    words = [program, "report", str(finished.path), "--format", "md", "--out", "-"]
    environment = environment | {"PYTHONUNBUFFERED": ""}  # buffered, as in a pipeline: the end of the program writes it
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(words, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output: cannot be written: No space left on device")


def test_a_linked_output_stays_a_link(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("target.json")
    assert audit("report", finished.path, "--format", "json", "--out", tmp_path / "link.json")[0] == 0
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "target.json").read_text("utf-8"))


def test_a_folder_is_refused_before_anything_is_rendered(
    audit: Audit, finished: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.reports.contents.read", lambda *_, **__: pytest.fail("rendered"))
    monkeypatch.setattr("audit.gate.importers.opening.named_run.open_run", lambda *_: pytest.fail("compared"))
    for words in (["report", finished.path, "--out"], ["compare", finished.path, finished.path, "--html"]):
        code, _, said = audit(*words, tmp_path)
        assert code == 2
        assert f"{tmp_path}: cannot be written: Is a directory: a folder of that name exists" in said.replace("\n", "")


LONG = "boolq: not found: " + "looked in a folder with a long name, " * 60 + "so put dev.jsonl into AUDIT_DATA/boolq"
"""2,276 characters, the advice at the end."""


@pytest.fixture
def missing(finished: RunFolder) -> RunFolder:
    """A run that lacks a task and has a warning, both with long reasons."""
    skipped = NotRun(suite="evals", task="boolq", reason=LONG)
    changes = {"not_run": [skipped], "warnings": [LONG], "status": "partial"}
    finished.write_manifest(finished.read_manifest().model_copy(update=changes))
    return sealed(finished)


@pytest.mark.parametrize("form", ["html", "md", "json"])
def test_reports_show_it_whole(missing: RunFolder, audit: Callable[..., tuple[int, str, str]], form: str) -> None:
    _, text, _ = audit("report", missing.path, "--format", form, "--out", "-")
    shown = 2 if form == "json" else 3  # the list of tasks not run, the verdict, and what is not assessed
    assert text.replace("\\", "").count("so put dev.jsonl into AUDIT_DATA/boolq") == shown
