"""What a run keeps in memory is what a reader of its folder finds."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig
from audit.core.records import Metric, Sample, SampledText, TaskResult
from audit.core.records.logged import LoggedTask
from audit.core.run_folder import RunFolder
from audit.pipeline.results import Results, _status, _unless_taken, _write
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


def test_a_second_task_of_the_same_name_is_not_run() -> None:
    first = TaskResult(suite="evals", task="boolq", settings={"shots": 0})
    again = _unless_taken(TaskResult(suite="evals", task="boolq", settings={"shots": 5}), [first])
    assert again is not None
    assert again.not_run
    other = TaskResult(suite="evals", task="piqa")
    assert _unless_taken(other, [first]) is other
    assert _unless_taken(first, [first]) is None, "the same measurement"


def test_what_a_task_left_goes_when_it_no_longer_runs(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    sample = Sample(sample_id="a", suite="evals", task="mine", prompt="p")
    measured = TaskResult(suite="evals", task="mine", samples=[sample], logged=LoggedTask(task="mine"))
    left = (folder.samples_path("evals", "mine"), folder.logged_path("mine"))
    not_run = TaskResult(suite="evals", task="mine", not_run="no data")
    _write(folder, [measured], [])
    _write(folder, [measured, not_run], [])
    assert all(path.is_file() for path in left), "another task of the same name was measured"
    _write(folder, [not_run], [])
    assert not any(path.exists() for path in left)


def test_a_category_whose_items_all_failed_makes_the_run_partial() -> None:
    def metric(name: str, value: float | None, n: int, **more: Any) -> Metric:
        error = "why" if value is None else None
        return Metric(
            name=f"t/{name}", suite="safety", task="t", metric=name, value=value, n=n, error=error, unit="share", **more
        )

    empty = metric("rate", None, 0, slice={"type": "age"})
    scored, failed = metric("unscored", 0.0, 5), metric("unscored", 2.0, 5)
    assert _status([TaskResult(suite="safety", task="t", metrics=[empty, scored])], set()) == "complete"
    assert _status([TaskResult(suite="safety", task="t", metrics=[empty, failed])], set()) == "partial"
    whole = metric("rate", None, 0)
    assert _status([TaskResult(suite="safety", task="t", metrics=[whole, scored])], set()) == "partial"
