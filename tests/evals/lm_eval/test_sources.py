"""Data sets of task files are named with their digests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from audit.evals import suite
from tests.evals.lm_eval.own_files import configure, run

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine


@pytest.mark.slow
def test_a_task_of_a_local_file_names_it_with_its_digest(tiny: Engine, folder: Path) -> None:
    result = run(tiny, "capitals", include=folder)["capitals"]
    (asset,) = result.assets
    file = (folder / "questions.csv").resolve()
    assert (asset.name, asset.source) == ("questions.csv", f"file {file}")
    assert asset.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert result.settings["version"] == 3
    assert len(result.samples) == 17


def test_a_file_that_is_not_there_is_a_reason(tiny: Engine, folder: Path) -> None:
    (folder / "questions.csv").unlink()
    (result,) = suite.run_tasks(tiny, configure("capitals", include=folder))
    assert result.not_run is not None
    assert result.not_run.startswith("capitals cannot run here: FileNotFoundError: ")
