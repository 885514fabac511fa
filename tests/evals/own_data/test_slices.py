"""Metrics over subsets that a column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.evals.own_data.test_task import CAPITALS, choosing, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evals.conftest import Scripted


def test_a_subset_that_was_not_drawn_is_null_with_its_reason(scripted: Scripted, tmp_path: Path) -> None:
    choosing(scripted, 1, options=3)
    result = run(scripted, tmp_path / "mine.csv", CAPITALS, slices=["country"], limit=1)
    found = {m.slice["country"]: m for m in result.metrics if m.metric == "accuracy" and m.slice}
    (drawn,) = [sample.slices["country"] for sample in result.samples]
    assert found.keys() == {"France", "Poland", "Spain"}
    assert {name for name, metric in found.items() if metric.value is None} == found.keys() - {drawn}
    assert found[min(found.keys() - {drawn})].error == f"no items have country = {min(found.keys() - {drawn})}"
