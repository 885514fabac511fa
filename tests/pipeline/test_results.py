"""What a run keeps in memory is what a reader of its folder finds."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig
from audit.core.records import Sample, SampledText, TaskResult
from audit.core.run_folder import RunFolder
from audit.pipeline.results import Results
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from pathlib import Path


def test_numbers_of_a_plug_in_that_are_not_finite_are_null(tmp_path: Path) -> None:
    completion = SampledText(text="a", value=math.inf, labels={"kind": math.nan})
    sample = Sample(
        sample_id="1", suite="safety", task="t", prompt="p", score=math.nan, scores={"x": math.nan, "y": 1.0},
        completions=[completion],
    )  # fmt: skip
    folder = RunFolder.create(tmp_path / "run", a_manifest())
    progress: Any = SimpleNamespace(say=lambda _line: None)
    context: Any = SimpleNamespace(key=b"k" * 32, config=RunConfig(), optional=set(), progress=progress)
    results = Results(folder, context)
    results.keep(TaskResult(suite="safety", task="t", samples=[sample]))
    (kept,) = results.kept[0].samples
    assert (kept.score, kept.scores) == (None, {"x": None, "y": 1.0})
    assert kept.error == "the score is not a finite number (nan)"
    assert (kept.completions[0].value, kept.completions[0].labels) == (None, {"kind": None})
    assert folder.read_samples("safety", "t") == [kept]
