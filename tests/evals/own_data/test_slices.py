"""Metrics over subsets that a column names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.records import Sample, TaskResult
from audit.evals.own_data.slices import with_slices
from audit.stats.definitions import Mean, measured
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


ITEMS = st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([0.0, 1.0, None]), st.booleans())
"""Values of two columns, whether the answer is right, and whether the item failed."""


@settings(max_examples=30)
@given(items=st.lists(ITEMS, min_size=1, max_size=12))
def test_the_slices_of_each_column_partition_the_samples(items: list[tuple[Any, ...]]) -> None:
    """Each question has one value in a column: what its subsets count adds up to what the whole counts."""
    samples = [
        Sample(
            sample_id=str(number), suite="evals", task="t", prompt="", score=None if failed else 1.0,
            scores={} if right is None else {"accuracy": right}, error="failed" if failed else None,
            slices={"first": first, "second": second},
        )
        for number, (first, second, right, failed) in enumerate(items)
    ]  # fmt: skip
    whole = measured(
        Mean(of="scores.accuracy"), samples, metric="accuracy", unit="share", higher_is_better=True, primary=True
    )
    # The file has every value, the draw need not.
    rows = [SimpleNamespace(row={"first": first, "second": second}) for first in "ab" for second in "xyz"]
    file: Any = SimpleNamespace(columns=SimpleNamespace(slices=["first", "second"]), questions=rows)
    result = TaskResult(suite="evals", task="t", metrics=[whole], samples=samples)
    made = with_slices(result, file, seed=1, resamples=100).metrics[1:]
    for column, values in (("first", "ab"), ("second", "xyz")):
        parts = [metric for metric in made if metric.slice and column in metric.slice]
        assert [metric.slice for metric in parts] == [{column: value} for value in values]
        assert sum(metric.n for metric in parts) == whole.n
        assert sum(metric.missing for metric in parts) == whole.missing
        if whole.value is not None:
            right = [metric.value * metric.n for metric in parts if metric.value is not None]
            assert sum(right) == pytest.approx(whole.value * whole.n)
