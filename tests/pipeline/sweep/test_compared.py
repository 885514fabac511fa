"""Which checkpoints are compared, and what is said where none are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import AuditError
from audit.core.records import Sweep, SweptCheckpoint
from audit.pipeline.sweep import compared
from audit.pipeline.sweep.compared import earlier_checkpoints, sweep_of, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest


def swept(count: int, **fields: object) -> list[SweptCheckpoint]:
    return [
        SweptCheckpoint(name=f"s{n}", model=f"s{n}", step=n, state="audited", run=f"r{n}").model_copy(update=fields)
        for n in range(count)
    ]


def test_of_too_many_the_ends_and_evenly_spaced_ones_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Sequence[str]] = []

    def look(runs: Sequence[Path], axis: object) -> str:
        asked.append([run.name for run in runs])
        return "not now"

    monkeypatch.setattr(compared, "_compared", look)
    found = sweep_of(["*"], swept(63), tmp_path)
    assert asked[0] == [f"r{n}" for n in range(0, 63, 2)]
    assert (len(found.left_out), found.no_trend) == (31, "not now")
    twins = sweep_of(["*"], swept(2, run="r"), tmp_path)
    assert [one.same_as for one in twins.checkpoints] == [None, "s0"]
    assert asked[1] == ["r"]


def test_one_without_a_step_is_not_compared_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []
    monkeypatch.setattr(compared, "_compared", lambda runs, _axis: asked.append([run.name for run in runs]) or "no")
    final = swept(1, name="final", model="final", step=None, run="rf")
    failed = swept(1, name="odd", model="odd", step=None, run=None, state="failed")
    found = sweep_of(["*"], [*final, *failed, *swept(3)], tmp_path)
    assert (asked, found.axis) == ([["r0", "r1", "r2"]], "step")
    assert (found.unplaced, found.left_out) == (["final"], [])


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    assert "three audited checkpoints, and there are 1" in (sweep_of(["*"], swept(1), tmp_path).no_trend or "")
    assert "r0: no such run folder" in (sweep_of(["*"], swept(3), tmp_path).no_trend or "")
    mixed = [*swept(3, step=7), *swept(1, state="failed", run=None)]
    assert "the same place (step 7)" in (sweep_of(["*"], mixed, tmp_path).no_trend or "")


def test_an_earlier_sweep_counts_for_the_same_patterns_alone(tmp_path: Path) -> None:
    assert earlier_checkpoints(tmp_path, ["*"]) == []
    assert write(sweep_of(["*"], swept(1), tmp_path), tmp_path) is None
    assert earlier_checkpoints(tmp_path, ["x"]) == []
    assert earlier_checkpoints(tmp_path, ["*"]) == []  # its run is gone


def test_a_page_that_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.core.records import SeriesComparison
    from audit.reports.comparison import page

    def refuse(*_arguments: object, **_options: object) -> str:
        raise AuditError("too large")

    monkeypatch.setattr(page, "page_of", refuse)
    made = sweep_of(["*"], [], tmp_path)
    trend = SeriesComparison(axis="step", runs=[], confidence=0.95)
    assert write(made.model_copy(update={"trend": trend}), tmp_path / ".") == "sweep.html is not written: too large"


def test_a_run_that_is_gone_costs_the_page_alone(tmp_path: Path) -> None:
    from audit.core.records import SeriesComparison, SeriesRun

    gone = SeriesRun.model_construct(run_id="r0")
    trend = SeriesComparison.model_construct(axis="step", runs=[gone], confidence=0.95, metrics=[])
    made = Sweep.model_construct(patterns=["*"], axis="step", checkpoints=swept(1), trend=trend)
    (tmp_path / compared.PAGE).write_text("old")
    assert "the run r0 is not here any more" in (write(made, tmp_path) or "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sweep.json"]
