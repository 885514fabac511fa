"""What is refused before any run is compared."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from audit.core.errors import ConfigError, RunFolderError
from audit.core.run_folder import RunFolder
from audit.gate.comparison.checks import check_copies, check_kinds, check_margin, check_same, check_tasks
from tests.gate.comparison.runs import run_with, scored


def test_a_folder_is_the_same_under_every_path(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    check_same([RunFolder(first), RunFolder(second)])
    (tmp_path / "link").symlink_to(first)
    for other in (first, second / ".." / "first", tmp_path / "link"):
        with pytest.raises(RunFolderError, match="this run is given twice: compare it with another one"):
            check_same([RunFolder(first), RunFolder(second), RunFolder(other)])


def test_kinds_of_mismatch() -> None:
    check_kinds(["prompts", "run"])
    with pytest.raises(ConfigError, match=r"prompt: no kind of mismatch: .* Did you mean 'prompts'"):
        check_kinds(["run", "prompt"])


@pytest.mark.parametrize("margin", [0.0, -1.0, math.inf, math.nan])
def test_margins(margin: float) -> None:
    check_margin(None)
    check_margin(0.01)
    with pytest.raises(ConfigError, match="give a difference above 0, in the unit of the metrics"):
        check_margin(margin)


def test_tasks(tmp_path: Path) -> None:
    runs = [run_with(tmp_path, name, scored([0.0, 1.0])).read_metrics() for name in "abc"]
    check_tasks(["boolq"], runs)
    with pytest.raises(ConfigError, match=r"bool: no run has a metric of this task\. Did you mean 'boolq'\?"):
        check_tasks(["bool"], runs)
    with pytest.raises(ConfigError, match="bool: neither run has a metric of this task"):
        check_tasks(["bool"], runs[:2])


def test_copies_of_a_run_and_of_an_import(tmp_path: Path) -> None:
    runs = [run_with(tmp_path, name, scored([0.0, 1.0]), run_id=name) for name in "ab"]
    check_copies(runs)
    imported = {"import": {"from": "table", "files": [{"name": "a.csv", "sha256": "0" * 64}]}}
    again = [run_with(tmp_path, name, scored([0.0, 1.0]), run_id=name, config=imported) for name in "cd"]
    check_copies([*runs, again[0]])
    for other in (RunFolder(Path(shutil.copytree(runs[0].path, tmp_path / "copy"))), again[1]):
        with pytest.raises(RunFolderError, match="no repeat of it: leave one out"):
            check_copies([*runs, again[0], other])
